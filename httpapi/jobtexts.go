package httpapi

import (
	"bytes"
	"sync"
	"time"

	"github.com/seed-54b7607b/orchestrator"
	"github.com/seed-54b7607b/orchestrator/internal/recent"
)

// jobTexts keeps the JSON texts of jobs that have ended, which never change, once they have been shown:
// those of the newest are asked for again and again. That of a job which was removed may stay for a
// while, but nobody asks for it. It is safe for use by many goroutines at once.
type jobTexts struct {
	mu    sync.Mutex
	texts *recent.Cache[lookKey, []byte]
}

// How many bytes the texts may have that are kept, and a single one of them.
const (
	maxTexts = 2 << 20
	maxText  = 16 << 10
)

func newJobTexts() jobTexts { return jobTexts{texts: recent.New[lookKey, []byte](maxTexts, maxText)} }

// get returns the text of a job, or nil if it is not there. The text must not be modified.
func (t *jobTexts) get(key lookKey) []byte {
	t.mu.Lock()
	defer t.mu.Unlock()
	text, _ := t.texts.Get(key)
	return text
}

// put keeps a copy of the text of a job that has ended.
func (t *jobTexts) put(key lookKey, text []byte) {
	const each = 128 // what a text takes beside its bytes and those of its key
	size := each + len(key.base) + len(text)
	if size > maxText {
		return
	}
	text = bytes.Clone(text)
	t.mu.Lock()
	defer t.mu.Unlock()
	t.texts.Add(key, text, size)
}

// append appends a job as JSON text.
func (t *jobTexts) append(e *encoder, job *orchestrator.Job, l links) {
	if !job.State.Terminal() {
		e.job(job, l, time.Now())
		return
	}
	key := lookKey{job.ID, l.base}
	if text := t.get(key); text != nil {
		e.valid(text)
		return
	}
	e.separate()
	e.comma = false
	begin := len(e.buf)
	e.job(job, l, time.Now())
	t.put(key, e.buf[begin:])
}
