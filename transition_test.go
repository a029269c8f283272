package orchestrator

import (
	"slices"
	"testing"
	"time"
)

func TestJobTransitions(t *testing.T) {
	allowed := map[[2]JobState]EventType{
		{JobNew, JobReady}:        "",
		{JobReady, JobRunning}:    "",
		{JobRunning, JobFinished}: EventJobFinished,
		{JobRunning, JobFailed}:   EventJobFinished,
		{JobNew, JobStopping}:     EventJobStopping,
		{JobReady, JobStopping}:   EventJobStopping,
		{JobRunning, JobStopping}: EventJobStopping,
		{JobStopping, JobStopped}: EventJobFinished,
	}
	at := time.Unix(1000, 0).UTC()
	for _, from := range JobStates() {
		for _, to := range JobStates() {
			status := []StateChange{{from, at}, {}}
			before := Progress{State: from, Status: status[:1], LastEvent: 7}
			l := newLedger(before, at)
			err := l.moveJob(to, at, StopNone)
			event, ok := allowed[[2]JobState{from, to}]
			if ok != (err == nil) {
				t.Errorf("%s to %s: %v", from, to, err)
			}
			if !ok {
				if l.changed || len(l.events) > 0 || l.progress.State != from {
					t.Errorf("%s to %s: refused and done all the same", from, to)
				}
				continue
			}
			if len(l.progress.Status) != 2 || status[1] != (StateChange{}) || l.progress.Status[1] != (StateChange{to, at}) {
				t.Errorf("%s to %s: status %v", from, to, l.progress.Status)
			}
			if event != "" && (len(l.events) != 1 || l.events[0].Type != event || l.events[0].ID != 8 || l.events[0].JobState != to) {
				t.Errorf("%s to %s: events %v", from, to, l.events)
			}
			if event == "" && len(l.events) != 0 {
				t.Errorf("%s to %s: events %v", from, to, l.events)
			}
		}
	}
}

func TestNodeTransitions(t *testing.T) {
	allowed := map[[2]NodeState]EventType{
		{NodeNew, NodeRunning}:      EventNodeRunning,
		{NodeNew, NodeErrored}:      EventNodeErrored,
		{NodeNew, NodeSkipped}:      EventNodeSkipped,
		{NodeRunning, NodeFinished}: EventNodeFinished,
		{NodeRunning, NodeFailed}:   EventNodeFailed,
		{NodeRunning, NodeErrored}:  EventNodeErrored,
	}
	at := time.Unix(1000, 0).UTC()
	for _, from := range NodeStates() {
		for _, to := range NodeStates() {
			l := newLedger(Progress{State: JobRunning}, at)
			*l.progress.Counts.of(from) = 1
			n, err := l.moveNode(Node{Name: "n", State: from}, to, at)
			event, ok := allowed[[2]NodeState{from, to}]
			if ok != (err == nil) {
				t.Errorf("%s to %s: %v", from, to, err)
			}
			if !ok {
				if l.changed || l.progress.Counts.Of(from) != 1 || n.State != from {
					t.Errorf("%s to %s: refused and done all the same", from, to)
				}
				continue
			}
			if l.progress.Counts.Of(to) != 1 || l.progress.Counts.Total() != 1 {
				t.Errorf("%s to %s: counts %+v", from, to, l.progress.Counts)
			}
			if e := l.events[0]; e.Type != event || e.Node.State != to || e.ID != 1 || n.LatestEvent != 1 || n.Updated != at {
				t.Errorf("%s to %s: event %+v", from, to, e)
			}
		}
	}
}

func TestEveryStateLeadsToAnEnd(t *testing.T) {
	for _, s := range JobStates() {
		if s.Terminal() != (len(jobTransitions[s]) == 0) {
			t.Errorf("job state %s", s)
		}
	}
	for _, s := range NodeStates() {
		if s.Terminal() != (len(nodeTransitions[s]) == 0) {
			t.Errorf("node state %s", s)
		}
	}
}

func TestTimeNeverRunsBackwardsInAJob(t *testing.T) {
	at := time.Unix(1000, 0).UTC()
	l := newLedger(Progress{State: JobRunning, Counts: NodeCounts{New: 1, Running: 1}}, at)
	if _, err := l.moveNode(Node{State: NodeNew}, NodeRunning, at.Add(-time.Hour)); err != nil {
		t.Fatal(err)
	}
	if _, err := l.moveNode(Node{State: NodeRunning, Started: at.Add(time.Minute)}, NodeFinished, at); err != nil {
		t.Fatal(err)
	}
	times := []time.Time{l.events[0].Time, l.events[1].Time}
	if !slices.Equal(times, []time.Time{at, at.Add(time.Minute)}) {
		t.Errorf("%v", times)
	}
}

func TestStopModes(t *testing.T) {
	order := []StopMode{StopNone, StopSoft, StopForce}
	for i, a := range order {
		for j, b := range order {
			if got := a.Stronger(b); got != order[max(i, j)] {
				t.Errorf("%q and %q: %q", a, b, got)
			}
		}
	}
}
