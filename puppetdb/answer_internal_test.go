package puppetdb

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed-54b7607b/orchestrator"
)

func TestCertnamesOfRecordedAnswers(t *testing.T) {
	for file, want := range map[string][]string{
		"pdb-nodes.json":   {"failing1", "pdbnode1", "nocompile1"},
		"pdb-reports.json": {"nocompile1", "pdbnode1", "failing1"},
	} {
		text, err := os.ReadFile("testdata/" + file)
		require.NoError(t, err)
		for _, r := range []io.Reader{strings.NewReader(string(text)), iotest.OneByteReader(strings.NewReader(string(text)))} {
			got, err := certnames(r, maxNames)
			require.NoError(t, err)
			assert.Equal(t, want, got, file)
		}
	}
}

func TestAnswers(t *testing.T) {
	const missing = "it has to return the certname of nodes, and element 1 of its answer has none"
	for _, test := range []struct {
		text    string
		names   []string
		problem string // of the query
		err     string // of the answer
	}{
		{text: `[]`},
		{text: ` [ ] ` + "\n"},
		{text: `[{"certname":"b"},{"certname":"a","x":[{"certname":3}]},{"certname":"b"}]`, names: []string{"b", "a"}},
		{text: `[{"certname":"a"},{"count":5}]`, problem: missing},
		{text: `[{"certname":"a"},{"certname":null}]`, problem: missing},
		{text: `[{"certname":"a"},{"certname":5}]`, problem: missing},
		{text: `[{"certname":"a"},null]`, problem: missing},
		{text: `[{"certname":"a"},"b"]`, problem: missing},
		{text: `[{"certname":"a"},["b"]]`, problem: missing},
		{text: `[{"certname":"-oProxyCommand=x"}]`, problem: `its answer has a certname that cannot be the name of a node: "-oProxyCommand=x"`},
		{text: `[{"certname":""}]`, problem: `its answer has a certname that cannot be the name of a node: ""`},
		{text: `[{"certname":"` + strings.Repeat("é", 200) + `"}]`, problem: `its answer has a certname that cannot be the name of a node: "` + strings.Repeat("é", 50) + `"…`},
		{text: ``, err: "unexpected EOF"},
		{text: `[`, err: "unexpected EOF"},
		{text: `[{"certname":"a"}`, err: "unexpected EOF"},
		{text: `[{"certname":"a"},`, err: "unexpected EOF"},
		{text: `[{"certname":"a"}]]`, err: "invalid character ']' looking for beginning of value"},
		{text: `[{"certname":"a"}] []`, err: "does not end with its list"},
		{text: `{"certname":"a"}`, err: "is no list"},
		{text: `null`, err: "is no list"},
		{text: `<html>`, err: "invalid character '<' looking for beginning of value"},
		{text: `[{"certname":"a"} {"certname":"b"}]`, err: "expected comma after array element"},
	} {
		names, err := certnames(strings.NewReader(test.text), maxNames)
		assert.Equal(t, test.names, names, test.text)
		problem, blame := errors.AsType[queryError](err)
		assert.Equal(t, test.problem, string(problem), test.text)
		if blame || err == nil {
			assert.Empty(t, test.err, test.text)
			continue
		}
		assert.Contains(t, err.Error(), test.err, test.text)
	}
}

// many reads as a list of nodes that does not end.
type many struct {
	next int
	rest []byte
}

func (m *many) Read(p []byte) (int, error) {
	if len(m.rest) == 0 {
		sep := ","
		if m.next == 0 {
			sep = "["
		}
		m.rest = fmt.Appendf(nil, `%s{"certname":"n%d"}`, sep, m.next)
		m.next++
	}
	n := copy(p, m.rest)
	m.rest = m.rest[n:]
	return n, nil
}

func TestAnswersWithTooManyNodes(t *testing.T) {
	_, err := certnames(&many{}, 1000)
	assert.EqualError(t, err, "its answer has more than 1000 nodes")
}

func FuzzCertnames(f *testing.F) {
	for _, seed := range []string{`[{"certname":"a"},{"certname":"b"}]`, `[{"certname":"a"},5]`, `[{"CERTNAME":"a"}]`, `[] []`, `[[[`, `{`} {
		f.Add([]byte(seed))
	}
	for _, file := range []string{"testdata/pdb-nodes.json", "testdata/pdb-reports.json"} {
		text, err := os.ReadFile(file)
		require.NoError(f, err)
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		names, err := certnames(strings.NewReader(string(text)), maxNames)
		if err != nil {
			require.Nil(t, names)
			return
		}
		var want []struct {
			Certname string `json:"certname"`
		}
		require.NoError(t, json.Unmarshal(text, &want))
		seen := make(map[string]bool)
		for _, w := range want {
			require.Contains(t, names, w.Certname)
			seen[w.Certname] = true
		}
		require.Len(t, names, len(seen))
		for _, name := range names {
			require.NoError(t, orchestrator.ValidNodeName(name))
		}
	})
}
