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
	if len(os.Args) != 3 {
		return errors.New("child: needs a directory and a number")
	}
	n, err := strconv.Atoi(os.Args[2])
	if err != nil {
		return fmt.Errorf("child: %w", err)
	}
	before, err := measure.Resident()
	if err != nil {
		return err
	}
	write := storeTransitions
	if os.Getenv(childVariable) == childDefaults {
		write = writeDefaults
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
	w, err := fleet.NewWorker(ctx, store, n/2)
	if err != nil {
		return err
	}
	begin := time.Now()
	if err := w.RunAll(ctx, 0, n/2, group); err != nil {
		return err
	}
	return done(time.Since(begin))
}

// writeDefaults writes as much into a Badger that was opened as it comes, but for SyncWrites: for a
// transition a row of its node and a row of its event.
func writeDefaults(dir string, n int, done func(time.Duration) error) error {
	db, err := badgerdb.Open(badgerdb.DefaultOptions(dir).WithSyncWrites(true).WithLogger(nil))
	if err != nil {
		return err
	}
	defer db.Close()
	begin := time.Now()
	for from := 0; from < n; from += group {
		err := db.Update(func(txn *badgerdb.Txn) error {
			for i := from; i < min(from+group, n); i++ {
				if err := setTransition(txn, i); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return done(time.Since(begin))
}

func setTransition(txn *badgerdb.Txn, i int) error {
	key := func(kind byte, n int) []byte { return binary.BigEndian.AppendUint64([]byte{1, kind}, uint64(n)) }
	row := make([]byte, 510)
	copy(row, fleet.Result(i))
	if err := txn.Set(key('n', i/2), row); err != nil {
		return err
	}
	return txn.Set(key('e', i), make([]byte, 130))
}
