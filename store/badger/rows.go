package badger

import (
	"encoding/binary"
	"errors"
	"slices"

	badgerdb "github.com/dgraph-io/badger/v4"
)

// row is a row to be written, or, if its value is nil, to be deleted.
type row struct {
	key, value []byte
}

// cost is what a row counts in a transaction of Badger, which limits the bytes of one.
func (r *row) cost() int64 { return int64(len(r.key)+len(r.value)) + 16 }

func costOf(rows []row) int64 {
	var bytes int64
	for i := range rows {
		bytes += rows[i].cost()
	}
	return bytes
}

// A value that is longer than maxPiece is cut into pieces, each of which fits into a block of a table:
// see blockSize. So none comes near the length at which Badger would put it into its value log, whose flush
// takes time on Linux, and may fail unnoticed elsewhere. The values of live rows, classes and
// buckets are never cut: what an orchestrator writes does not make them that long.
// The row then begins with inPieces, where others have their version, and the number of further
// pieces, each of which has a row.
const (
	maxPiece  = 15_000
	maxPieces = 1<<16 - 1
	inPieces  = 0
)

// appendRow appends the row, or rows, that store a value.
func appendRow(rows []row, key, value []byte) []row {
	if len(value) <= maxPiece {
		return append(rows, row{key, value})
	}
	further := (len(value) - 1) / maxPiece
	e := &encoder{b: make([]byte, 0, maxPiece+8)}
	e.byte(inPieces)
	e.uvarint(uint64(further))
	rows = append(rows, row{key, append(e.b, value[:maxPiece]...)})
	for i := 1; i <= further; i++ {
		piece := value[i*maxPiece : min((i+1)*maxPiece, len(value))]
		rows = append(rows, row{pieceKey(key, i), piece})
	}
	return rows
}

// beginning returns the beginning of the value of a row, whether that is in pieces or not: at least
// maxPiece bytes, unless the value is shorter.
func beginning(value []byte) []byte {
	if len(value) == 0 || value[0] != inPieces {
		return value
	}
	_, n := binary.Uvarint(value[1:])
	return value[1+max(n, 0):]
}

// whole returns the value of a row whose own value is given, put together if it is in pieces.
func whole(txn *badgerdb.Txn, key, value []byte) ([]byte, error) {
	if len(value) == 0 || value[0] != inPieces {
		return value, nil
	}
	d := &decoder{b: value[1:]}
	further := d.uvarint()
	if d.err != nil || further > maxPieces {
		return nil, corrupt(key, errors.Join(d.err, errRange))
	}
	all := slices.Clone(d.b)
	for i := 1; i <= int(further); i++ {
		k := pieceKey(key, i)
		item, err := txn.Get(k)
		if isMissing(err) {
			return nil, corrupt(k, errMissing)
		}
		if err != nil {
			return nil, err
		}
		if err := item.Value(func(piece []byte) error {
			all = append(all, piece...)
			return nil
		}); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// isMissing reports whether an error of Badger says that there is no such row.
func isMissing(err error) bool { return errors.Is(err, badgerdb.ErrKeyNotFound) }

// get returns a copy of a row's value, or nil if there is no such row.
func get(txn *badgerdb.Txn, key []byte) ([]byte, error) {
	item, err := txn.Get(key)
	if isMissing(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return valueOf(txn, item)
}

// valueOf returns a copy of an item's value, never nil. The item must be of the transaction.
func valueOf(txn *badgerdb.Txn, item *badgerdb.Item) ([]byte, error) {
	value, err := item.ValueCopy([]byte{})
	if err != nil {
		return nil, err
	}
	return whole(txn, item.Key(), value)
}

// has reports whether there is a row.
func (sn *snapshot) has(key []byte) (bool, error) {
	_, err := sn.txn.Get(key)
	if isMissing(err) {
		return false, nil
	}
	return err == nil, err
}
