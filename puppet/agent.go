package puppet

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os/exec"
	"path"
	"strings"
	"sync"
)

// agent is where the agent of a node is, and where it keeps what tells of its runs.
type agent struct {
	puppet   string // the program
	report   string // the report of its last run
	lock     string // is there while it runs
	disabled string // is there while it is disabled
}

// agentCache remembers the agents of nodes. Its zero value is empty.
type agentCache struct {
	mu    sync.Mutex
	known map[string]agent
}

const maxAgents = 10_000

func (c *agentCache) get(node string) (agent, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	a, ok := c.known[node]
	return a, ok
}

func (c *agentCache) put(node string, a agent) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.known == nil {
		c.known = make(map[string]agent)
	}
	for other := range c.known {
		if len(c.known) < maxAgents {
			break
		}
		delete(c.known, other)
	}
	c.known[node] = a
}

func (c *agentCache) forget(node string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.known, node)
}

// agentOf returns the agent of a node, and whether it was known before.
func (r *Runner) agentOf(ctx context.Context, node string) (a agent, cached bool, err error) {
	if a, ok := r.agents.get(node); ok {
		return a, true, nil
	}
	a, err = r.findAgent(ctx, node)
	if err == nil {
		r.agents.put(node, a)
	}
	return a, false, err
}

// errNoPuppet: there is no agent on the node.
var errNoPuppet = errors.New("puppet was not found on the node")

// findAgent asks a node for its agent.
func (r *Runner) findAgent(ctx context.Context, node string) (agent, error) {
	programs := []string{"/opt/puppetlabs/bin/puppet", "puppet"}
	if r.opts.Puppet != "" {
		programs = []string{r.opts.Puppet}
	}
	for _, program := range programs {
		a, err := r.askAgent(ctx, node, program)
		if !errors.Is(err, errNoPuppet) {
			return a, err
		}
	}
	return agent{}, fmt.Errorf("%w: neither is there %s", errNoPuppet, strings.Join(programs, " nor "))
}

// askAgent asks a program where it keeps what tells of its runs.
func (r *Runner) askAgent(ctx context.Context, node, program string) (agent, error) {
	argv := []string{program, "agent", "--configprint", "lastrunreport,agent_catalog_run_lockfile,agent_disabled_lockfile"}
	exit, err := r.transport.Run(ctx, node, Command{Argv: append(argv, r.opts.Args(node)...)})
	if missing(exit, err) {
		return agent{}, errNoPuppet
	}
	if err := ended(exit, err); err != nil {
		return agent{}, err
	}
	if exit.Status != 0 {
		return agent{}, fmt.Errorf("the agent does not say where its files are: %s", whyNot(exit))
	}
	a := agent{puppet: program}
	for line := range strings.Lines(string(exit.Stdout)) {
		key, value, _ := strings.Cut(line, "=")
		switch value = strings.TrimSpace(value); strings.TrimSpace(key) {
		case "lastrunreport":
			a.report = value
		case "agent_catalog_run_lockfile":
			a.lock = value
		case "agent_disabled_lockfile":
			a.disabled = value
		}
	}
	if !path.IsAbs(a.report) || !path.IsAbs(a.lock) || !path.IsAbs(a.disabled) {
		return agent{}, fmt.Errorf("the agent does not say where its files are: %s", whyNot(exit))
	}
	return a, nil
}

// missing reports whether a command was not run because its program is not there.
func missing(exit Exit, err error) bool {
	switch {
	case err != nil:
		return errors.Is(err, fs.ErrNotExist) || errors.Is(err, exec.ErrNotFound)
	case exit.Stopped:
		return false
	case exit.Status == 127:
		return true
	default:
		return exit.Status == 1 && sudoMissing.Match(exit.Stderr)
	}
}

// exists reports whether there is a file on a node.
func (r *Runner) exists(ctx context.Context, node, file string) (bool, error) {
	_, err := r.transport.Get(ctx, node, file, maxStateFile)
	switch {
	case err == nil, errors.Is(err, ErrTooLarge):
		return true, nil
	case errors.Is(err, fs.ErrNotExist):
		return false, nil
	default:
		return false, err
	}
}

// maxStateFile is more than a lock or a note why an agent is disabled has.
const maxStateFile = 64 << 10
