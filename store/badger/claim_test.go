package badger

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/seed-54b7607b/orchestrator"
)

// TestClaimWhatIsAwaited claims jobs of which some are known without being read, since they were just
// created, and some are too many or too long for that, before and after the store was opened again.
func TestClaimWhatIsAwaited(t *testing.T) {
	dir := t.TempDir()
	s := openTest(t, dir)
	const count = 400
	var created []orchestrator.Job
	for i := range count {
		job := testJob()
		job.Description = strings.Repeat("x", i%2*8000)
		job.Userdata = []byte(`{"a":1}`)
		job, err := s.CreateJob(t.Context(), job, nodeNames(1))
		if err != nil {
			t.Fatal(err)
		}
		created = append(created, job)
	}
	if s.state.tails > maxTails || s.state.tails < maxTails/2 {
		t.Errorf("%d bytes are kept", s.state.tails)
	}
	by := uuid.New()
	for i := range count {
		if i == count/2 {
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			s = openTest(t, dir)
			if s.state.tails != 0 {
				t.Errorf("%d bytes are kept of jobs that were not created here", s.state.tails)
			}
			continue
		}
		lease, job, err := s.Claim(t.Context(), by, time.Hour)
		if err != nil {
			t.Fatal(err)
		}
		if want := created[lease.Job-1]; !reflect.DeepEqual(job, want) {
			t.Fatalf("got the job %+v, want %+v", job, want)
		}
		job.Userdata[0] = '!'
		if job, err = s.Job(t.Context(), lease.Job); err != nil || job.Userdata[0] != '{' {
			t.Fatalf("what was claimed shares memory with the store: %q, %v", job.Userdata, err)
		}
	}
}
