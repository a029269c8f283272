package shell

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/seed-54b7607b/orchestrator/puppet"
)

// maxNoise bounds what a login shell may say before the answer, and what is kept of an error.
const maxNoise = 64 << 10

// mark begins the answer of node.sh. Before it there is what the files that a login shell reads
// have printed.
const mark = "@@orchestrator "

// answer is what node.sh has said.
type answer struct {
	kind string // done, used, none, lost, left, missing, exit, file

	exit     puppet.Exit
	note     string // what is left, in words
	modified time.Time
	content  []byte
}

var errAnswer = errors.New("the node's answer cannot be understood")

// parseAnswer reads an answer; said is what came on stderr.
func parseAnswer(out, said []byte) (answer, error) {
	_, rest, ok := bytes.Cut(out, []byte(mark))
	if !ok && len(said) > 0 {
		return answer{}, fmt.Errorf("%w: %s", errAnswer, oneLine(said))
	}
	head, body, ended := bytes.Cut(rest, []byte("\n"))
	if !ok || !ended {
		return answer{}, errAnswer
	}
	kind, args, _ := strings.Cut(string(head), " ")
	a := answer{kind: kind}
	switch kind {
	case "done", "used", "none", "lost", "missing":
		return a, nil
	case "left":
		a.note = args
		return a, nil
	case "file":
		a.content = body
		return a, a.readTime(args)
	case "exit":
		return a, a.readExit(args, body)
	default:
		return answer{}, errAnswer
	}
}

// readTime reads seconds since 1970, with a fraction.
func (a *answer) readTime(text string) error {
	whole, fraction, _ := strings.Cut(text, ".")
	seconds, err := strconv.ParseInt(whole, 10, 64)
	nanos, err2 := strconv.ParseInt((fraction + "000000000")[:9], 10, 64)
	if err != nil || err2 != nil || nanos < 0 {
		return errAnswer
	}
	a.modified = time.Unix(seconds, nanos)
	return nil
}

// readExit reads the status, the signal, the sizes of what was printed, whether that is all, and
// how it came to the end.
func (a *answer) readExit(text string, body []byte) error {
	f := strings.Fields(text)
	if len(f) != 6 {
		return errAnswer
	}
	status, err := strconv.ParseUint(f[0], 10, 8)
	stdout, err2 := strconv.ParseUint(f[2], 10, 31)
	stderr, err3 := strconv.ParseUint(f[3], 10, 31)
	if err != nil || err2 != nil || err3 != nil || uint64(len(body)) != stdout+stderr {
		return errAnswer
	}
	a.exit = puppet.Exit{
		Status:  int(status),
		Stdout:  body[:stdout:stdout],
		Stderr:  body[stdout:],
		Cut:     f[4] == "cut",
		Stopped: f[5] == "ended",
	}
	if f[1] != "-" {
		a.exit.Status, a.exit.Signal = -1, f[1]
	}
	return nil
}

// buffer keeps the first bytes written to it, and takes all others as well.
type buffer struct {
	kept  []byte
	limit int
}

// Write keeps what there is room for.
func (b *buffer) Write(p []byte) (int, error) {
	b.kept = append(b.kept, p[:min(len(p), b.limit-len(b.kept))]...)
	return len(p), nil
}

// oneLine makes a message of what a program has printed.
func oneLine(text []byte) string {
	const limit = 500
	text = bytes.TrimSpace(text)
	if len(text) > limit {
		text = text[:limit]
	}
	return strings.Join(strings.Fields(strings.ToValidUTF8(string(text), "?")), " ")
}
