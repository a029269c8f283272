package shell

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/seed-54b7607b/orchestrator"
	"github.com/seed-54b7607b/orchestrator/puppet"
)

// watch is the wait for one command to end.
type watch struct {
	t        *Transport
	node, id string
	kept     bool // it can be left, and picked up later
	begun    bool // it is known to have begun
	limit    int  // bytes of each of stdout and stderr
	sudo     string
}

var errUnreached = errors.New("the node cannot be reached any more, and it is not known what became of the command")

// follow waits for the end of a command that first begins or finds, whatever happens to the
// connection.
func (w *watch) follow(ctx context.Context, first func(context.Context) (answer, error)) (puppet.Exit, error) {
	if err := context.Cause(ctx); err != nil && !w.begun {
		return puppet.Exit{}, fmt.Errorf("the command was not started: %w", err)
	}
	a, err := first(ctx)
	if errors.Is(err, ErrCut) {
		a, err = w.pickUp(ctx)
	} else if err != nil && !w.begun {
		return puppet.Exit{}, fmt.Errorf("the command was not started: %w", err)
	}
	if err != nil && ctx.Err() != nil {
		if cause := context.Cause(ctx); w.kept && (errors.Is(cause, orchestrator.ErrStopped) || errors.Is(cause, orchestrator.ErrLeaseLost)) {
			return puppet.Exit{}, puppet.ErrLeft
		}
		a, err = w.stop(ctx)
	}
	if err != nil {
		return puppet.Exit{}, err
	}
	return w.conclude(ctx, a)
}

// pickUp waits for the end of the command over new connections. One that has not begun by then
// never will.
func (w *watch) pickUp(ctx context.Context) (answer, error) {
	pause, until := 100*time.Millisecond, time.Now().Add(w.t.Reconnect)
	for {
		if ctx.Err() != nil {
			return answer{}, context.Cause(ctx)
		}
		began := time.Now()
		a, err := w.attach(ctx)
		switch {
		case err == nil || errors.Is(err, errAnswer):
			return a, err
		case errors.Is(err, ErrCut) && time.Since(began) > pause:
			pause, until = 100*time.Millisecond, time.Now().Add(w.t.Reconnect)
		case time.Now().After(until):
			return answer{}, fmt.Errorf("%w: %w", errUnreached, err)
		}
		select {
		case <-ctx.Done():
		case <-time.After(pause):
			pause = min(2*pause, 10*time.Second)
		}
	}
}

// stop ends the command, although ctx is cancelled.
func (w *watch) stop(ctx context.Context) (answer, error) {
	ctx, done := context.WithTimeout(context.WithoutCancel(ctx), w.t.Grace+stopMargin)
	defer done()
	for {
		a, err := w.ask(ctx, request{verb: "stop", vars: []variable{{"grace", int(w.t.Grace.Seconds())}}})
		switch {
		case err == nil:
			return a, nil
		case !errors.Is(err, ErrCut) || ctx.Err() != nil:
			return answer{}, fmt.Errorf("%w: %w", puppet.ErrNotStopped, err)
		}
	}
}

// stopMargin is what a stop may take beyond the grace: connecting, 2 seconds from the second signal
// on, and 2 for output that is held open.
const stopMargin = 5 * time.Second

// conclude tells what the last answer means.
func (w *watch) conclude(ctx context.Context, a answer) (puppet.Exit, error) {
	switch a.kind {
	case "exit":
		w.forget(ctx)
		return a.exit, nil
	case "none":
		if w.begun {
			return puppet.Exit{}, puppet.ErrNoCommand
		}
		if cause := context.Cause(ctx); cause != nil {
			return puppet.Exit{}, fmt.Errorf("the command was not started: %w", cause)
		}
		return puppet.Exit{}, errors.New("the command was not started on the node")
	case "left":
		return puppet.Exit{}, fmt.Errorf("%w: %s", puppet.ErrNotStopped, a.note)
	case "lost":
		return puppet.Exit{}, errors.New("the command was lost: the node was restarted, or what watched the command there was killed")
	case "used":
		return puppet.Exit{}, fmt.Errorf("a command with the ID %s was begun on the node before", w.id)
	default:
		return puppet.Exit{}, errAnswer
	}
}

// begin starts the command and waits for its end.
func (w *watch) begin(ctx context.Context, c puppet.Command) (answer, error) {
	return w.ask(ctx, request{
		verb:  "run",
		vars:  []variable{{"keep", c.MaxOutput}, {"size", len(c.Stdin)}},
		input: io.MultiReader(bytes.NewReader([]byte(line(program(c, w.sudo)))), bytes.NewReader(c.Stdin)),
		long:  true,
	})
}

// attach waits for the end of a command that was begun.
func (w *watch) attach(ctx context.Context) (answer, error) {
	return w.ask(ctx, request{verb: "attach", long: true})
}

// forget removes what is kept of a command whose end is known. If it fails, the node does so by
// itself some day.
func (w *watch) forget(ctx context.Context) {
	ctx, done := context.WithTimeout(context.WithoutCancel(ctx), stopMargin)
	defer done()
	_, _ = w.ask(ctx, request{verb: "forget"})
}

// ask has the node do something about the command.
func (w *watch) ask(ctx context.Context, r request) (answer, error) {
	r.id = w.id
	r.answers = 2 * w.limit
	void := ""
	if !w.begun {
		void = "void"
	}
	r.vars = append(r.vars, variable{"home", directory(w.t.Dir, w.node)}, variable{"void", void}, variable{"sudo", w.sudo})
	return w.t.ask(ctx, w.node, r)
}
