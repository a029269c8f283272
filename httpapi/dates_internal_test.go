package httpapi

import (
	"testing"
	"time"
)

// Times are what the time package makes of them, whichever came before.
func FuzzDates(f *testing.F) {
	f.Add(int64(0), int64(-1), int64(86399), int64(86400))
	f.Add(int64(1480488903), int64(1480488904), int64(951782400), int64(4107542399))
	f.Add(int64(year10000-1), int64(year10000), int64(year10000-secondsADay), int64(-62135596800))
	f.Add(int64(-86400), int64(1), int64(-62167219201), int64(1<<40))
	f.Fuzz(func(t *testing.T, a, b, c, d int64) {
		var dates dates
		zone := time.FixedZone("", int(a%50_000))
		for _, seconds := range []int64{a, b, c, d, c, b, a} {
			at := time.Unix(seconds%(1<<40), 999_999_999).In(zone)
			want := at.UTC().Format(time.RFC3339)
			if got := string(dates.append(nil, at)); got != want {
				t.Errorf("%d became %q, want %q", seconds, got, want)
			}
		}
	})
}
