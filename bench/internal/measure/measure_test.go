package measure

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestMedian(t *testing.T) {
	for _, test := range []struct {
		values []float64
		want   float64
	}{
		{[]float64{3}, 3},
		{[]float64{9, 1, 5}, 5},
		{[]float64{4, 1, 3, 2}, 2.5},
	} {
		if got := Median(test.values); got != test.want {
			t.Errorf("Median(%v) = %v, want %v", test.values, got, test.want)
		}
	}
}

func TestPercentile(t *testing.T) {
	values := make([]int, 100)
	for i := range values {
		values[i] = 99 - i
	}
	for p, want := range map[int]int{0: 0, 50: 50, 99: 99, 100: 99} {
		if got := Percentile(values, p); got != want {
			t.Errorf("Percentile(0 to 99, %d) = %d, want %d", p, got, want)
		}
	}
	if got := Percentile([]int(nil), 50); got != 0 {
		t.Errorf("Percentile of nothing = %d, want 0", got)
	}
}

// The ratio is the median of the rounds' ratios, which one bad round does not move.
func TestRatioOfInterleavedRounds(t *testing.T) {
	var order []string
	side := func(name string, figures ...float64) Side {
		return Side{name, func(context.Context) (float64, error) {
			order = append(order, name)
			next := figures[0]
			figures = figures[1:]
			return next, nil
		}}
	}
	s, err := Interleave(t.Context(), 3, side("a", 20, 1, 40), side("b", 10, 10, 20))
	if err != nil {
		t.Fatal(err)
	}
	if got := s.Ratio(0, 1); got != 2 {
		t.Errorf("the ratio is %v, want 2", got)
	}
	if want := []string{"a", "b", "b", "a", "a", "b"}; !slices.Equal(order, want) {
		t.Errorf("the order was %v, want %v", order, want)
	}
}

func TestInterleaveEndsWithTheFirstError(t *testing.T) {
	failure := errors.New("disk on fire")
	calls := 0
	_, err := Interleave(t.Context(), 5, Side{"a", func(context.Context) (float64, error) {
		calls++
		return 0, failure
	}})
	if !errors.Is(err, failure) || calls != 1 {
		t.Errorf("after %d calls, the error is %v", calls, err)
	}
}

func TestLoadCountsAnswersAndRefusesOthers(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/good" {
			w.WriteHeader(http.StatusInternalServerError)
		}
		_, _ = io.WriteString(w, strings.Repeat("x", 100_000)) // chunked: it is too long for a length
	}))
	defer server.Close()
	addr := server.Listener.Addr().String()
	if rate, err := Load(t.Context(), addr, "/good", 2, 20*time.Millisecond); err != nil || rate <= 0 {
		t.Errorf("the rate is %v, and the error %v", rate, err)
	}
	if _, err := Load(t.Context(), addr, "/bad", 2, 20*time.Millisecond); err == nil {
		t.Error("answers of 500 count as answers")
	}
}

func TestPeakSeesWhatIsHeld(t *testing.T) {
	const size = 64 << 20
	var held []byte
	before := Live()
	peak, err := Peak(true, func() error {
		held = make([]byte, size)
		return nil
	})
	runtime.KeepAlive(held)
	if grown := peak - before; err != nil || grown < size/2 || grown > 2*size {
		t.Errorf("the heap grew by %d bytes, and the error is %v", grown, err)
	}
	if resident, err := Resident(); err != nil || resident < 1<<20 {
		t.Errorf("%d bytes are resident, and the error is %v", resident, err)
	}
}
