package transporttest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/seed-54b7607b/orchestrator/puppet"
)

func fileChecks() []Check {
	return []Check{
		{"PutAndGet", "Put writes a file and Get reads it, byte by byte, under any name", checkPutGet},
		{"PutPrivate", "only its owner can read a file, and the directories above it that were missing", checkPutPrivate},
		{"PutOver", "Put replaces a file, and no directory", checkPutOver},
		{"GetMissing", "Get returns an error that matches fs.ErrNotExist if there is no file", checkGetMissing},
		{"GetTooLarge", "Get returns ErrTooLarge for a file of more than limit bytes", checkGetTooLarge},
		{"GetNoFile", "Get of what is no file is an error, and does not wait for it", checkGetNoFile},
		{"Modified", "Get returns when the file was modified", checkModified},
		{"Remove", "Remove removes a file, or a directory with all that is in it; it is no error if there is none", checkRemove},
		{"BadPath", "a path that is none is an error", checkBadPath},
	}
}

func checkPutGet(ctx context.Context, s *scene) error {
	all := make([]byte, 300<<10)
	for i := range all {
		all[i] = byte(i * 11)
	}
	for i, name := range []string{"plain", "a b/c d", "it's", `"q"`, "-n", "$HOME", "new\nline", "ä€", "*", `back\slash`, "deep/er/est"} {
		content := all[:i*30000]
		if err := s.t.Put(ctx, s.node, s.path(name), content); err != nil {
			return fmt.Errorf("%q: %w", name, err)
		}
		local, err := os.ReadFile(s.path(name))
		if err != nil || !bytes.Equal(local, content) {
			return fmt.Errorf("%q: %d bytes were written as %d: %w", name, len(content), len(local), err)
		}
		got, err := s.t.Get(ctx, s.node, s.path(name), int64(len(content)))
		if err != nil || !bytes.Equal(got.Content, content) {
			return fmt.Errorf("%q: %d bytes were read as %d: %w", name, len(content), len(got.Content), err)
		}
	}
	return nil
}

func checkPutPrivate(ctx context.Context, s *scene) error {
	if err := s.t.Put(ctx, s.node, s.path("a/b/file"), []byte("x")); err != nil {
		return err
	}
	for name, want := range map[string]fs.FileMode{"a": 0o700, "a/b": 0o700, "a/b/file": 0o600} {
		info, err := os.Stat(s.path(name))
		if err != nil {
			return err
		}
		if got := info.Mode().Perm(); got != want {
			return fmt.Errorf("%s has the mode %o instead of %o", name, got, want)
		}
	}
	return nil
}

func checkPutOver(ctx context.Context, s *scene) error {
	for _, content := range []string{"a long text", "short", ""} {
		if err := s.t.Put(ctx, s.node, s.path("file"), []byte(content)); err != nil {
			return err
		}
		if got, err := os.ReadFile(s.path("file")); string(got) != content {
			return fmt.Errorf("%q was written as %q: %w", content, got, err)
		}
	}
	if err := os.Mkdir(s.path("dir"), 0o700); err != nil {
		return err
	}
	if err := s.t.Put(ctx, s.node, s.path("dir"), nil); err == nil {
		return errors.New("a directory was written over")
	}
	return nil
}

func checkGetMissing(ctx context.Context, s *scene) error {
	for _, name := range []string{"none", "none/at all", "it's none"} {
		if _, err := s.t.Get(ctx, s.node, s.path(name), 10); !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("%s: the error is %w", name, err)
		}
	}
	return nil
}

func checkGetTooLarge(ctx context.Context, s *scene) error {
	if err := os.WriteFile(s.path("file"), []byte("12345"), 0o600); err != nil {
		return err
	}
	for _, limit := range []int64{0, 1, 4} {
		if f, err := s.t.Get(ctx, s.node, s.path("file"), limit); !errors.Is(err, puppet.ErrTooLarge) || f.Content != nil {
			return fmt.Errorf("limit %d: %q, and the error is %w", limit, f.Content, err)
		}
	}
	f, err := s.t.Get(ctx, s.node, s.path("file"), 5)
	if err != nil || string(f.Content) != "12345" {
		return fmt.Errorf("limit 5: %q, and the error is %w", f.Content, err)
	}
	return nil
}

func checkGetNoFile(ctx context.Context, s *scene) error {
	if _, err := s.run(ctx, sh(`mkfifo "$1"`, s.path("fifo"))); err != nil {
		return err
	}
	for _, path := range []string{s.dir, s.path("fifo"), "/dev/zero"} {
		if _, err := s.t.Get(ctx, s.node, path, 10); err == nil || errors.Is(err, fs.ErrNotExist) || errors.Is(err, context.DeadlineExceeded) {
			return fmt.Errorf("%s: the error is %w", filepath.Base(path), err)
		}
	}
	return nil
}

func checkModified(ctx context.Context, s *scene) error {
	if err := os.WriteFile(s.path("file"), nil, 0o600); err != nil {
		return err
	}
	for _, at := range []time.Time{time.Unix(1700000000, 0), time.Unix(1700000000, 250_000_000)} {
		if err := os.Chtimes(s.path("file"), at, at); err != nil {
			return err
		}
		f, err := s.t.Get(ctx, s.node, s.path("file"), 10)
		if err != nil || !f.Modified.Equal(at) {
			return fmt.Errorf("%v was read as %v: %w", at, f.Modified, err)
		}
	}
	return nil
}

func checkRemove(ctx context.Context, s *scene) error {
	for _, name := range []string{"file", "a b/it's"} {
		if err := s.t.Put(ctx, s.node, s.path(name), []byte("x")); err != nil {
			return err
		}
	}
	if err := os.WriteFile(s.path("stays"), nil, 0o600); err != nil {
		return err
	}
	for _, name := range []string{"file", "a b", "none", "none/at all"} {
		if err := s.t.Remove(ctx, s.node, s.path(name)); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		if _, err := os.Lstat(s.path(name)); err == nil {
			return fmt.Errorf("%s is still there", name)
		}
	}
	_, err := os.Stat(s.path("stays"))
	return err
}

func checkBadPath(ctx context.Context, s *scene) error {
	for _, path := range []string{"", "/", "//", "/..", "relative", s.dir + "/a\x00b"} {
		_, get := s.t.Get(ctx, s.node, path, 10)
		if get == nil || s.t.Put(ctx, s.node, path, nil) == nil || s.t.Remove(ctx, s.node, path) == nil {
			return fmt.Errorf("%q was taken for a path", path)
		}
	}
	return nil
}
