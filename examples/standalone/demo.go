//go:build unix

package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/seed-54b7607b/orchestrator"
)

const (
	demoFails  = "web-07.example.com"
	demoAbsent = "db-03.example.com"
)

// demoNodes returns the names of the 25 nodes of the demo.
func demoNodes() []string {
	var nodes []string
	for _, group := range []struct {
		name  string
		count int
	}{{"web", 15}, {"app", 5}, {"db", 5}} {
		for i := range group.count {
			nodes = append(nodes, fmt.Sprintf("%s-%02d.example.com", group.name, i+1))
		}
	}
	return nodes
}

// runDemo runs a process for a node of the demo, which takes a second or two.
func runDemo(ctx context.Context, req orchestrator.RunRequest) (orchestrator.RunResult, error) {
	i := slices.Index(demoNodes(), req.Node)
	script := fmt.Sprintf(`sleep 1.%d; printf '{"kernel": "%%s", "pid": %%d}' "$(uname -sr)" $$`, i*7%10)
	switch {
	case i < 0:
		return orchestrator.RunResult{}, errors.New("this server runs the demo, which has no such node; its first is " + demoNodes()[0])
	case req.Node == demoFails:
		script = "sleep 1; echo 'no space left on /var' >&2; exit 1"
	case req.Node == demoAbsent:
		return runProcess(ctx, []string{"/nonexistent/agent"}, req)
	}
	return runProcess(ctx, []string{"sh", "-c", script}, req)
}

// demo deploys to the demo's nodes as any client would, shows how the job goes on, and ends with
// what came of it.
func demo(ctx context.Context, base string, out io.Writer) error {
	c := client{ctx: ctx, base: base}
	var created struct{ Job struct{ Name string } }
	err := c.call(http.MethodPost, "/command/deploy", map[string]any{
		"environment": "production",
		"description": "demo",
		"scope":       map[string]any{"nodes": demoNodes()},
	}, &created)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "\nJob %s: a command on %d nodes, of which one will fail and one cannot be started\n\n", created.Job.Name, len(demoNodes()))
	state, err := c.follow(created.Job.Name, out)
	if err != nil {
		return err
	}
	return c.summarise(created.Job.Name, state, out)
}

// follow shows the progress of a job until it has ended, and returns its last state. In a terminal
// that is one line, which is written over by the next, or by what is logged.
func (c client) follow(name string, out io.Writer) (string, error) {
	terminal := isTerminal(out)
	if terminal {
		defer fmt.Fprintln(out)
	}
	for last := ""; ; {
		var job progress
		if err := c.call(http.MethodGet, "/jobs/"+name, nil, &job); err != nil {
			return "", err
		}
		line := job.String()
		switch {
		case terminal:
			fmt.Fprintf(out, "%-79s\r", job.bar()+" "+line)
		case line != last:
			fmt.Fprintln(out, line)
		}
		last = line
		if slices.Contains([]string{"finished", "failed", "stopped"}, job.State) {
			return job.State, nil
		}
		select {
		case <-time.After(250 * time.Millisecond):
		case <-c.ctx.Done():
			return "", c.ctx.Err()
		}
	}
}

// progress is what the demo reads of a job.
type progress struct {
	State string
	Total int            `json:"node_count"`
	Nodes map[string]int `json:"node_states"`
}

func (p progress) ended() int {
	return p.Nodes["finished"] + p.Nodes["failed"] + p.Nodes["errored"] + p.Nodes["skipped"]
}

func (p progress) bar() string {
	return "[" + strings.Repeat("#", p.ended()) + strings.Repeat(".", p.Total-p.ended()) + "]"
}

// String is at most 51 columns wide for the nodes of the demo, so that a line of it and of the bar fits into 80.
func (p progress) String() string {
	return fmt.Sprintf("%2d/%d: %d running, %d finished, %d failed, %d errored",
		p.ended(), p.Total, p.Nodes["running"], p.Nodes["finished"], p.Nodes["failed"], p.Nodes["errored"])
}

// summarise prints a line for each outcome, and where to look further.
func (c client) summarise(name, state string, out io.Writer) error {
	var nodes struct {
		Items []struct {
			Name, State string
			Details     struct{ Message string }
		}
	}
	if err := c.call(http.MethodGet, "/jobs/"+name+"/nodes", nil, &nodes); err != nil {
		return err
	}
	type outcome struct {
		count   int
		example string
	}
	outcomes := make(map[string]outcome)
	for _, n := range nodes.Items {
		o := outcomes[n.State]
		outcomes[n.State] = outcome{o.count + 1, cmp.Or(o.example, n.Name+": "+n.Details.Message)}
	}
	fmt.Fprintf(out, "\nJob %s is %s.\n\n", name, state)
	table := tabwriter.NewWriter(out, 0, 0, 3, ' ', 0)
	fmt.Fprintln(table, "STATE\tNODES\tFOR EXAMPLE")
	for _, s := range []string{"finished", "failed", "errored", "skipped"} {
		if o := outcomes[s]; o.count > 0 {
			fmt.Fprintf(table, "%s\t%d\t%s\n", s, o.count, strings.TrimSpace(o.example))
		}
	}
	if err := table.Flush(); err != nil {
		return err
	}
	fmt.Fprintf(out, `
Look further, while this server runs (Ctrl-C stops it):

  curl '%[1]s/jobs?limit=5'
  curl %[1]s/jobs/%[2]s
  curl %[1]s/jobs/%[2]s/nodes
  curl %[1]s/jobs/%[2]s/report
  curl %[1]s/jobs/%[2]s/events
  curl -d '{"environment": "production", "scope": {"nodes": ["web-01.example.com"]}}' %[1]s/command/deploy

`, c.base, name)
	return nil
}

func isTerminal(out io.Writer) bool {
	f, ok := out.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

// client calls the API over HTTP.
type client struct {
	ctx  context.Context
	base string
}

// call sends body as JSON, unless it is nil, and decodes the answer into result.
func (c client) call(method, path string, body, result any) error {
	var payload bytes.Buffer
	if body != nil {
		if err := json.NewEncoder(&payload).Encode(body); err != nil {
			return err
		}
	}
	req, err := http.NewRequestWithContext(c.ctx, method, c.base+path, &payload)
	if err != nil {
		return err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK && resp.StatusCode != http.StatusAccepted {
		text, _ := io.ReadAll(io.LimitReader(resp.Body, 1000))
		return fmt.Errorf("%s %s: %s: %s", method, path, resp.Status, text)
	}
	return json.NewDecoder(resp.Body).Decode(result)
}
