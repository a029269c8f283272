package httpapi

import (
	"context"
	"errors"
	"iter"
	"net/http"
	"net/http/httptest"
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

// panicking is a log of a store that panics.
type panicking struct{ follows bool }

func (panicking) past(context.Context, int64) iter.Seq2[record, error] {
	return func(func(record, error) bool) { panic("the store") }
}

func (p panicking) live(ctx context.Context) iter.Seq2[reach, error] {
	return func(func(reach, error) bool) {
		if p.follows {
			panic("the store")
		}
		<-ctx.Done()
	}
}

func (panicking) dense() bool  { return true }
func (panicking) linked() bool { return false }

// A store that panics while somebody watches is an error for those who watch, again and again.
func TestWatchedStorePanics(t *testing.T) {
	h := newHub(1 << 20)
	j := h.join(1, panicking{}, 5)
	defer h.leave(1, j)
	c := &call{r: httptest.NewRequest(http.MethodGet, "/", nil)}
	for range 3 {
		err := contained(c, func(c *call) error {
			_, err := j.view(c.context(), 1)
			return err
		})
		assert.ErrorContains(t, err, "the store")
	}
}

func TestFollowedStorePanics(t *testing.T) {
	h := newHub(1 << 20)
	j := h.join(1, panicking{follows: true}, 5)
	defer h.leave(1, j)
	p := j.progress()
	<-p.news
	p = j.progress()
	assert.True(t, p.over)
	assert.ErrorContains(t, p.err, "the store")
}
