package transporttest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"syscall"

	"github.com/seed-54b7607b/orchestrator"
	"github.com/seed-54b7607b/orchestrator/puppet"
)

func lifeChecks() []Check {
	return []Check{
		{"Stop", "when ctx is cancelled, Run ends the command and all that it has started, and returns its Exit with Stopped set", checkStop},
		{"StopDeaf", "a command that does not listen to TERM is ended as well, with what it has started", checkStopDeaf},
		{"StopSession", "what a command has started in a session of its own is ended with it", checkStopSession},
		{"StopDetached", "a command with an ID is ended, too, when the orchestrator goes on", checkStopDetached},
		{"Cancelled", "nothing is started under a ctx that is cancelled", checkCancelled},
		{"Left", "a command with an ID is left alone when ctx is cancelled because the orchestrator ends or has lost the job", checkLeft},
		{"NotLeft", "a command without an ID is ended when the orchestrator ends", checkNotLeft},
		{"Attach", "Attach waits for a command that Run has begun in an earlier process, and returns what Run would have", checkAttach},
		{"AttachEnded", "Attach returns the Exit of a command that has ended meanwhile, once", checkAttachEnded},
		{"AttachAndStop", "Attach ends a command when ctx is cancelled, even if it is so from the start", checkAttachStop},
		{"AttachUnknown", "Attach returns ErrNoCommand if the node knows of none", checkAttachUnknown},
		{"Forgotten", "a command that Run has seen the end of is not known any more", checkForgotten},
		{"UsedOnce", "an ID is used once: a command under one that runs is not started", checkUsedOnce},
	}
}

// sleeping has two processes, and says their numbers in a file.
const sleeping = `sleep 300 & echo $! $$ >"$1"; : >"$2"; wait`

// deaf has three processes that ignore TERM, and says their numbers in a file.
const deaf = `trap '' TERM; sleep 300 & echo $! >"$1"; (while :; do sleep 1; done) & echo $! $$ >>"$1"; : >"$2"; while :; do sleep 1; done`

func kill(all []int) {
	for _, pid := range all {
		_ = syscall.Kill(pid, syscall.SIGKILL)
	}
}

// gone returns an error that names the processes of a file which are still there, and ends them.
func gone(file string) error {
	all, err := pids(file)
	if err != nil {
		return err
	}
	defer kill(all)
	for _, pid := range all {
		if running(pid) {
			return fmt.Errorf("of the processes %d, %d is still running", all, pid)
		}
	}
	return nil
}

// stopIt starts a script, cancels it for a reason, and sees whether it has ended as it has to.
func (s *scene) stopIt(ctx context.Context, c puppet.Command, cause error) error {
	runCtx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	ended, err := s.start(runCtx, c)
	if err != nil {
		return err
	}
	cancel(cause)
	out := await(ctx, ended)
	left := gone(s.path("pids"))
	if errors.Is(out.err, errNoReturn) {
		<-ended
	}
	if out.err != nil || !out.exit.Stopped {
		return fmt.Errorf("the call of Run returned %+v, %w", out.exit, errors.Join(out.err, left))
	}
	return left
}

func checkStop(ctx context.Context, s *scene) error {
	c := sh(sleeping, s.path("pids"))
	return s.stopIt(ctx, c, orchestrator.ErrTimeout)
}

func checkStopDeaf(ctx context.Context, s *scene) error {
	return s.stopIt(ctx, sh(deaf, s.path("pids")), orchestrator.ErrJobStopped)
}

func checkStopSession(ctx context.Context, s *scene) error {
	c := sh(`setsid sh -c 'echo $$ >"$1"; : >"$2"; exec sleep 300' sh "$1" "$2"; exit 0`, s.path("pids"))
	return s.stopIt(ctx, c, orchestrator.ErrJobStopped)
}

func checkStopDetached(ctx context.Context, s *scene) error {
	c := sh(sleeping, s.path("pids"))
	c.ID = newID()
	return s.stopIt(ctx, c, orchestrator.ErrTimeout)
}

func checkCancelled(ctx context.Context, s *scene) error {
	stopped, cancel := context.WithCancelCause(ctx)
	cancel(orchestrator.ErrJobStopped)
	exit, err := s.t.Run(stopped, s.node, sh(`: >"$1"`, s.path("made")))
	if err == nil && !exit.Stopped {
		return fmt.Errorf("the call of Run returned %+v", exit)
	}
	if _, err := os.Stat(s.path("made")); err == nil {
		return errors.New("the command was run")
	}
	return nil
}

// leave starts a command under an ID and leaves it.
func (s *scene) leave(ctx context.Context, c puppet.Command, cause error) error {
	runCtx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	ended, err := s.start(runCtx, c)
	if err != nil {
		return err
	}
	cancel(cause)
	if out := await(ctx, ended); !errors.Is(out.err, puppet.ErrLeft) {
		return fmt.Errorf("the call of Run returned %+v, %w", out.exit, out.err)
	}
	return nil
}

// waiting says its number, waits for a file, and ends; it ends as well when the check is over.
const waiting = `echo $$ >"$1"; echo begun; : >"$3"; while [ -e "$1" ] && [ ! -e "$2" ]; do sleep 0.1; done; cat; echo done >&2; exit 6`

func (s *scene) waiting() puppet.Command {
	c := sh(waiting, s.path("pids"), s.path("go"))
	c.ID = newID()
	c.Stdin = []byte("input")
	return c
}

// judgeWaiting says what is wrong with the end of a waiting command.
func judgeWaiting(exit puppet.Exit, err error) error {
	if err != nil || exit.Status != 6 || string(exit.Stdout) != "begun\ninput" || string(exit.Stderr) != "done\n" || exit.Stopped || exit.Cut {
		return fmt.Errorf("the call of Attach returned status %d, stdout %q, stderr %q, Stopped %t: %w", exit.Status, exit.Stdout, exit.Stderr, exit.Stopped, err)
	}
	return nil
}

// letGo has a waiting command end.
func (s *scene) letGo() error { return os.WriteFile(s.path("go"), nil, 0o600) }

func checkLeft(ctx context.Context, s *scene) error {
	for _, cause := range []error{orchestrator.ErrStopped, orchestrator.ErrLeaseLost} {
		c := s.waiting()
		if err := s.leave(ctx, c, cause); err != nil {
			return err
		}
		all, err := pids(s.path("pids"))
		if err != nil {
			return err
		}
		defer kill(all)
		if !running(all[0]) {
			return fmt.Errorf("%w: the command has ended", cause)
		}
	}
	return nil
}

func checkNotLeft(ctx context.Context, s *scene) error {
	c := sh(sleeping, s.path("pids"))
	return s.stopIt(ctx, c, orchestrator.ErrStopped)
}

func checkAttach(ctx context.Context, s *scene) error {
	c := s.waiting()
	if err := s.leave(ctx, c, orchestrator.ErrStopped); err != nil {
		return err
	}
	ended := make(chan outcome, 1)
	go func() {
		exit, err := s.open().Attach(ctx, s.node, c.ID)
		ended <- outcome{exit, err}
	}()
	if err := s.letGo(); err != nil {
		return err
	}
	out := await(ctx, ended)
	return judgeWaiting(out.exit, out.err)
}

func checkAttachEnded(ctx context.Context, s *scene) error {
	c := s.waiting()
	if err := s.leave(ctx, c, orchestrator.ErrLeaseLost); err != nil {
		return err
	}
	if err := s.letGo(); err != nil {
		return err
	}
	all, err := pids(s.path("pids"))
	if err != nil {
		return err
	}
	if _, err := s.run(ctx, sh(`while kill -0 "$1" 2>/dev/null; do sleep 0.1; done`, fmt.Sprint(all[0]))); err != nil {
		return err
	}
	again := s.open()
	if err := judgeWaiting(again.Attach(ctx, s.node, c.ID)); err != nil {
		return err
	}
	if _, err := again.Attach(ctx, s.node, c.ID); !errors.Is(err, puppet.ErrNoCommand) {
		return fmt.Errorf("the second Attach returned %w", err)
	}
	return nil
}

func checkAttachStop(ctx context.Context, s *scene) error {
	c := sh(deaf, s.path("pids"))
	c.ID = newID()
	if err := s.leave(ctx, c, orchestrator.ErrStopped); err != nil {
		return err
	}
	stopped, cancel := context.WithCancelCause(ctx)
	cancel(orchestrator.ErrTimeout)
	exit, err := s.open().Attach(stopped, s.node, c.ID)
	left := gone(s.path("pids"))
	if err != nil || !exit.Stopped {
		return fmt.Errorf("the call of Attach returned %+v, %w", exit, errors.Join(err, left))
	}
	return left
}

func checkAttachUnknown(ctx context.Context, s *scene) error {
	if _, err := s.t.Attach(ctx, s.node, newID()); !errors.Is(err, puppet.ErrNoCommand) {
		return fmt.Errorf("the call of Attach returned %w", err)
	}
	return nil
}

func checkForgotten(ctx context.Context, s *scene) error {
	c := sh("exit 0")
	c.ID = newID()
	if _, err := s.run(ctx, c); err != nil {
		return err
	}
	if _, err := s.t.Attach(ctx, s.node, c.ID); !errors.Is(err, puppet.ErrNoCommand) {
		return fmt.Errorf("the call of Attach returned %w", err)
	}
	return nil
}

func checkUsedOnce(ctx context.Context, s *scene) error {
	c := s.waiting()
	if err := s.leave(ctx, c, orchestrator.ErrStopped); err != nil {
		return err
	}
	again := sh(`: >"$1"`, s.path("made"))
	again.ID = c.ID
	_, err := s.t.Run(ctx, s.node, again)
	if letGo := s.letGo(); letGo != nil {
		return letGo
	}
	if _, stat := os.Stat(s.path("made")); err == nil || stat == nil {
		return fmt.Errorf("the second command was run: %w", err)
	}
	return judgeWaiting(s.t.Attach(ctx, s.node, c.ID))
}
