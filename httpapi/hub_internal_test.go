package httpapi

import (
	"context"
	"errors"
	"iter"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
)

func TestHubOfAFailedLog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHub(1 << 20)
		broken := h.join(7, failing{errors.New("no")}, 1)
		<-broken.done
		s := newStory(false, 10)
		s.end()
		next := h.join(7, s, 1)
		assert.NotSame(t, broken, next, "nobody else gets a log that can be followed no longer")
		<-next.done
		assert.Same(t, next, h.join(7, s, 1), "one that has ended is shared")
		h.leave(7, broken)
		h.leave(7, next)
		assert.NotEmpty(t, h.logs)
		h.leave(7, next)
		assert.Empty(t, h.logs)
		assert.Zero(t, h.open.Load())
		assert.Zero(t, h.pace.going)
	})
}

// failing is a log that cannot be read.
type failing struct{ err error }

func (f failing) dense() bool  { return true }
func (f failing) linked() bool { return false }

func (f failing) past(context.Context, int64) iter.Seq2[record, error] {
	return func(yield func(record, error) bool) { yield(record{}, f.err) }
}

func (f failing) live(context.Context) iter.Seq2[reach, error] {
	return func(yield func(reach, error) bool) { yield(reach{}, f.err) }
}
