package goal

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime/debug"
	"strconv"
	"time"

	badgerdb "github.com/dgraph-io/badger/v4"

	"github.com/seed-54b7607b/orchestrator/bench/internal/fleet"
	"github.com/seed-54b7607b/orchestrator/bench/internal/measure"
)

// IsChild reports whether this process is one that goal 8 has started.
func IsChild() bool { return os.Getenv(childVariable) != "" }

// Child writes transitions into a store, as the parent process asks, and tells out what that took.
func Child(out io.Writer) error {
	if len(os.Args) != 5 {
		return errors.New("child: needs a directory and three numbers")
	}
	var numbers [3]int
	for i := range numbers {
		var err error
		if numbers[i], err = strconv.Atoi(os.Args[2+i]); err != nil {
			return fmt.Errorf("child: %w", err)
		}
	}
	n, f := numbers[0], footprint{rows: numbers[1], bytes: numbers[2]}
	before, err := measure.Resident()
	if err != nil {
		return err
	}
	write := storeTransitions
	if os.Getenv(childVariable) == childDefaults {
		write = f.writeDefaults
	}
	var u used
	err = write(os.Args[1], n, func(took time.Duration) error {
		u.Rate = float64(n) / took.Seconds()
		debug.FreeOSMemory()
		after, err := measure.Resident()
		u.Memory = after - before
		return err
	})
	if err != nil {
		return err
	}
	return json.NewEncoder(out).Encode(u)
}

// storeTransitions writes n transitions into the library's store, and calls done before it is closed.
func storeTransitions(dir string, n int, done func(time.Duration) error) error {
	ctx := context.Background()
	store, err := fleet.Open(dir)
	if err != nil {
		return err
	}
	defer store.Close()
	w, err := fleet.NewWorker(ctx, store, fleet.Names(n/2))
	if err != nil {
		return err
	}
	begin := time.Now()
	if err := w.RunAll(ctx, group); err != nil {
		return err
	}
	return done(time.Since(begin))
}

// writeDefaults writes groups of transitions into a Badger that was opened as it comes, but for SyncWrites.
func (f footprint) writeDefaults(dir string, n int, done func(time.Duration) error) error {
	db, err := badgerdb.Open(badgerdb.DefaultOptions(dir).WithSyncWrites(true).WithLogger(nil))
	if err != nil {
		return err
	}
	defer db.Close()
	begin := time.Now()
	for i := 0; i*group < n; i++ {
		if err := db.Update(func(txn *badgerdb.Txn) error { return f.set(txn, i) }); err != nil {
			return err
		}
	}
	return done(time.Since(begin))
}

// set writes the rows of one group.
func (f footprint) set(txn *badgerdb.Txn, group int) error {
	for i := range f.rows {
		n := group*f.rows + i
		key := binary.BigEndian.AppendUint64([]byte("n"), uint64(n))
		row := make([]byte, f.bytes/f.rows-len(key))
		copy(row, fleet.Result(n))
		if err := txn.Set(key, row); err != nil {
			return err
		}
	}
	return nil
}
