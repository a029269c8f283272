package measure

import (
	"cmp"
	"slices"
	"time"
)

// Median returns the median of values, of which there must be one at least. They are left as they are.
func Median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	middle := len(sorted) / 2
	if len(sorted)%2 == 1 {
		return sorted[middle]
	}
	return (sorted[middle-1] + sorted[middle]) / 2
}

// Percentile returns the value that p percent of the values do not exceed, 0 if there are none. It
// sorts them.
func Percentile[T cmp.Ordered](values []T, p int) T {
	if len(values) == 0 {
		var zero T
		return zero
	}
	slices.Sort(values)
	return values[min(len(values)*p/100, len(values)-1)]
}

// Micros returns a duration in microseconds.
func Micros(d time.Duration) float64 { return float64(d.Nanoseconds()) / 1e3 }

// Times calls do until it has been called often enough and for long enough, at most a thousand
// times as often, and returns how long the calls took. What is slow is called less often: it ends
// after ten times as long, too.
func Times(often int, long time.Duration, do func() error) ([]time.Duration, error) {
	var times []time.Duration
	begin := time.Now()
	for len(times) == 0 || len(times) < often && time.Since(begin) <= 10*long || time.Since(begin) < long && len(times) < 1000*often {
		start := time.Now()
		if err := do(); err != nil {
			return nil, err
		}
		times = append(times, time.Since(start))
	}
	return times, nil
}
