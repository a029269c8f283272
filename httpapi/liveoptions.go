package httpapi

import (
	"runtime"
	"time"
)

// The defaults of the options for live events.
const (
	defaultMaxWait      = time.Minute
	defaultHeartbeat    = 15 * time.Second
	defaultWriteTimeout = 2 * time.Minute
	defaultMaxStreams   = 100
	defaultStreamRate   = 32 << 20
)

// setLive sets the options for live events that have not been.
func (o *Options) setLive() {
	if o.MaxWait <= 0 {
		o.MaxWait = defaultMaxWait
	}
	if o.Heartbeat <= 0 {
		o.Heartbeat = defaultHeartbeat
	}
	if o.WriteTimeout <= 0 {
		o.WriteTimeout = defaultWriteTimeout
	}
	if o.MaxStreams <= 0 {
		o.MaxStreams = defaultMaxStreams
	}
	if o.StreamRate <= 0 {
		o.StreamRate = defaultStreamRate * runtime.GOMAXPROCS(0)
	}
}
