package httpapi

import (
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Files are read again when they have changed and when reading them has failed, not more than once a
// second, and not otherwise.
func TestWhenFilesAreReadAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		file := filepath.Join(t.TempDir(), "file")
		require.NoError(t, os.WriteFile(file, nil, 0o600))
		changed := func(age time.Duration) {
			require.NoError(t, os.Chtimes(file, time.Time{}, time.Now().Add(-age)))
		}
		changed(time.Hour)
		reads, failure := 0, error(nil)
		r, err := reload(slog.New(slog.DiscardHandler), func() (int, error) {
			reads++
			return reads, failure
		}, file)
		require.NoError(t, err)
		after := func(d time.Duration, value, want int, why string) {
			t.Helper()
			<-time.After(d)
			assert.Equal(t, value, r.get(), why)
			assert.Equal(t, want, reads, why)
		}
		after(time.Hour, 1, 1, "nothing has changed")
		changed(time.Minute)
		after(time.Second-1, 1, 1, "it was looked at just before")
		after(1, 2, 2, "changed")
		after(time.Hour, 2, 2, "nothing has changed since")

		failure = errors.New("interrupted")
		changed(time.Minute)
		after(time.Second, 2, 3, "changed, but not read")
		after(time.Second, 2, 4, "tried again")
		failure = nil
		after(time.Second, 5, 5, "tried again, and read")
		after(time.Second, 5, 5, "nothing has changed since")

		changed(0)
		after(time.Second, 6, 6, "changed just now")
		after(time.Second, 7, 7, "may have changed again without a trace")
		after(time.Second, 7, 7, "would have left a trace")

		require.NoError(t, os.Chmod(file, 0o640))
		after(time.Second, 8, 8, "another mode")
		require.NoError(t, os.Rename(file, file+".old"))
		after(time.Second, 9, 9, "gone")
		after(time.Hour, 9, 9, "still gone")
		require.NoError(t, os.Rename(file+".old", file))
		after(time.Second, 10, 10, "back")
	})
}

func TestFilesThatCannotBeReadAtFirst(t *testing.T) {
	failure := errors.New("no")
	r, err := reload(nil, func() (int, error) { return 0, failure }, "nowhere")
	require.ErrorIs(t, err, failure)
	assert.Nil(t, r)
}
