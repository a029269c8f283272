package shell

import (
	"bytes"
	_ "embed"
	"fmt"
	"io"
	"net/url"
	"path"
	"strings"
)

//go:embed node.sh
var script string

// bootstrap has a shell run the script which it reads, with the variables which it reads. It is one
// line, since it passes through the login shell of a user, which may be any.
const bootstrap = `IFS= read -r script && IFS= read -r set && eval "$(printf %b "$set")" && eval "$(printf %b "$script")"`

// request is one thing for node.sh to do.
type request struct {
	verb    string
	id      string // of the command concerned, if one is
	vars    []variable
	input   io.Reader // what follows, or nil
	answers int       // how many bytes the answer may have
	long    bool
}

type variable struct {
	name  string
	value any
}

// argv is what the processes of a node show: no more than what is going on.
func (r *request) argv() []string {
	argv := []string{"/bin/sh", "-c", bootstrap, "orchestrator", r.verb}
	if r.id != "" {
		argv = append(argv, r.id)
	}
	return argv
}

func (r *request) stdin() io.Reader {
	var set strings.Builder
	for _, v := range append(r.vars, variable{"verb", r.verb}, variable{"id", r.id}) {
		fmt.Fprintf(&set, "%s=%s\n", v.name, Quote(fmt.Sprint(v.value)))
	}
	head := bytes.NewReader([]byte(line(script) + line(set.String())))
	if r.input == nil {
		return head
	}
	return io.MultiReader(head, r.input)
}

// escapes is what printf %b undoes.
var escapes = strings.NewReplacer(`\`, `\\`, "\n", `\n`)

// line returns a text as one line.
func line(text string) string { return escapes.Replace(text) + "\n" }

// directory returns where the commands of a node are kept. One machine may be several nodes.
func directory(dir, node string) string {
	name := url.PathEscape(node)
	if strings.HasPrefix(name, ".") {
		name = "%2E" + name[1:]
	}
	return path.Join(dir, name)
}
