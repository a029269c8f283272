package local_test

import (
	"errors"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/seed-54b7607b/orchestrator"
	"github.com/seed-54b7607b/orchestrator/puppet"
	"github.com/seed-54b7607b/orchestrator/puppet/local"
	"github.com/seed-54b7607b/orchestrator/puppet/transporttest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// open returns a transport whose commands are in dir.
func open(t *testing.T, dir string) *local.Transport {
	t.Helper()
	transport, err := local.New(&local.Options{Dir: dir, Grace: time.Second})
	if err != nil {
		t.Fatal(err)
	}
	return transport
}

func TestTransport(t *testing.T) {
	dir := t.TempDir()
	transporttest.Run(t, "node.example", func(t *testing.T) puppet.Transport { return open(t, dir) })
}

func TestOptions(t *testing.T) {
	t.Setenv("HOME", t.TempDir())
	for _, opts := range []*local.Options{nil, {}, {Dir: t.TempDir()}, {Grace: 2 * time.Second}} {
		if _, err := local.New(opts); err != nil {
			t.Errorf("%+v: %v", opts, err)
		}
	}
	for _, opts := range []local.Options{{Dir: "relative"}, {Grace: -1}, {Grace: time.Millisecond}} {
		if _, err := local.New(&opts); !errors.Is(err, orchestrator.ErrInvalid) {
			t.Errorf("%+v: the error is %v", opts, err)
		}
	}
	t.Setenv("HOME", "")
	if _, err := local.New(nil); err == nil {
		t.Error("there is no home directory, and no error")
	}
}
