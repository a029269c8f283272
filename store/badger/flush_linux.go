package badger

import (
	"bufio"
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
// log of its memtable, and the value log, in which this store has as good as nothing.
const syncWrites = false

// flusher makes durable what a database has written. It is used by one goroutine.
//
// It flushes the log of the memtable. Badger writes to that through a mapping, and on Linux the flush of a
// file is the same as that of its mappings. A log has the number behind that of the one before, and there is
// a new one only when a transaction is written.
type flusher struct {
	db     *badgerdb.DB
	dir    string   // absolute
	log    *os.File // nil if it is not known
	number int      // of the log
}

func newFlusher(db *badgerdb.DB, dir string) *flusher { return &flusher{db: db, dir: dir} }

// flush makes durable all that the database has written. Of the value log it needs to be told.
func (f *flusher) flush(valueLog bool) error {
	err := f.follow()
	if err != nil {
		f.close() // there may be another before it can be opened
	}
	if err != nil || valueLog {
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
		number, err := f.newest()
		if err != nil {
			return err
		}
		if err := f.open(number); err != nil {
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

// newest returns the number of the newest log.
func (f *flusher) newest() (int, error) {
	entries, err := os.ReadDir(f.dir)
	newest := -1
	for _, entry := range entries {
		if digits, ok := strings.CutSuffix(entry.Name(), logSuffix); ok {
			if number, err := strconv.Atoi(digits); err == nil {
				newest = max(newest, number)
			}
		}
	}
	return newest, err
}

// errNotMapped means that a file is not the log it looks like.
var errNotMapped = errors.New("not mapped by this process")

// open makes the log with a number the one that is flushed, if there is one.
func (f *flusher) open(number int) error {
	log, err := os.Open(filepath.Join(f.dir, fmt.Sprintf("%05d", number)+logSuffix))
	if err != nil {
		return err
	}
	if err := checkMapped(log); err != nil {
		return errors.Join(err, log.Close())
	}
	f.close()
	f.log, f.number = log, number
	return nil
}

// checkMapped returns errNotMapped unless this process has mapped a file, and knows that. It never says that
// the file does not exist, whatever is missing in /proc.
func checkMapped(file *os.File) error {
	path, err := os.Readlink(fmt.Sprintf("/proc/self/fd/%d", file.Fd()))
	if err != nil {
		return fmt.Errorf("%w: %v", errNotMapped, err)
	}
	maps, err := os.Open("/proc/self/maps")
	if err != nil {
		return fmt.Errorf("%w: %v", errNotMapped, err)
	}
	defer func() { _ = maps.Close() }()
	lines := bufio.NewScanner(maps)
	for lines.Scan() {
		if strings.HasSuffix(lines.Text(), " "+path) {
			return nil
		}
	}
	return errors.Join(errNotMapped, lines.Err())
}

func (f *flusher) close() {
	if f.log != nil {
		_ = f.log.Close() // nothing was written to it
		f.log = nil
	}
}
