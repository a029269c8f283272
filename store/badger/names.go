package badger

import "github.com/seed-54b7607b/orchestrator"

// namesOf reads the names of the nodes of a job, one chunk after the other.
type namesOf struct {
	job orchestrator.JobID
	place
	chunk int // whose names are in names
	names []string
}

// name returns the name of a node.
func (n *namesOf) name(sn *snapshot, index int) (string, error) {
	chunk := index / namesPerChunk
	if n.names == nil || n.chunk != chunk {
		names, err := sn.names(n.job, n.place, chunk, n.names)
		if err != nil {
			return "", err
		}
		n.chunk, n.names = chunk, names
	}
	if index%namesPerChunk >= len(n.names) {
		return "", corrupt(namesKey(n.set, chunk), errTruncated)
	}
	return n.names[index%namesPerChunk], nil
}

// one is name for who does not ask for others in the same chunk.
func (n *namesOf) one(sn *snapshot, index int) (name string, err error) {
	chunk := index / namesPerChunk
	if n.small() || n.names != nil && n.chunk == chunk {
		return n.name(sn, index)
	}
	err = sn.rowOfNames(n.set, chunk, func(value []byte) (err error) {
		name, err = decodeName(value, index%namesPerChunk)
		return err
	})
	return name, err
}

// names returns the names of a chunk of a job's nodes, in the memory of others that are not needed any
// more.
func (sn *snapshot) names(id orchestrator.JobID, p place, chunk int, memory []string) ([]string, error) {
	if !p.small() {
		return sn.chunkOfNames(p.set, chunk, memory)
	}
	row, err := sn.jobHead(id)
	if err != nil {
		return nil, err
	}
	return row.names(memory)
}

// chunkOfNames is names for a set that has rows of them.
func (sn *snapshot) chunkOfNames(set uint64, chunk int, memory []string) (names []string, err error) {
	err = sn.rowOfNames(set, chunk, func(value []byte) (err error) {
		names, err = decodeNames(value, memory)
		return err
	})
	return names, err
}

// rowOfNames calls read with the value of a row of names, which is good until it returns.
func (sn *snapshot) rowOfNames(set uint64, chunk int, read func(value []byte) error) error {
	key := namesKey(set, chunk)
	item, err := sn.txn.Get(key)
	if isMissing(err) {
		return corrupt(key, errMissing)
	}
	if err != nil {
		return err
	}
	return item.Value(func(v []byte) error {
		v, err := whole(sn.txn, key, v)
		if err != nil {
			return err
		}
		if err := read(v); err != nil {
			return corrupt(key, err)
		}
		return nil
	})
}

// encodeNames returns the value of a row of names.
func encodeNames(names []string) []byte {
	size := 4
	for _, name := range names {
		size += 2 + len(name)
	}
	e := &encoder{b: make([]byte, 0, size)}
	e.byte(version)
	e.uvarint(uint64(len(names)))
	for _, name := range names {
		e.text(name)
	}
	return e.b
}

// decodeNames reads a row of names into the given memory, if that is enough.
func decodeNames(value []byte, memory []string) ([]string, error) {
	d := decodeText(value)
	n := d.count()
	names := memory
	if memory == nil || cap(memory) < n {
		names = make([]string, n)
	}
	names = names[:n]
	for i := range names {
		names[i] = d.text()
	}
	return names, d.end()
}

// decodeName reads one name from a row of names.
func decodeName(value []byte, i int) (string, error) {
	d := decode(value)
	if i >= d.count() {
		d.fail(errTruncated)
	}
	for range i {
		d.take(d.uvarint())
	}
	return d.text(), d.err
}
