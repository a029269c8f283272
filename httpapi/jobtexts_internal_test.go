package httpapi

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/seed-54b7607b/orchestrator"
)

const textBase = "https://jobs.example.com/orchestrator/v1"

// shownBehind returns a job as it stands behind another one in a list.
func shownBehind(texts *jobTexts, job *orchestrator.Job, base string) string {
	e := encoder{comma: true}
	texts.append(&e, job, links{base: base})
	e.null()
	return string(e.buf)
}

// encodedBehind is shownBehind without anything that is kept.
func encodedBehind(job *orchestrator.Job, base string) string {
	e := encoder{comma: true}
	e.job(job, links{base: base}, time.Now())
	e.null()
	return string(e.buf)
}

func jobIn(state orchestrator.JobState, id orchestrator.JobID) *orchestrator.Job {
	at := time.Date(2026, 11, 24, 16, 0, 0, 0, time.UTC)
	return &orchestrator.Job{ID: id, NodeCount: 1, Progress: orchestrator.Progress{
		State: state, Counts: orchestrator.NodeCounts{Finished: 1}, LastEvent: 3,
		Status: []orchestrator.StateChange{{State: orchestrator.JobNew, At: at}, {State: state, At: at}},
	}}
}

func TestTextsOfEndedJobsAreKept(t *testing.T) {
	texts := newJobTexts()
	job := jobIn(orchestrator.JobFinished, 7)
	want := encodedBehind(job, textBase)
	assert.Equal(t, want, shownBehind(&texts, job, textBase))
	assert.Equal(t, strings.Trim(strings.TrimSuffix(want, "null"), ","), string(texts.get(lookKey{7, textBase})))
	assert.Equal(t, want, shownBehind(&texts, job, textBase), "from what was kept")
	assert.Equal(t, encodedBehind(job, "http://other"), shownBehind(&texts, job, "http://other"), "links are the client's own")
	assert.Equal(t, encodedBehind(jobIn(orchestrator.JobFailed, 8), textBase), shownBehind(&texts, jobIn(orchestrator.JobFailed, 8), textBase))
}

func TestTextsOfUnfinishedJobsAreNotKept(t *testing.T) {
	for _, state := range orchestrator.JobStates() {
		texts := newJobTexts()
		shownBehind(&texts, jobIn(state, 7), textBase)
		assert.Equal(t, state.Terminal(), texts.get(lookKey{7, textBase}) != nil, "%s", state)
	}
}

func TestTextsThatAreAskedForStay(t *testing.T) {
	texts := newJobTexts()
	text := make([]byte, maxText/2)
	const jobs = 3 * maxTexts / (maxText / 2)
	for id := range orchestrator.JobID(jobs) {
		texts.put(lookKey{id, textBase}, text)
		assert.NotNil(t, texts.get(lookKey{0, textBase}), "after %d others", id)
	}
	kept := 0
	for id := orchestrator.JobID(jobs - 1); id >= 0; id-- {
		if texts.get(lookKey{id, textBase}) != nil {
			texts.texts.Remove(lookKey{id, textBase})
			kept += len(textBase) + len(text)
		}
	}
	assert.LessOrEqual(t, kept, maxTexts)
	assert.GreaterOrEqual(t, kept, maxTexts/4)
}

func TestLongTextsAreNotKept(t *testing.T) {
	texts := newJobTexts()
	job := jobIn(orchestrator.JobFinished, 7)
	job.Description = strings.Repeat("x", maxText)
	assert.Equal(t, encodedBehind(job, textBase), shownBehind(&texts, job, textBase))
	assert.Nil(t, texts.get(lookKey{7, textBase}))
}

// A page of 20 jobs that have ended, as it is encoded again and again.
func BenchmarkJobTexts(b *testing.B) {
	texts := newJobTexts()
	jobs := make([]*orchestrator.Job, 20)
	for i := range jobs {
		jobs[i] = jobIn(orchestrator.JobFinished, orchestrator.JobID(i))
		jobs[i].Owner.Login = fmt.Sprintf("user%d", i)
	}
	var e encoder
	b.ReportAllocs()
	for b.Loop() {
		e.buf, e.comma = e.buf[:0], false
		for _, job := range jobs {
			texts.append(&e, job, links{base: textBase})
		}
	}
}
