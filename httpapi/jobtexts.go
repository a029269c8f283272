package httpapi

import (
	"bytes"
	"sync"
	"time"

	"github.com/seed-54b7607b/orchestrator"
)

// jobTexts keeps the JSON texts of jobs that have ended, which never change, once they have been shown:
// those of the newest are asked for again and again. Texts that were not asked for lately make room for
// others. It is safe for use by many goroutines at once.
type jobTexts struct {
	mu    sync.Mutex
	texts map[lookKey][]byte
	older map[lookKey][]byte // is forgotten when texts has had enough
	bytes int                // in texts
}

// How many bytes the texts may have that are kept, and a single one of them.
const (
	maxTexts = 1 << 20 // of each generation
	maxText  = 16 << 10
)

// get returns the text of a job, or nil if it is not there. The text must not be modified.
func (t *jobTexts) get(key lookKey) []byte {
	t.mu.Lock()
	defer t.mu.Unlock()
	text := t.texts[key]
	if text == nil {
		if text = t.older[key]; text != nil {
			t.add(key, text)
		}
	}
	return text
}

// put keeps a copy of the text of a job that has ended.
func (t *jobTexts) put(key lookKey, text []byte) {
	if len(text) > maxText {
		return
	}
	text = bytes.Clone(text)
	t.mu.Lock()
	defer t.mu.Unlock()
	t.add(key, text)
}

func (t *jobTexts) add(key lookKey, text []byte) {
	const each = 128 // what a text takes beside its bytes and those of its key
	size := each + len(key.base) + len(text)
	if t.texts == nil || t.bytes+size > maxTexts {
		t.texts, t.older, t.bytes = make(map[lookKey][]byte), t.texts, 0
	}
	t.texts[key] = text
	t.bytes += size
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
