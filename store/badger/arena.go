package badger

import badgerdb "github.com/dgraph-io/badger/v4"

// arena copies values next to each other, so that the many small ones of a page take few pieces
// of memory.
type arena struct {
	free  []byte
	again []byte // the latest piece, if it is to be used again
	reuse bool
}

// begin forgets the values copied before. If the arena reuses memory, they must not be used any more.
func (a *arena) begin() { a.free = a.again }

// copy returns a copy, which is not nil.
func (a *arena) copy(v []byte) []byte {
	const piece = 32 << 10
	if a.free == nil || len(v) > len(a.free) {
		a.free = make([]byte, max(piece, len(v), 2*len(a.again)))
		if a.reuse {
			a.again = a.free
		}
	}
	c := a.free[:len(v):len(v)]
	a.free = a.free[len(v):]
	copy(c, v)
	return c
}

// valueOf is valueOf with a copy in the arena.
func (a *arena) valueOf(txn *badgerdb.Txn, item *badgerdb.Item) ([]byte, error) {
	var value []byte
	if err := item.Value(func(v []byte) error {
		value = a.copy(v)
		return nil
	}); err != nil {
		return nil, err
	}
	return whole(txn, item.Key(), value)
}
