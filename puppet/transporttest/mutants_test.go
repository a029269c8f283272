package transporttest_test

import (
	"context"
	"errors"
	"maps"
	"os"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/seed-54b7607b/orchestrator/puppet"
	"github.com/seed-54b7607b/orchestrator/puppet/local"
	"github.com/seed-54b7607b/orchestrator/puppet/transporttest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// broken is a transport that works but for one thing.
type broken struct {
	puppet.Transport

	command func(*puppet.Command) // changes what is run
	exit    func(*puppet.Exit)    // changes what came of it
	err     func(error) error     // changes the error of Run
	attach  func(error) error     // changes the error of Attach
	ctx     func(context.Context) context.Context
	put     func(path string, content []byte) error
	get     func(*puppet.File, error) error
	remove  func(path string) error
}

func (b *broken) Run(ctx context.Context, node string, c puppet.Command) (puppet.Exit, error) {
	if b.command != nil {
		b.command(&c)
	}
	if b.ctx != nil {
		ctx = b.ctx(ctx)
	}
	exit, err := b.Transport.Run(ctx, node, c)
	if b.exit != nil {
		b.exit(&exit)
	}
	if b.err != nil {
		err = b.err(err)
	}
	return exit, err
}

func (b *broken) Attach(ctx context.Context, node, id string) (puppet.Exit, error) {
	exit, err := b.Transport.Attach(ctx, node, id)
	if b.attach != nil {
		err = b.attach(err)
	}
	return exit, err
}

func (b *broken) Put(ctx context.Context, node, path string, content []byte) error {
	if b.put != nil {
		return b.put(path, content)
	}
	return b.Transport.Put(ctx, node, path, content)
}

func (b *broken) Get(ctx context.Context, node, path string, limit int64) (puppet.File, error) {
	f, err := b.Transport.Get(ctx, node, path, limit)
	if b.get != nil {
		err = b.get(&f, err)
	}
	return f, err
}

func (b *broken) Remove(ctx context.Context, node, path string) error {
	if b.remove != nil {
		return b.remove(path)
	}
	return b.Transport.Remove(ctx, node, path)
}

// mutants are transports that are broken in one way each, by the check that has to find it.
var mutants = map[string]broken{
	"Argv": {command: func(c *puppet.Command) {
		c.Argv = []string{"/bin/sh", "-c", strings.Join(c.Argv, " ")}
	}},
	"Env": {command: func(c *puppet.Command) {
		c.Env = maps.Clone(c.Env)
		for name, value := range c.Env {
			c.Env[name] = strings.TrimSpace(value)
		}
	}},
	"EnvIsHidden": {command: func(c *puppet.Command) {
		for name, value := range c.Env {
			c.Argv = append([]string{"/bin/sh", "-c", `export "$1=$2"; shift 2; "$@"; exit`, "sh", name, value}, c.Argv...)
		}
	}},
	"Stdin":  {command: func(c *puppet.Command) { c.Stdin = []byte(strings.ReplaceAll(string(c.Stdin), "\x00", "")) }},
	"Output": {exit: func(e *puppet.Exit) { e.Stdout = append(e.Stdout, e.Stderr...) }},
	"Cut":    {exit: func(e *puppet.Exit) { e.Cut = false }},
	"Uncut":  {command: func(c *puppet.Command) { c.MaxOutput = max(0, c.MaxOutput-1) }},
	"Status": {exit: func(e *puppet.Exit) { e.Status &= 127 }},
	"Signal": {exit: func(e *puppet.Exit) {
		if e.Signal != "" {
			e.Status, e.Signal = 137, ""
		}
	}},
	"Missing":       {err: func(err error) error { return errors.Join(err, errors.New("exit status 127")) }},
	"NotExecutable": {exit: func(e *puppet.Exit) { e.Stderr = nil }},
	"Umask": {command: func(c *puppet.Command) {
		c.Argv = append([]string{"/bin/sh", "-c", `umask 077; exec "$@"`, "sh"}, c.Argv...)
	}},
	"Invalid": {err: func(error) error { return nil }},
	"Many": {exit: func(e *puppet.Exit) {
		if e.Status == 49 {
			e.Status = 48
		}
	}},
	"Stop":          {exit: func(e *puppet.Exit) { e.Stopped = false }},
	"StopSession":   {ctx: context.WithoutCancel},
	"Cancelled":     {ctx: context.WithoutCancel},
	"Left":          {err: func(err error) error { return ifIs(err, puppet.ErrLeft, puppet.ErrNotStopped) }},
	"NotLeft":       {command: func(c *puppet.Command) { c.ID = strings.Repeat("x", 10) + time.Now().Format("150405000000") }},
	"AttachUnknown": {attach: func(error) error { return nil }},
	"AttachEnded":   {attach: func(err error) error { return ifIs(err, puppet.ErrNoCommand, nil) }},
	"Forgotten":     {attach: func(err error) error { return ifIs(err, puppet.ErrNoCommand, nil) }},
	"UsedOnce":      {command: func(c *puppet.Command) { c.ID = "" }},
	"PutPrivate":    {put: func(path string, content []byte) error { return os.WriteFile(path, content, 0o644) }},
	"PutOver": {put: func(path string, content []byte) error {
		f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE, 0o600)
		if err != nil {
			return err
		}
		_, err = f.Write(content)
		return errors.Join(err, f.Close())
	}},
	"GetMissing":  {get: func(_ *puppet.File, err error) error { return ifIs(err, os.ErrNotExist, errors.New("no")) }},
	"GetTooLarge": {get: func(_ *puppet.File, err error) error { return ifIs(err, puppet.ErrTooLarge, nil) }},
	"GetNoFile":   {get: func(*puppet.File, error) error { return nil }},
	"Modified": {get: func(f *puppet.File, err error) error {
		f.Modified = f.Modified.Truncate(time.Second)
		return err
	}},
	"Remove":  {remove: os.Remove},
	"BadPath": {remove: func(string) error { return nil }, put: func(string, []byte) error { return nil }},
}

// ifIs returns another error in the place of one.
func ifIs(err, is, then error) error {
	if errors.Is(err, is) {
		return then
	}
	return err
}

// TestMutants believes the suite only because it finds what is broken.
func TestMutants(t *testing.T) {
	transport, err := local.New(&local.Options{Dir: t.TempDir(), Grace: time.Second})
	if err != nil {
		t.Fatal(err)
	}
	left := maps.Clone(mutants)
	for _, c := range transporttest.Checks() {
		mutant, ok := left[c.Name]
		if !ok {
			continue
		}
		delete(left, c.Name)
		t.Run(c.Name, func(t *testing.T) {
			ctx, done := context.WithTimeout(t.Context(), 3*time.Second)
			defer done()
			mutant.Transport = transport
			err := c.Run(ctx, "node", t.TempDir(), func() puppet.Transport { return &mutant })
			if err == nil {
				t.Error("the check finds nothing wrong")
			}
		})
	}
	for name := range left {
		t.Errorf("there is no check %s", name)
	}
}
