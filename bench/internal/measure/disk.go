package measure

import (
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// Fsync returns how long the disk below a directory takes to flush 4 KiB, at the median.
func Fsync(dir string) (time.Duration, error) {
	file, err := os.CreateTemp(dir, "fsync")
	if err != nil {
		return 0, fmt.Errorf("fsync: %w", err)
	}
	defer func() {
		file.Close()
		_ = os.Remove(file.Name())
	}()
	block := make([]byte, 4096)
	times := make([]time.Duration, 101)
	for i := range times {
		if _, err := file.Write(block); err != nil {
			return 0, fmt.Errorf("fsync: %w", err)
		}
		start := time.Now()
		if err := file.Sync(); err != nil {
			return 0, fmt.Errorf("fsync: %w", err)
		}
		times[i] = time.Since(start)
	}
	return Percentile(times, 50), nil
}

// DirSize returns how many bytes the files in a directory have.
func DirSize(dir string) (int64, error) {
	files, err := os.ReadDir(dir)
	if err != nil {
		return 0, fmt.Errorf("size of a directory: %w", err)
	}
	var size int64
	for _, f := range files {
		if info, err := os.Stat(filepath.Join(dir, f.Name())); err == nil {
			size += info.Size()
		}
	}
	return size, nil
}
