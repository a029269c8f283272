package badger

import (
	badgerdb "github.com/dgraph-io/badger/v4"
)

// eachNode calls f for the nodes of a set that have a row, from an index on, until it returns false. A
// node that is as it was created has none. The value may be in pieces; it and the key are good until f
// returns.
func (sn *snapshot) eachNode(set uint64, from int, f func(index int, key, value []byte) (more bool, err error)) error {
	var index int
	var key []byte
	var more bool
	read := func(value []byte) (err error) {
		more, err = f(index, key, value)
		return err
	}
	return sn.iterate(setPrefix(kindNode, set), nodeKey(set, from), false, func(item *badgerdb.Item) (_ bool, err error) {
		key = item.Key()
		if index, err = readNodeKey(key); err != nil {
			return false, err
		}
		err = item.Value(read)
		return more, err
	})
}

// findNode calls f as eachNode does for one node, and reports whether that has a row.
func (sn *snapshot) findNode(set uint64, index int, f func(key, value []byte) error) (found bool, err error) {
	key := nodeKey(set, index)
	item, err := sn.txn.Get(key)
	if isMissing(err) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	return true, item.Value(func(value []byte) error { return f(key, value) })
}
