package puppet

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"regexp"
	"strings"
)

// errLocked: another run of the agent was in progress.
var errLocked = errors.New("another run of the agent is in progress")

// whyNoReport tells why the agent has ended without leaving a report.
func (r *Runner) whyNoReport(ctx context.Context, node string, exit Exit) error {
	a, _, err := r.agentOf(ctx, node)
	if err != nil {
		return err
	}
	note, err := r.transport.Get(ctx, node, a.disabled, maxStateFile)
	switch {
	case err == nil:
		return fmt.Errorf("the agent is disabled%s", because(disabledReason(note.Content)))
	case !errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("the agent has left no report: %w", err)
	case locked.Match(exit.Stdout) || locked.Match(exit.Stderr):
		return errLocked
	}
	return fmt.Errorf("the agent has left no report: %s", whyNot(exit))
}

// disabledReason returns what an administrator has said when disabling the agent.
func disabledReason(note []byte) string {
	var said struct {
		Message string `json:"disabled_message"` //nolint:tagliatelle // the name is Puppet's
	}
	if json.Unmarshal(note, &said) != nil {
		return ""
	}
	return said.Message
}

// What programs say, in the words of Puppet 7 and 8 and of sudo.
var (
	locked         = regexp.MustCompile(`Run of Puppet configuration client already in progress`)
	sudoMissing    = regexp.MustCompile(`(?m)^sudo: .*: command not found`)
	sudoRefused    = regexp.MustCompile(`(?m)^sudo: (.+)$|^(Sorry, user .+)$`)
	noCatalog      = regexp.MustCompile(`(?m)^Error: (?:Could not retrieve catalog from remote server|Failed to apply catalog): (.+)$`)
	noConnection   = regexp.MustCompile(`(?m)(Failed to open TCP connection to .+?\))\s*$`)
	noCertificate  = regexp.MustCompile(`(?m)^(?:Exiting; )?((?:no certificate found|failed to retrieve certificate) .+)$`)
	resourceFailed = regexp.MustCompile(`(?m)^Error: (/Stage\[.+)$`)
	caught         = regexp.MustCompile(`(?m)^Notice: (Caught \S+); exiting`)
	anyError       = regexp.MustCompile(`(?m)^Error: (?:Could not run: |Could not parse application options: )?(.+)$`)
	notFacter      = regexp.MustCompile(`(?m)^Error: Facter: .*$`)
)

// whyNoCatalog returns why an agent has got no catalog.
func whyNoCatalog(exit Exit) string {
	if said := first(exit, noConnection, noCatalog); said != "" {
		return said
	}
	return whyNot(exit)
}

// whyFailed returns why a run has failed, or "".
func whyFailed(exit Exit) string { return first(exit, resourceFailed, caught, anyError) }

// whyNot returns why a program has not done its work: what it says itself, or else how it ended.
func whyNot(exit Exit) string {
	if said := first(exit, sudoRefused, noConnection, noCertificate, anyError, caught); said != "" {
		if sudoRefused.Match(exit.Stderr) {
			return "sudo refuses to run it: " + said
		}
		return said
	}
	how := fmt.Sprintf("it ended with status %d", exit.Status)
	if exit.Signal != "" {
		how = "it was ended by the signal " + exit.Signal
	}
	return how + because(lastLine(notFacter.ReplaceAll(exit.Stderr, nil)))
}

// first returns what the first of the patterns that occurs in the output has found.
func first(exit Exit, patterns ...*regexp.Regexp) string {
	for _, pattern := range patterns {
		for _, output := range [][]byte{exit.Stderr, exit.Stdout} {
			for i, said := range pattern.FindSubmatch(notFacter.ReplaceAll(output, nil)) {
				if i > 0 && len(said) > 0 {
					return strings.TrimSpace(string(said))
				}
			}
		}
	}
	return ""
}

// lastLine returns the last line of a text that is not empty.
func lastLine(text []byte) string {
	text = bytes.TrimSpace(text)
	return string(bytes.TrimSpace(text[bytes.LastIndexByte(text, '\n')+1:]))
}
