package transporttest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"strconv"
	"strings"

	"github.com/seed-54b7607b/orchestrator/puppet"
)

func commandChecks() []Check {
	return []Check{
		{"Argv", "the program and its arguments, for which no shell is asked", checkArgv},
		{"Env", "added to the environment", checkEnv},
		{"EnvIsHidden", "the environment and stdin are in no argument list", checkHidden},
		{"Stdin", "stdin reaches the command byte by byte, and ends", checkStdin},
		{"NoStdin", "without stdin a command reads the end of it", checkNoStdin},
		{"Output", "stdout and stderr are kept apart, byte by byte", checkOutput},
		{"Cut", "the first MaxOutput bytes are kept; the rest is read and dropped, and Cut says so", checkCut},
		{"Uncut", "output of exactly MaxOutput bytes is whole", checkUncut},
		{"Status", "the exit status", checkStatus},
		{"Signal", "the name of the signal that ended it, and -1 as its status", checkSignal},
		{"Missing", "a program that is not there is an error or status 127, with words that say so", checkMissing},
		{"NotExecutable", "a file that is no program is an error or status 126, with words that say so", checkNotExecutable},
		{"Umask", "a command makes files as others of its user do", checkUmask},
		{"Invalid", "a command that cannot be passed on is an error that shows no secret", checkInvalid},
		{"Many", "all methods may be called from many goroutines at once", checkMany},
		{"Background", "a command has ended when its process has, whatever holds its output open", checkBackground},
	}
}

// awkward are the words that shells take for something else.
var awkward = []string{
	"", " ", "a b", "it's", `"`, `\`, `\n`, "\n", "a\nb\n", "\t", "$HOME", "${x}", "$(id)", "`id`", "*", "?", "[a]", "~", "!", "!!", "#", "&", "&&",
	"|", ";", "<x", ">x", "(", ")", "{a,b}", "-n", "--", "%s", "%%", "'\\''", `'"'"'`, "ä€😀", "\xff\xfe", "\x01\x1b[0m\x7f", strings.Repeat("'", 50),
}

func checkArgv(ctx context.Context, s *scene) error {
	got, err := s.run(ctx, sh(`for word; do printf '%s\0' "$word"; done`, awkward...))
	if err != nil {
		return err
	}
	if want := strings.Join(awkward, "\x00") + "\x00"; got != want {
		return fmt.Errorf("the arguments %q arrived as %q", want, got)
	}
	return nil
}

func checkEnv(ctx context.Context, s *scene) error {
	c := sh(`[ -n "$PATH" ] || echo no PATH; i=0; while [ $i -lt ` + strconv.Itoa(len(awkward)) + ` ]; do eval "printf '%s\\0' \"\$PT_$i\""; i=$((i + 1)); done`)
	c.Env = map[string]string{}
	for i, value := range awkward {
		c.Env["PT_"+strconv.Itoa(i)] = value
	}
	got, err := s.run(ctx, c)
	if err != nil {
		return err
	}
	if want := strings.Join(awkward, "\x00") + "\x00"; got != want {
		return fmt.Errorf("the values %q arrived as %q", want, got)
	}
	return nil
}

func checkHidden(ctx context.Context, s *scene) error {
	secret := "secret-" + newID()
	if err := os.WriteFile(s.path("secret"), []byte(secret), 0o600); err != nil {
		return err
	}
	c := sh(`cat /proc/[0-9]*/cmdline 2>/dev/null | grep -a -c -F -f "$1"; cat`, s.path("secret"))
	c.Env = map[string]string{"PT_hidden": secret}
	c.Stdin = []byte(secret)
	exit, err := s.t.Run(ctx, s.node, c)
	if err != nil || string(exit.Stdout) != "0\n"+secret {
		return fmt.Errorf("the argument lists of all processes were searched with %q: %w", exit.Stdout, err)
	}
	return nil
}

func checkStdin(ctx context.Context, s *scene) error {
	all := make([]byte, 256<<10)
	for i := range all {
		all[i] = byte(i * 7)
	}
	for _, stdin := range [][]byte{{0}, []byte("\n"), []byte("no newline"), []byte("x\n"), all} {
		c := sh("cat")
		c.Stdin = stdin
		got, err := s.run(ctx, c)
		if err != nil {
			return err
		}
		if got != string(stdin) {
			return fmt.Errorf("%d bytes of stdin arrived as %d others", len(stdin), len(got))
		}
	}
	return nil
}

func checkNoStdin(ctx context.Context, s *scene) error {
	got, err := s.run(ctx, sh("cat; echo end"))
	if err == nil && got != "end\n" {
		err = fmt.Errorf("the command has read %q", got)
	}
	return err
}

func checkOutput(ctx context.Context, s *scene) error {
	exit, err := s.t.Run(ctx, s.node, sh(`printf 'out\0\377\n'; printf 'err\r\n\n' >&2; printf more`))
	if err != nil {
		return err
	}
	if string(exit.Stdout) != "out\x00\xff\nmore" || string(exit.Stderr) != "err\r\n\n" || exit.Cut {
		return fmt.Errorf("stdout %q, stderr %q, Cut %t", exit.Stdout, exit.Stderr, exit.Cut)
	}
	return nil
}

func checkCut(ctx context.Context, s *scene) error {
	c := sh(`head -c 3000000 /dev/zero; printf abcdef >&2; exit 4`)
	c.MaxOutput = 5
	exit, err := s.t.Run(ctx, s.node, c)
	if err != nil {
		return err
	}
	if string(exit.Stdout) != "\x00\x00\x00\x00\x00" || string(exit.Stderr) != "abcde" || !exit.Cut || exit.Status != 4 {
		return fmt.Errorf("stdout %q, stderr %q, Cut %t, status %d", exit.Stdout, exit.Stderr, exit.Cut, exit.Status)
	}
	return nil
}

func checkUncut(ctx context.Context, s *scene) error {
	c := sh(`printf 12345; printf abcde >&2`)
	c.MaxOutput = 5
	exit, err := s.t.Run(ctx, s.node, c)
	if err != nil {
		return err
	}
	if string(exit.Stdout) != "12345" || string(exit.Stderr) != "abcde" || exit.Cut {
		return fmt.Errorf("stdout %q, stderr %q, Cut %t", exit.Stdout, exit.Stderr, exit.Cut)
	}
	return nil
}

func checkStatus(ctx context.Context, s *scene) error {
	for _, status := range []int{0, 1, 2, 4, 6, 126, 127, 128, 129, 130, 137, 141, 143, 255} {
		exit, err := s.t.Run(ctx, s.node, sh("exit "+strconv.Itoa(status)))
		if err != nil {
			return fmt.Errorf("exit %d: %w", status, err)
		}
		if exit.Status != status || exit.Signal != "" || exit.Stopped {
			return fmt.Errorf("exit %d is status %d, signal %q, Stopped %t", status, exit.Status, exit.Signal, exit.Stopped)
		}
	}
	return nil
}

func checkSignal(ctx context.Context, s *scene) error {
	for _, signal := range []string{"KILL", "USR1", "SEGV", "TERM"} {
		exit, err := s.t.Run(ctx, s.node, sh("kill -"+signal+" $$; exit 3"))
		if err != nil {
			return fmt.Errorf("%s: %w", signal, err)
		}
		if exit.Status != -1 || exit.Signal != signal || exit.Stopped {
			return fmt.Errorf("%s is status %d, signal %q, Stopped %t", signal, exit.Status, exit.Signal, exit.Stopped)
		}
	}
	return nil
}

func checkMissing(ctx context.Context, s *scene) error {
	for _, program := range []string{"no-such-program-anywhere", s.path("no-such-file")} {
		exit, err := s.t.Run(ctx, s.node, puppet.Command{Argv: []string{program, "x"}})
		switch {
		case errors.Is(err, exec.ErrNotFound), errors.Is(err, fs.ErrNotExist):
		case err != nil:
			return fmt.Errorf("%s: %w", program, err)
		case exit.Status != 127 || !strings.Contains(string(exit.Stderr), "not found") && !strings.Contains(string(exit.Stderr), "No such file"):
			return fmt.Errorf("%s: status %d, stderr %q", program, exit.Status, exit.Stderr)
		}
	}
	return nil
}

func checkNotExecutable(ctx context.Context, s *scene) error {
	file := s.path("text")
	if err := os.WriteFile(file, []byte("no program\n"), 0o600); err != nil {
		return err
	}
	exit, err := s.t.Run(ctx, s.node, puppet.Command{Argv: []string{file}})
	switch {
	case errors.Is(err, fs.ErrPermission):
		return nil
	case err != nil:
		return err
	case exit.Status != 126 || !strings.Contains(strings.ToLower(string(exit.Stderr)), "permission denied"):
		return fmt.Errorf("status %d, stderr %q", exit.Status, exit.Stderr)
	}
	return nil
}

func checkUmask(ctx context.Context, s *scene) error {
	want, err := exec.CommandContext(ctx, "/bin/sh", "-c", "umask").Output()
	if err != nil {
		return err
	}
	got, err := s.run(ctx, sh("umask"))
	if err == nil && got != string(want) {
		err = fmt.Errorf("the umask is %q instead of %q", got, want)
	}
	return err
}

func checkInvalid(ctx context.Context, s *scene) error {
	const secret = "s3cret"
	for what, c := range map[string]puppet.Command{
		"no program":          {},
		"empty program":       {Argv: []string{"", "x"}},
		"NUL in an argument":  {Argv: []string{"echo", "a\x00" + secret}},
		"NUL in a value":      {Argv: []string{"true"}, Env: map[string]string{"PT_x": secret + "\x00"}},
		"name with =":         {Argv: []string{"true"}, Env: map[string]string{"A=B": secret}},
		"empty name":          {Argv: []string{"true"}, Env: map[string]string{"": secret}},
		"name with a command": {Argv: []string{"true"}, Env: map[string]string{"A;id": secret}},
		"ID that is a path":   {ID: "../x", Argv: []string{"true"}},
		"ID with a space":     {ID: "a b", Argv: []string{"true"}},
		"negative MaxOutput":  {Argv: []string{"true"}, MaxOutput: -1},
	} {
		if _, err := s.t.Run(ctx, s.node, c); err == nil || strings.Contains(err.Error(), secret) {
			return fmt.Errorf("%s: the error is %w", what, err)
		}
	}
	return nil
}

func checkMany(ctx context.Context, s *scene) error {
	ended := make(chan error)
	for i := range 50 {
		go func() { ended <- checkOneOfMany(ctx, s, i) }()
	}
	var errs []error
	for range 50 {
		errs = append(errs, <-ended)
	}
	return errors.Join(errs...)
}

func checkOneOfMany(ctx context.Context, s *scene, i int) error {
	c := sh(`cat; echo "$1" >&2; exit "$1"`, strconv.Itoa(i))
	c.Stdin = bytes.Repeat([]byte{byte(i)}, 1000)
	if i%2 == 0 {
		c.ID = newID()
	}
	exit, err := s.t.Run(ctx, s.node, c)
	if err == nil && (exit.Status != i || !bytes.Equal(exit.Stdout, c.Stdin) || string(exit.Stderr) != strconv.Itoa(i)+"\n") {
		err = fmt.Errorf("command %d has the status %d, %d bytes of stdout, stderr %q", i, exit.Status, len(exit.Stdout), exit.Stderr)
	}
	return err
}

func checkBackground(ctx context.Context, s *scene) error {
	exit, err := s.t.Run(ctx, s.node, sh(`sleep 300 & echo $! >"$1"; echo said; exit 5`, s.path("pids")))
	left, perr := pids(s.path("pids"))
	if perr != nil {
		return perr
	}
	defer kill(left)
	if err != nil || exit.Status != 5 || string(exit.Stdout) != "said\n" || !running(left[0]) {
		return fmt.Errorf("status %d, stdout %q, and what it left runs: %t: %w", exit.Status, exit.Stdout, running(left[0]), err)
	}
	return nil
}
