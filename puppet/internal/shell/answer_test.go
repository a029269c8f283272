package shell

import (
	"bytes"
	"errors"
	"io"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/seed-54b7607b/orchestrator/puppet"
)

func TestParseAnswer(t *testing.T) {
	for _, test := range []struct {
		out  string
		want answer
	}{
		{"@@orchestrator done\n", answer{kind: "done"}},
		{"Welcome!\n\n@@orchestrator none\n", answer{kind: "none"}},
		{"@@orchestrator left these are there: 1 2\n", answer{kind: "left", note: "these are there: 1 2"}},
		{"@@orchestrator exit 3 - 2 1 whole alone\nabc", answer{kind: "exit", exit: puppet.Exit{Status: 3, Stdout: []byte("ab"), Stderr: []byte("c")}}},
		{"@@orchestrator exit 143 TERM 0 0 cut ended\n", answer{
			kind: "exit", exit: puppet.Exit{Status: -1, Signal: "TERM", Stdout: []byte{}, Stderr: []byte{}, Cut: true, Stopped: true},
		}},
		{"@@orchestrator file 1700000000.25\nx\n", answer{kind: "file", modified: time.Unix(1700000000, 250_000_000), content: []byte("x\n")}},
		{"@@orchestrator file 1700000000\n", answer{kind: "file", modified: time.Unix(1700000000, 0), content: []byte{}}},
	} {
		if got, err := parseAnswer([]byte(test.out), nil); err != nil || !reflect.DeepEqual(got, test.want) {
			t.Errorf("%q is %+v, %v", test.out, got, err)
		}
	}
}

func TestAnswersThatAreNone(t *testing.T) {
	for _, out := range []string{
		"", "\n", "hello\n", "@@orchestrator ", "@@orchestrator done", "@@orchestrator what\n",
		"@@orchestrator exit\n", "@@orchestrator exit 0 - 0 0 whole\n", "@@orchestrator exit 256 - 0 0 whole alone\n",
		"@@orchestrator exit -1 - 0 0 whole alone\n", "@@orchestrator exit 0 - 1 1 whole alone\nx", "@@orchestrator exit 0 - 0 0 whole alone\nx",
		"@@orchestrator exit 0 - 99999999999 0 whole alone\n", "@@orchestrator file now\n", "@@orchestrator file 1.-2\n",
	} {
		if got, err := parseAnswer([]byte(out), nil); !errors.Is(err, errAnswer) {
			t.Errorf("%q is %+v, %v", out, got, err)
		}
	}
	_, err := parseAnswer([]byte("This account\n"), []byte("is currently\nnot available\n"))
	if !errors.Is(err, errAnswer) || !strings.Contains(err.Error(), "is currently not available") {
		t.Errorf("the error is %v", err)
	}
}

func FuzzParseAnswer(f *testing.F) {
	f.Add([]byte("x@@orchestrator exit 3 - 2 1 whole alone\nabc"), []byte("noise"))
	f.Add([]byte("@@orchestrator file 1700000000.25\nx\n"), []byte{})
	f.Fuzz(func(t *testing.T, out, said []byte) {
		a, err := parseAnswer(out, said)
		if err != nil && !errors.Is(err, errAnswer) {
			t.Errorf("the error is %v", err)
		}
		if err == nil && len(a.exit.Stdout)+len(a.exit.Stderr)+len(a.content) > len(out) {
			t.Errorf("%d bytes have become more: %+v", len(out), a)
		}
	})
}

func FuzzLine(f *testing.F) {
	f.Add("a\\nb\nc\\\\")
	f.Fuzz(func(t *testing.T, text string) {
		got := line(text)
		if strings.Count(got, "\n") != 1 || !strings.HasSuffix(got, "\n") {
			t.Errorf("%q is no line", got)
		}
		back := strings.NewReplacer(`\\`, `\`, `\n`, "\n").Replace(strings.TrimSuffix(got, "\n"))
		if back != text {
			t.Errorf("%q is read as %q", text, back)
		}
	})
}

func TestBufferTakesAllAndKeepsTheFirst(t *testing.T) {
	b := &buffer{limit: 5}
	n, err := io.Copy(b, strings.NewReader(strings.Repeat("abc", 100_000)))
	if n != 300_000 || err != nil || !bytes.Equal(b.kept, []byte("abcab")) {
		t.Errorf("of %d bytes %q were kept, %v", n, b.kept, err)
	}
}

func TestDirectory(t *testing.T) {
	seen := map[string]string{}
	for _, node := range []string{"web1.example", "a/b", "a", "..", ".", ".a", "%2E", "%2Ea", "a b", "it's", "", "ä"} {
		dir := directory("/state", node)
		if node != "" && (!strings.HasPrefix(dir, "/state/") || strings.Count(dir, "/") != 2) {
			t.Errorf("%q has the directory %s", node, dir)
		}
		if other, ok := seen[dir]; ok {
			t.Errorf("%q and %q have the same directory %s", node, other, dir)
		}
		seen[dir] = node
	}
}
