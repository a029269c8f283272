package badger

import (
	badgerdb "github.com/dgraph-io/badger/v4"
)

// nodeRows reads the rows of the nodes of one job from a snapshot, be they in rows of their own or in
// packs. A node that is as it was created has none.
type nodeRows struct {
	sn     *snapshot
	set    uint64
	packed bool
	key    []byte // of a node, used again and again
}

// nodeRows returns the rows of a set of so many nodes.
func (sn *snapshot) nodeRows(p place) (nodeRows, error) {
	rows := nodeRows{sn: sn, set: p.set, key: nodeKey(p.set, 0)}
	var err error
	if p.nodes > fewNodes {
		rows.packed, err = sn.has(packKey(p.set, wholePacks))
	}
	return rows, err
}

// each calls f for the nodes that have a row, from an index on, until it returns false. The value may
// be in pieces; the key is that of the node's own row. Both are good until f returns.
func (r *nodeRows) each(from int, f func(index int, key, value []byte) (more bool, err error)) error {
	if r.packed {
		return r.eachPacked(from, f)
	}
	return r.sn.iterate(setPrefix(kindNode, r.set), nodeKey(r.set, from), false, func(item *badgerdb.Item) (more bool, err error) {
		index, err := readNodeKey(item.Key())
		if err != nil {
			return false, err
		}
		err = item.Value(func(v []byte) (err error) {
			more, err = f(index, item.Key(), v)
			return err
		})
		return more, err
	})
}

func (r *nodeRows) eachPacked(from int, f func(index int, key, value []byte) (bool, error)) error {
	var number uint32
	var more bool
	read := func(value []byte) error {
		p, err := openPack(value)
		for i := 0; i < nodesPerPack && err == nil && more; i++ {
			var e packEntry
			index := int(number)*nodesPerPack + i
			if e, err = p.next(); err == nil && e.kind != noRow && index >= from {
				more, err = r.entry(index, e, f)
			}
		}
		if err != nil {
			err = p.failed(packKey(r.set, number), err)
		}
		return err
	}
	return r.sn.iterate(setPrefix(kindPack, r.set), packKey(r.set, packOf(from)), false, func(item *badgerdb.Item) (_ bool, err error) {
		if number, err = readPackKey(item.Key()); err != nil || number == wholePacks {
			return false, err
		}
		more = true
		err = item.Value(read)
		return more, err
	})
}

// entry calls f for a node whose entry in a pack is given.
func (r *nodeRows) entry(index int, e packEntry, f func(index int, key, value []byte) (bool, error)) (more bool, err error) {
	setNodeKey(r.key, index)
	if e.kind == inPack {
		return f(index, r.key, e.value)
	}
	err = r.own(r.key, func(v []byte) (err error) {
		more, err = f(index, r.key, v)
		return err
	})
	return more, err
}

// own calls f with the value of a row that must be there.
func (r *nodeRows) own(key []byte, f func(value []byte) error) error {
	item, err := r.sn.txn.Get(key)
	if isMissing(err) {
		return corrupt(key, errMissing)
	}
	if err != nil {
		return err
	}
	return item.Value(f)
}

// find calls f as each does for one node, and reports whether that has a row.
func (r *nodeRows) find(index int, f func(key, value []byte) error) (found bool, err error) {
	key := nodeKey(r.set, index)
	pack := key
	if r.packed {
		pack = packKey(r.set, packOf(index))
	}
	item, err := r.sn.txn.Get(pack)
	if isMissing(err) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	if !r.packed {
		return true, item.Value(func(v []byte) error { return f(key, v) })
	}
	err = item.Value(func(v []byte) error {
		p, err := openPack(v)
		var e packEntry
		for i := 0; i <= index%nodesPerPack && err == nil; i++ {
			e, err = p.next()
		}
		if found = e.kind != noRow; err == nil && found {
			_, err = r.entry(index, e, func(_ int, key, value []byte) (bool, error) { return false, f(key, value) })
		}
		return p.failed(pack, err)
	})
	return found, err
}
