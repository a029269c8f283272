package memory

import (
	"slices"
	"time"

	"github.com/seed-54b7607b/orchestrator"
)

// The functions of this file return values as the store keeps them: sharing no memory with
// what the caller passed, and with their times as they are to come back.

func storedTime(t time.Time) time.Time {
	return t.UTC().Truncate(time.Millisecond)
}

func storedSpec(s *orchestrator.JobSpec) orchestrator.JobSpec {
	c := s.Clone()
	c.Owner.LastLogin = storedTime(c.Owner.LastLogin)
	return c
}

func storedProgress(p *orchestrator.Progress) orchestrator.Progress {
	c := p.Clone()
	for i := range c.Status {
		c.Status[i].At = storedTime(c.Status[i].At)
	}
	return c
}

func storedEvents(events []orchestrator.Event) []orchestrator.Event {
	stored := slices.Clone(events)
	for i := range stored {
		e := &stored[i]
		e.Time = storedTime(e.Time)
		n := e.Node.Clone()
		n.Started = storedTime(n.Started)
		n.Finished = storedTime(n.Finished)
		n.Updated = storedTime(n.Updated)
		e.Node = n
	}
	return stored
}
