package httpapi

import (
	"errors"
	"fmt"
	"net/http"
	"time"
)

// write writes a part of the answer's body.
func (c *call) write(p []byte) error {
	c.hurry()
	if _, err := c.Write(p); err != nil {
		return fmt.Errorf("%w: %w", errWrite, err)
	}
	c.relax()
	return nil
}

// flush sends what has been written. Where that cannot be asked for, it is sent at some other time.
func (c *call) flush() error {
	c.hurry()
	err := http.NewResponseController(c.ResponseWriter).Flush()
	if err != nil && !errors.Is(err, http.ErrNotSupported) {
		return fmt.Errorf("%w: %w", errWrite, err)
	}
	c.relax()
	return nil
}

// hurry gives the client a bound for taking what is written next; after that the write fails, and the
// client is as good as gone. Where no bound can be set, that of the server holds.
func (c *call) hurry() {
	_ = http.NewResponseController(c.ResponseWriter).SetWriteDeadline(time.Now().Add(c.patience))
}

// relax takes the bound back in HTTP/2, where it would end the stream even while nothing is written.
func (c *call) relax() {
	if c.r.ProtoMajor >= 2 {
		_ = http.NewResponseController(c.ResponseWriter).SetWriteDeadline(time.Time{})
	}
}
