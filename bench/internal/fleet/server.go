package fleet

import (
	"log/slog"
	"net"
	"net/http"
	"time"
)

// Server serves over loopback. It is to be closed.
type Server struct {
	Addr string
	http *http.Server
	done chan struct{}
}

// Serve begins to serve a handler.
func Serve(handler http.Handler) (*Server, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	s := &Server{
		Addr: listener.Addr().String(),
		http: &http.Server{
			Handler:           handler,
			ReadHeaderTimeout: time.Minute,
			ErrorLog:          slog.NewLogLogger(slog.DiscardHandler, slog.LevelError),
		},
		done: make(chan struct{}),
	}
	go func() {
		defer close(s.done)
		_ = s.http.Serve(listener) // it ends because it is closed
	}()
	return s, nil
}

// Close breaks all connections and waits for the server to end.
func (s *Server) Close() {
	s.http.Close()
	<-s.done
}
