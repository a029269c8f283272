package httpapi

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// A job is found by the time that it shows, as the lower bound, as the upper bound and as both; and
// what ended in another second is not found by both.
func FuzzFinishTimes(f *testing.F) {
	f.Add(int64(0), int64(0), "2026-11-24T16:07:00Z")
	f.Add(int64(1_795_536_420_999), int64(1_795_536_421_000), "2026-11-24T16:07:00.5+01:00")
	f.Add(int64(253_402_300_799_999), int64(1), "2026-11-24T16:07:00 00:00")
	f.Fuzz(func(t *testing.T, one, two int64, text string) {
		const lastMilli = 253_402_300_799_999 // of the year 9999
		if one < 0 || two < 0 || one > lastMilli || two > lastMilli {
			return
		}
		at, other := time.UnixMilli(one).UTC(), time.UnixMilli(two).UTC()
		shown := at.Format(secondLayout)
		query := params{"min_finish_timestamp": {shown}, "max_finish_timestamp": {shown}}
		from, err := query.finishedFrom()
		require.NoError(t, err)
		to, err := query.finishedTo()
		require.NoError(t, err)
		found := func(at time.Time) bool { return !at.Before(from) && !at.After(to) }
		require.True(t, found(at), "%s: %s to %s", at, from, to)
		require.Equal(t, other.Format(secondLayout) == shown, found(other), "%s: %s to %s", other, from, to)

		// What can be read at all is a bound, and lies between two seconds that jobs can show.
		query = params{"min_finish_timestamp": {text}, "max_finish_timestamp": {text}}
		if from, err = query.finishedFrom(); err != nil {
			return
		}
		to, err = query.finishedTo()
		require.NoError(t, err)
		require.False(t, from.IsZero() || to.IsZero(), "would be no bound at all")
		require.Zero(t, from.Nanosecond())
		require.Equal(t, 999*time.Millisecond, time.Duration(to.Nanosecond()))
	})
}
