package puppet

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/seed-54b7607b/orchestrator"
)

// runTask runs a task on a node.
func (r *Runner) runTask(ctx context.Context, req orchestrator.RunRequest) (orchestrator.RunResult, error) {
	var none orchestrator.RunResult
	t, err := r.findTask(req.Spec.Task.Name)
	if err != nil {
		return none, err
	}
	params, err := t.params(req.Spec.Task.Params)
	if err != nil {
		return none, err
	}
	if req.Spec.Noop && !t.Noop {
		return none, fmt.Errorf("task %s cannot be run in noop mode", t.name)
	}
	features, err := r.features(ctx, t, req.Node)
	if err != nil {
		return none, fmt.Errorf("task %s was not started: %w", t.name, err)
	}
	program, err := t.program(features)
	if err != nil {
		return none, fmt.Errorf("task %s cannot be run: %w", t.name, err)
	}
	dir := r.taskDir(req)
	c, err := r.prepare(ctx, req, t, program, params, dir)
	if err != nil {
		r.removeTaskDir(ctx, req, dir)
		return none, fmt.Errorf("task %s was not started: %w", t.name, err)
	}
	exit, err := r.transport.Run(ctx, req.Node, c)
	return r.afterTask(ctx, req, dir, exit, err)
}

// afterTask tells what became of a task, and removes its directory, "" if that is not known, if it may
// be there still.
func (r *Runner) afterTask(ctx context.Context, req orchestrator.RunRequest, dir string, exit Exit, err error) (orchestrator.RunResult, error) {
	err = ended(exit, err)
	if errors.Is(err, orchestrator.ErrDetached) {
		return orchestrator.RunResult{}, err
	}
	if err != nil || exit.Signal != "" {
		r.removeTaskDir(ctx, req, dir)
	}
	if err != nil {
		return orchestrator.RunResult{}, err
	}
	return taskResult(exit)
}

// features returns which of the features that a task's implementations may require a node has.
func (r *Runner) features(ctx context.Context, t *task, node string) (map[string]bool, error) {
	const withAgent = "puppet-agent"
	features := map[string]bool{"shell": true}
	if !t.requires(withAgent) {
		return features, nil
	}
	_, _, err := r.agentOf(ctx, node)
	if err != nil && !errors.Is(err, errNoPuppet) {
		return nil, err
	}
	features[withAgent] = err == nil
	return features, nil
}

// prepare puts the files of a task into a directory on a node, and returns the command that runs it.
func (r *Runner) prepare(ctx context.Context, req orchestrator.RunRequest, t *task, program implementation, params map[string]json.RawMessage, dir string) (Command, error) {
	module, _, _ := strings.Cut(t.name, "::")
	main := path.Join(dir, module, "tasks", program.Name)
	files := slices.Concat(program.Files, []string{path.Join(module, "tasks", program.Name)})
	if err := r.readFiles(files, func(place string, content []byte) error {
		return r.transport.Put(ctx, req.Node, path.Join(dir, place), content)
	}); err != nil {
		return Command{}, err
	}
	var err error
	for name, value := range map[string]string{"_task": t.name, "_installdir": dir} {
		if params[name], err = json.Marshal(value); err != nil {
			return Command{}, err
		}
	}
	if req.Spec.Noop {
		params["_noop"] = json.RawMessage("true")
	}
	c := Command{ID: r.commandID(req, 1), Argv: []string{"sh", "-c", taskScript, "sh", main, dir}}
	if program.Method != "environment" {
		if c.Stdin, err = stdin(params); err != nil {
			return Command{}, err
		}
	}
	if program.Method != "stdin" {
		c.Env, err = environment(params)
	}
	return c, err
}
