package badger

import (
	"context"
	"fmt"
	"log/slog"

	badgerdb "github.com/dgraph-io/badger/v4"
	"github.com/dgraph-io/badger/v4/options"
)

// Options are the options of [Open]. The zero value asks for the defaults.
type Options struct {
	// Logger is where the store reports what no caller is told: what Badger says, and what goes
	// wrong in the background. Defaults to [slog.Default].
	Logger *slog.Logger
}

// withDefaults returns a copy of the options, which may be nil, without zero fields.
func (o *Options) withDefaults() Options {
	var c Options
	if o != nil {
		c = *o
	}
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
	return c
}

// The sizes that Badger is run with: for a part of a program, where its own defaults are for a
// server of its own.
const (
	memTableSize     = 16 << 20 // also limits a transaction, to 15% of it
	numMemTables     = 2
	valueLogFileSize = 64 << 20
	valueThreshold   = 1 << 20 // from this length on Badger puts a value into its value log; the most that it takes
)

// When Badger begins to merge its newest tables, which are as long as a memtable: with its default of 5 it
// writes most rows once more while a large job runs. A read looks into each of them, but for what their
// filters exclude.
const (
	newestTables      = 10
	newestTablesStall = 2 * newestTables // from how many on it stops writes: enough for a burst
)

// What keeps the heap small when results are long. Badger builds a table in memory that it takes in
// steps that double, several tables at once in each compactor: with a value that is longer than a block,
// and with compression, a table takes several times its length.
const (
	tableSize   = 4 << 20  // on all levels but the newest: Badger doubles it from one to the next
	blockSize   = 16 << 10 // with room for maxPiece
	compactors  = 2        // the least that Badger takes
	compression = options.None
)

func badgerOptions(dir string, log *slog.Logger) badgerdb.Options {
	o := badgerdb.DefaultOptions(dir).
		WithSyncWrites(syncWrites).
		WithMemTableSize(memTableSize).
		WithNumMemtables(numMemTables).
		WithBlockCacheSize(0). // blocks that are not compressed are read where the file is mapped
		WithValueLogFileSize(valueLogFileSize).
		WithValueThreshold(valueThreshold).
		WithNumLevelZeroTables(newestTables).
		WithNumLevelZeroTablesStall(newestTablesStall).
		WithBaseTableSize(tableSize).
		WithBlockSize(blockSize).
		WithNumCompactors(compactors).
		WithCompression(compression).
		WithNumVersionsToKeep(1).
		WithDetectConflicts(false).
		WithMetricsEnabled(false).
		WithLogger(badgerLogger{log})
	o.TableSizeMultiplier = 1
	return o
}

// badgerLogger passes on what Badger logs: its information is of use for debugging only.
type badgerLogger struct {
	log *slog.Logger
}

func (l badgerLogger) Errorf(format string, args ...any)   { l.write(slog.LevelError, format, args) }
func (l badgerLogger) Warningf(format string, args ...any) { l.write(slog.LevelWarn, format, args) }
func (l badgerLogger) Infof(format string, args ...any)    { l.write(slog.LevelDebug, format, args) }
func (l badgerLogger) Debugf(format string, args ...any)   { l.write(slog.LevelDebug-4, format, args) }

func (l badgerLogger) write(level slog.Level, format string, args []any) {
	ctx := context.Background()
	if l.log.Enabled(ctx, level) {
		l.log.Log(ctx, level, "badger", "text", fmt.Sprintf(format, args...))
	}
}
