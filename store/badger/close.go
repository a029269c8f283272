package badger

import (
	"fmt"
	"time"
)

// Failed returns a channel that is closed when a write has failed. From then on every call returns an
// error that matches [orchestrator.ErrClosed] and says why: the store has to be closed and opened
// again, best by ending the process and starting another. It stays open when the store is closed.
func (s *Store) Failed() <-chan struct{} { return s.failed }

// fail makes the store refuse everything. The writer alone calls it, once: it writes nothing
// afterwards.
func (s *Store) fail(err error) {
	s.log.Error("store failed: it has to be opened again", "err", err)
	s.state.fail(err)
	close(s.failed)
}

// closePatience is how long the closing of a database that has failed to write may take.
const closePatience = 10 * time.Second

// Close waits for the calls in progress and closes the directory. An iterator in progress gives
// [orchestrator.ErrClosed] when it needs more of the store. Later calls wait for the first one
// and return nil.
//
// After a failed write, Badger may go on trying to write for ever. Then Close gives up after ten
// seconds and returns an error: the directory stays locked until the process ends.
func (s *Store) Close() error {
	if !s.state.close() {
		<-s.closed
		return nil
	}
	defer close(s.closed)
	close(s.closing)
	<-s.state.idle
	s.background.Wait()
	s.writer.stop()
	if err := s.closeBounded(); err != nil {
		return fmt.Errorf("badger: close: %w", err)
	}
	return nil
}

// closeBounded closes the database. If the store has failed, it does not wait for long.
func (s *Store) closeBounded() error {
	if s.state.failure() == nil {
		return s.closeDB()
	}
	done := make(chan error, 1)
	go func() { done <- s.closeDB() }()
	select {
	case err := <-done:
		return err
	case <-time.After(closePatience):
		return fmt.Errorf("the database does not end after a failed write; the directory stays locked until the process ends: %w", s.state.failure())
	}
}
