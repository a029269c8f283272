package httpapi

import (
	"time"
)

// poll answers with a list: what there is from the follower's place on, at most limit events; if that is
// nothing, what happens first within wait. It is an empty list when nothing does, or nothing more can.
// Next appends where to go on.
func (f *follower) poll(wait time.Duration, limit int, next func(*encoder)) error {
	f.c.endures()
	s := f.c.liveStream()
	s.open('{')
	s.key("items")
	s.open('[')
	if err := f.collect(s, wait, limit); err != nil {
		return err
	}
	s.close(']')
	s.key("next-events")
	next(&s.encoder)
	s.close('}')
	return s.end()
}

// collect writes the items of the list.
func (f *follower) collect(s *stream, wait time.Duration, limit int) error {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	for found, late := 0, false; found < limit; {
		p := f.log.progress()
		if f.next < p.live && !p.stopped() {
			n, err := f.list(s, limit-found)
			if err != nil {
				return err
			}
			if found += n; s.err != nil || f.c.bodyless() && found > 0 {
				return s.err
			}
			continue
		}
		if found > 0 || p.over || (late || f.c.bodyless()) && p.live >= f.known {
			if p.stopped() && found > 0 {
				return nil
			}
			return p.err
		}
		select {
		case <-p.news:
		case <-timer.C:
			late = true
		case <-f.c.context().Done():
			return f.c.context().Err()
		}
	}
	return nil
}

// list writes what is in one page, at most limit items, and returns how many.
func (f *follower) list(s *stream, limit int) (found int, err error) {
	v, err := f.turn()
	if err != nil {
		return 0, err
	}
	for i := range v.blocks {
		b := &v.blocks[i]
		ok, err := f.shows(b)
		if err != nil {
			return found, err
		}
		f.next = b.position + 1
		if !ok {
			continue
		}
		s.separate()
		s.buf = v.appendObject(s.buf, b, f.base)
		s.comma = true
		found++
		if len(s.buf) >= chunkSize {
			s.write()
		}
		if found == limit || s.err != nil || f.c.bodyless() {
			return found, s.err
		}
	}
	f.next = v.to
	return found, nil
}
