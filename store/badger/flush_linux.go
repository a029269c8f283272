package badger

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	badgerdb "github.com/dgraph-io/badger/v4"
)

// syncWrites is whether Badger flushes what it writes. It would flush two files for each transaction: the
// log of its memtable, and the value log, in which this store has nothing: see checkValues.
const syncWrites = false

// flusher makes durable what a database has written. It is used by one goroutine.
//
// It flushes the log of the memtable and nothing else. Badger writes to that through a mapping, and on
// Linux the flush of a file is the same as that of its mappings. A log has the number behind that of the
// one before, and there is a new one only when a transaction is written.
type flusher struct {
	db     *badgerdb.DB
	dir    string
	log    *os.File // nil if it is not known
	number int      // of the log
}

func newFlusher(db *badgerdb.DB, dir string) *flusher { return &flusher{db: db, dir: dir} }

// flush makes durable all that the database has written.
func (f *flusher) flush() error {
	if err := f.follow(); err != nil {
		return f.db.Sync() // of both files, whatever their names are
	}
	for {
		err := syscall.Fdatasync(int(f.log.Fd()))
		if !errors.Is(err, syscall.EINTR) {
			return os.NewSyscallError("fdatasync", err)
		}
	}
}

// follow opens the log that is written to now, unless it is open.
func (f *flusher) follow() error {
	if f.log == nil {
		if err := f.find(); err != nil {
			return err
		}
	}
	for {
		err := f.open(f.number + 1)
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// find opens the newest log.
func (f *flusher) find() error {
	entries, err := os.ReadDir(f.dir)
	if err != nil {
		return err
	}
	newest := -1
	for _, entry := range entries {
		if digits, ok := strings.CutSuffix(entry.Name(), logSuffix); ok {
			if number, err := strconv.Atoi(digits); err == nil {
				newest = max(newest, number)
			}
		}
	}
	return f.open(newest)
}

// open makes the log with a number the one that is flushed, if there is one.
func (f *flusher) open(number int) error {
	log, err := os.Open(filepath.Join(f.dir, fmt.Sprintf("%05d", number)+logSuffix))
	if err != nil {
		return err
	}
	f.close()
	f.log, f.number = log, number
	return nil
}

func (f *flusher) close() {
	if f.log != nil {
		_ = f.log.Close() // nothing was written to it
		f.log = nil
	}
}
