//go:build unix

package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
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

// demoCommand returns what is run for a node of the demo: a process that takes a second or two.
func demoCommand(node string) []string {
	seconds := fmt.Sprintf("1.%d", slices.Index(demoNodes(), node)*7%10)
	switch node {
	case demoFails:
		return []string{"sh", "-c", "sleep " + seconds + "; echo 'no space left on /var' >&2; exit 1"}
	case demoAbsent:
		return []string{"/nonexistent/agent", node}
	default:
		return []string{"sh", "-c", "sleep " + seconds + `; printf '{"kernel": "%s", "pid": %d}' "$(uname -sr)" $$`}
	}
}

// demo deploys to the demo's nodes as any client would, shows how the job goes on, and ends with
// what came of it.
func demo(ctx context.Context, base string, out io.Writer) error {
	c := client{ctx: ctx, base: base}
	var created struct{ Job struct{ ID, Name string } }
	err := c.call(http.MethodPost, "/command/deploy", map[string]any{
		"environment": "production",
		"description": "demo",
		"scope":       map[string]any{"nodes": demoNodes()},
	}, &created)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "\nJob %s: a command on %d nodes, 8 at once\n", created.Job.Name, len(demoNodes()))
	state, err := c.follow(created.Job.Name, out)
	if err != nil {
		return err
	}
	return c.summarise(created.Job.Name, state, out)
}

// follow shows the progress of a job until it has ended, and returns its last state.
func (c client) follow(name string, out io.Writer) (string, error) {
	terminal := isTerminal(out)
	last := ""
	for {
		var job struct {
			State      string
			NodeCount  int            `json:"node_count"`
			NodeStates map[string]int `json:"node_states"`
		}
		if err := c.call(http.MethodGet, "/jobs/"+name, nil, &job); err != nil {
			return "", err
		}
		s := job.NodeStates
		ended := s["finished"] + s["failed"] + s["errored"] + s["skipped"]
		line := fmt.Sprintf("%-8s %2d/%d done  running %d  finished %d  failed %d  errored %d",
			job.State, ended, job.NodeCount, s["running"], s["finished"], s["failed"], s["errored"])
		switch {
		case terminal:
			fmt.Fprintf(out, "\r[%s%s] %s ", strings.Repeat("#", ended), strings.Repeat(".", job.NodeCount-ended), line)
		case line != last:
			fmt.Fprintln(out, line)
		}
		last = line
		if slices.Contains([]string{"finished", "failed", "stopped"}, job.State) {
			if terminal {
				fmt.Fprintln(out)
			}
			return job.State, nil
		}
		select {
		case <-time.After(250 * time.Millisecond):
		case <-c.ctx.Done():
			return "", c.ctx.Err()
		}
	}
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

  curl %[1]s/jobs?limit=5
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
