package badger

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed-54b7607b/orchestrator"
)

// TestCloseHangs closes a store after a failed write, whose database never ends.
func TestCloseHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, err := Open(t.TempDir(), quiet())
		if err != nil {
			t.Fatal(err)
		}
		onCommit(s, func(int, func() error) error { return errDisk })
		if _, err := s.CreateJob(t.Context(), testJob(), nodeNames(1)); !errors.Is(err, errDisk) {
			t.Errorf("CreateJob: got the error %v", err)
		}
		release := make(chan struct{})
		ended := make(chan error)
		s.closeDB = func() error {
			<-release
			err := s.db.Close()
			ended <- err
			return err
		}
		start := time.Now()
		err = s.Close()
		wantText(t, "Close", err, "the directory stays locked until the process ends", errDisk.Error())
		if took := time.Since(start); took != closePatience {
			t.Errorf("Close took %v, want %v", took, closePatience)
		}
		if err := s.Close(); err != nil {
			t.Errorf("another Close: got the error %v", err)
		}
		if _, err := s.Job(t.Context(), 1); !errors.Is(err, orchestrator.ErrClosed) {
			t.Errorf("Job: got the error %v", err)
		}
		close(release)
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}
