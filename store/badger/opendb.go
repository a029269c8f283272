package badger

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"

	badgerdb "github.com/dgraph-io/badger/v4"
)

// openDB opens the database in a directory, whatever a crash has left there.
func openDB(dir string, log *slog.Logger) (*badgerdb.DB, error) {
	if err := removeEmptyLogs(dir, log); err != nil {
		return nil, fmt.Errorf("badger: open %s: %w", dir, err)
	}
	db, err := badgerdb.OpenManaged(badgerOptions(dir, log))
	if err == nil {
		return db, nil
	}
	if strings.Contains(err.Error(), "Another process is using this Badger database") {
		return nil, fmt.Errorf("badger: another store has %s open, in this process or another: %w", dir, err)
	}
	return nil, fmt.Errorf("badger: open %s: %w", dir, err)
}

// closeAfter closes the database after an error.
func closeAfter(db *badgerdb.DB, err error) error {
	return errors.Join(err, db.Close())
}

// removeEmptyLogs removes the logs that a crash has left empty, which Badger does not open. A log has
// no length while it is being made, when nothing has been written to it, and while it is being
// deleted, when all of it is in a table; with its first flush its length is on the disk.
// A crash does not leave two such logs of memtables: they may have held something. The value log
// hardly ever does, and then it is flushed, too.
func removeEmptyLogs(dir string, log *slog.Logger) error {
	if empty, err := emptyLogs(dir); err != nil || len(empty) == 0 {
		return err
	}
	unlock, err := lockDir(dir) // against a store that is just making one
	if err != nil {
		return err
	}
	defer unlock()
	empty, err := emptyLogs(dir)
	if err != nil {
		return err
	}
	tables := slices.DeleteFunc(slices.Clone(empty), func(name string) bool { return !isTableLog(name) })
	if len(tables) > 1 {
		return fmt.Errorf("its files %s are empty, which no crash leaves, so that what they held is lost: restore the directory from a copy, or delete these files to open what is left", strings.Join(tables, " and "))
	}
	for _, name := range empty {
		if err := os.Remove(filepath.Join(dir, name)); err != nil { //nolint:gosec // G703: the name was read from the directory
			return err
		}
		log.Warn("removed an empty file that a crash has left", "dir", dir, "file", name)
	}
	return nil
}

// logSuffix is what Badger's names of the logs of memtables end with, behind a number.
const logSuffix = ".mem"

func isTableLog(name string) bool { return strings.HasSuffix(name, logSuffix) }

// emptyLogs returns the names of those logs of Badger in a directory that are empty.
func emptyLogs(dir string) (empty []string, err error) {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	for _, entry := range entries {
		name := entry.Name()
		if !isTableLog(name) && !strings.HasSuffix(name, ".vlog") {
			continue
		}
		info, err := entry.Info()
		switch {
		case errors.Is(err, fs.ErrNotExist): // it has just been deleted
		case err != nil:
			return nil, err
		case info.Size() == 0:
			empty = append(empty, name)
		}
	}
	return empty, nil
}
