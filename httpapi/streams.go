package httpapi

import (
	"errors"
	"fmt"
	"sync"
)

// errTooManyStreams is that a principal has as many streams open as it may.
var errTooManyStreams = errors.New("too many streams")

// retryAfter is how many seconds a client is told to wait for a stream of its own to end.
const retryAfter = "5"

// streams counts the live streams and long polls that are open, by their principals.
type streams struct {
	limit int

	mu   sync.Mutex
	open map[string]int
}

func newStreams(limit int) *streams {
	return &streams{limit: limit, open: make(map[string]int)}
}

// enter makes room for one more stream of the call's principal. Every enter that succeeds needs
// one leave.
func (s *streams) enter(c *call) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	who := c.principal.key()
	if s.open[who] >= s.limit {
		c.Header().Set("Retry-After", retryAfter)
		return &failure{
			err:     errTooManyStreams,
			msg:     fmt.Sprintf("You have %d streams and long polls open, which is as many as you may have.", s.limit),
			details: map[string]any{"limit": s.limit},
		}
	}
	s.open[who]++
	return nil
}

func (s *streams) leave(c *call) {
	s.mu.Lock()
	defer s.mu.Unlock()
	who := c.principal.key()
	s.open[who]--
	if s.open[who] == 0 {
		delete(s.open, who)
	}
}

// key tells principals apart. One without an ID goes by its login.
func (p *Principal) key() string {
	if p.Owner.ID != "" {
		return "id " + p.Owner.ID
	}
	return "login " + p.Owner.Login
}
