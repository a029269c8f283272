package badger

import (
	"math/rand/v2"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"

	"github.com/seed-54b7607b/orchestrator"
)

// plainLeases is what the state should do about leases, in the simplest way.
type plainLeases struct {
	jobs []*plainJob // in the order of their IDs
}

type plainJob struct {
	id      orchestrator.JobID
	stopped bool
	fence   uint64 // of the valid lease; 0 if there is none
	holder  uuid.UUID
	expires time.Time
}

func (p *plainLeases) claim(by uuid.UUID, fence uint64, ttl time.Duration) orchestrator.JobID {
	now := time.Now()
	for _, stopped := range []bool{true, false} {
		for _, j := range p.jobs {
			free := j.fence == 0 || j.holder != by && !now.Before(j.expires)
			if free && (j.stopped || !stopped) {
				j.fence, j.holder, j.expires = fence, by, now.Add(ttl)
				return j.id
			}
		}
	}
	return 0
}

func (p *plainLeases) renew(by uuid.UUID, ttl time.Duration) []orchestrator.JobID {
	var ids []orchestrator.JobID
	for _, j := range p.jobs {
		switch {
		case j.fence == 0 || j.holder != by:
		case ttl <= 0:
			j.fence = 0
		default:
			j.expires = time.Now().Add(ttl)
			ids = append(ids, j.id)
		}
	}
	return ids
}

// TestLeases compares random claims, renewals, stops and ends of jobs with plainLeases.
func TestLeases(t *testing.T) {
	for seed := range uint64(50) {
		synctest.Test(t, func(t *testing.T) { compareLeases(t, rand.New(rand.NewPCG(seed, 1))) })
	}
}

func compareLeases(t *testing.T, r *rand.Rand) {
	st, plain := newState(), &plainLeases{}
	instances := []uuid.UUID{uuid.New(), uuid.New(), uuid.New()}
	ttl := func() time.Duration { return time.Duration(r.IntN(12)-1) * time.Second }
	next := orchestrator.JobID(0)
	for step := range 2000 {
		by := instances[r.IntN(len(instances))]
		switch r.IntN(10) {
		case 0, 1:
			next++
			st.add(next, liveView{})
			plain.jobs = append(plain.jobs, &plainJob{id: next})
		case 2, 3, 4:
			fence, ttl := uint64(step+1), ttl()
			var got orchestrator.JobID
			if j := st.firstFree(by); j != nil {
				got = st.lease(j, by, fence, ttl).Job
			}
			if want := plain.claim(by, fence, ttl); got != want {
				t.Fatalf("step %d: claimed the job %d, want %d", step, got, want)
			}
		case 5:
			ttl := ttl()
			var got []orchestrator.JobID
			for _, lease := range st.renew(by, ttl) {
				got = append(got, lease.Job)
			}
			if want := plain.renew(by, ttl); !slices.Equal(got, want) {
				t.Fatalf("step %d: renewed the jobs %v, want %v", step, got, want)
			}
		case 6:
			time.Sleep(time.Duration(r.IntN(5)) * time.Second)
		default:
			if len(plain.jobs) > 0 {
				changeJob(st, plain, r)
			}
		}
		for _, j := range plain.jobs {
			l := orchestrator.Lease{Job: j.id, Holder: j.holder, Fence: j.fence}
			if got := st.holds(l); got != (j.fence != 0) {
				t.Fatalf("step %d: the lease of job %d is valid: %t", step, j.id, got)
			}
		}
	}
	if len(st.jobs) != len(plain.jobs) || len(st.free.all) > int(next) {
		t.Errorf("%d jobs in the state and %d in its queue, want %d", len(st.jobs), len(st.free.all), len(plain.jobs))
	}
}

// changeJob stops a job or ends it.
func changeJob(st *state, plain *plainLeases, r *rand.Rand) {
	i := r.IntN(len(plain.jobs))
	j := plain.jobs[i]
	if r.IntN(3) == 0 {
		j.stopped = true
		st.set(st.jobs[j.id], liveView{stop: orchestrator.StopSoft})
		return
	}
	plain.jobs = slices.Delete(plain.jobs, i, i+1)
	st.set(st.jobs[j.id], liveView{progress: orchestrator.Progress{State: orchestrator.JobFinished}})
}

// TestInBubble runs a store in fake time.
func TestInBubble(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := openTest(t, t.TempDir())
		w := mustWorker(t, s, 1)
		if _, err := s.Renew(t.Context(), w.lease.Holder, 10*time.Second); err != nil {
			t.Fatal(err)
		}
		other := uuid.New()
		if _, _, err := s.Claim(t.Context(), other, time.Minute); err == nil {
			t.Error("a job that is held was claimed")
		}
		time.Sleep(10 * time.Second)
		if _, _, err := s.Claim(t.Context(), other, time.Minute); err != nil {
			t.Errorf("a job whose lease has expired: %v", err)
		}
		if err := w.commit(t.Context(), w.batch(running(0))); err == nil {
			t.Error("a commit under a lost lease got no error")
		}
	})
}
