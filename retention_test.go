package orchestrator_test

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed-54b7607b/orchestrator"
	"github.com/seed-54b7607b/orchestrator/orchestratortest"
)

func TestOldJobsAreRemoved(t *testing.T) {
	for name, test := range map[string]struct {
		retention *time.Duration
		kept      time.Duration // how long a job is there for certain
		gone      time.Duration // after how long it is gone for certain; 0 means never
	}{
		"by default":     {nil, 30 * 24 * time.Hour, 30*24*time.Hour + 2*time.Hour},
		"after an hour":  {new(time.Hour), time.Hour, 2 * time.Hour},
		"never":          {new(time.Duration(0)), 24 * 365 * time.Hour, 0},
		"after a moment": {new(time.Millisecond), 0, 5 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				o := started(t, nil, &orchestratortest.Runner{}, &orchestrator.Options{Retention: test.retention, PollInterval: time.Hour, LeaseTTL: 24 * time.Hour})
				job := deploy(t, o, "a")
				orchestratortest.Await(t, o, job.ID)
				<-time.After(test.kept)
				if _, err := o.Job(t.Context(), job.ID); err != nil && test.kept > 0 {
					t.Errorf("after %v: %v", test.kept, err)
				}
				if test.gone == 0 {
					return
				}
				<-time.After(test.gone - test.kept)
				if _, err := o.Job(t.Context(), job.ID); !errors.Is(err, orchestrator.ErrNotFound) {
					t.Errorf("after %v: %v", test.gone, err)
				}
				if next := deploy(t, o, "a"); next.ID <= job.ID {
					t.Errorf("job %d after job %d", next.ID, job.ID)
				}
			})
		})
	}
}
