package badger

import (
	"context"
)

// packJob writes the packs of the nodes of a job that has ended, and deletes the rows that stand in
// them. Readers use the packs once all are there; those who have older snapshots still see the rows.
func (s *Store) packJob(job unsettled) error {
	whole, err := s.packed(job)
	for from := 0; err == nil && !whole && from < job.nodes; {
		from, err = s.writePacks(job, from)
	}
	if err == nil && !whole {
		err = s.writeSettled(job, []row{{packKey(job.set, wholePacks), []byte{version}}})
	}
	if err != nil {
		return err
	}
	return s.sweepRows(setPrefix(kindNode, job.set), func(sn *snapshot, key []byte) ([]row, error) {
		item, err := sn.txn.Get(key)
		if err != nil || item.ValueSize() > maxPacked {
			return nil, err
		}
		return []row{{key: key}}, nil
	})
}

// packed reports whether the packs have been written.
func (s *Store) packed(job unsettled) (whole bool, err error) {
	err = s.read(context.Background(), func(sn *snapshot) (err error) {
		whole, err = sn.has(packKey(job.set, wholePacks))
		return err
	})
	return whole, err
}

// writePacks writes some packs, from the node of an index on, which is the first of one, and returns
// where to go on.
func (s *Store) writePacks(job unsettled, from int) (next int, err error) {
	var packs []row
	err = s.read(context.Background(), func(sn *snapshot) (err error) {
		packs, next, err = sn.packs(job, from)
		return err
	})
	if err != nil {
		return next, err
	}
	return next, s.writeSettled(job, packs)
}

// packs returns some packs, from the node of an index on, and where to go on.
func (sn *snapshot) packs(job unsettled, from int) (packs []row, next int, err error) {
	rows := nodeRows{sn: sn, set: job.set, key: nodeKey(job.set, 0)}
	p := packer{set: job.set, next: from}
	next = job.nodes
	err = rows.each(from, func(index int, _, value []byte) (bool, error) {
		if p.bytes >= partSize && index%nodesPerPack == 0 {
			next = index
			return false, nil
		}
		p.add(index, value)
		return true, nil
	})
	p.end()
	return p.packs, next, err
}
