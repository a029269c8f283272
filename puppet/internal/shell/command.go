package shell

import (
	"crypto/rand"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/seed-54b7607b/orchestrator/puppet"
)

// MaxOutput is the most that a command may ask to have kept of its output, in bytes.
const MaxOutput = 64 << 20

const defaultOutput = 1 << 20

var (
	validID  = regexp.MustCompile(`^[A-Za-z0-9-]{1,128}$`)
	validEnv = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)
)

// checkCommand fills in what a command leaves out, and refuses what no shell can pass on. Values of
// the environment are in no message.
func checkCommand(c *puppet.Command) error {
	if c.ID != "" {
		if err := checkID(c.ID); err != nil {
			return err
		}
	}
	if len(c.Argv) == 0 || c.Argv[0] == "" || c.Argv[0][0] == '-' {
		return errors.New("the command has no program")
	}
	for i, word := range c.Argv {
		if strings.ContainsRune(word, 0) {
			return fmt.Errorf("argument %d of the command has a NUL byte", i)
		}
	}
	for name, value := range c.Env {
		if !validEnv.MatchString(name) {
			return fmt.Errorf("the environment of the command has the name %.100q, which must be of letters, digits and _", name)
		}
		if strings.ContainsRune(value, 0) {
			return fmt.Errorf("the value of %s in the environment of the command has a NUL byte", name)
		}
	}
	switch {
	case c.MaxOutput == 0:
		c.MaxOutput = defaultOutput
	case c.MaxOutput < 0 || c.MaxOutput > MaxOutput:
		return fmt.Errorf("the command's MaxOutput is %d, which must be between 0 and %d", c.MaxOutput, MaxOutput)
	}
	return nil
}

// checkID refuses an ID that a path could not hold.
func checkID(id string) error {
	if !validID.MatchString(id) {
		return fmt.Errorf("the command's ID is %.150q, which must be of 1 to 128 letters, digits and hyphens", id)
	}
	return nil
}

// anonymous returns the ID of a command that nobody will pick up.
func anonymous() string { return "anonymous-" + rand.Text() }

// program returns the shell's text for a command: its environment, and its words as "$@".
func program(c puppet.Command, sudo string) string {
	var b strings.Builder
	names := slices.Sorted(maps.Keys(c.Env))
	for _, name := range names {
		fmt.Fprintf(&b, "export %s=%s\n", name, Quote(c.Env[name]))
	}
	b.WriteString("set --")
	if sudo != "" {
		b.WriteString(" " + sudo)
		if len(names) > 0 {
			b.WriteString(" --preserve-env=" + strings.Join(names, ","))
		}
		b.WriteString(" --")
	}
	b.WriteString(" " + Quote(c.Argv...))
	return b.String()
}

// Quote returns words as a POSIX shell reads them back, parted by spaces.
func Quote(words ...string) string {
	quoted := make([]string, len(words))
	for i, word := range words {
		quoted[i] = "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
	}
	return strings.Join(quoted, " ")
}

// judgeSudo tells a command that sudo has not run from one that has failed: both have status 1.
// It is told by what sudo says, as nothing else does.
func judgeSudo(node, program string, exit puppet.Exit) (puppet.Exit, error) {
	said := oneLine(exit.Stderr)
	if exit.Status != 1 || len(exit.Stdout) > 0 || !strings.HasPrefix(said, "sudo: ") && !strings.HasPrefix(said, "Sorry, user ") {
		return exit, nil
	}
	switch {
	case strings.HasSuffix(said, "command not found"):
		exit.Status = 127
		return exit, nil
	case strings.HasPrefix(said, "sudo: a password is required"):
		return puppet.Exit{}, fmt.Errorf("sudo on %s wants a password for %s: sudoers there needs a NOPASSWD rule for it", node, program)
	case strings.HasPrefix(said, "sudo: "):
		return puppet.Exit{}, fmt.Errorf("sudo on %s does not run %s: %s", node, program, strings.TrimPrefix(said, "sudo: "))
	default:
		return puppet.Exit{}, fmt.Errorf("sudo on %s does not permit the user to run %s", node, program)
	}
}
