package orchestrator

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
)

// creation is a job that is asked for.
type creation struct {
	spec   JobSpec
	first  JobState // the state that the job begins in
	key    string   // the idempotency key, "" for none
	secret *secret  // what is kept in memory only, nil for nothing

	approve func(*Job, []string) error // nil if nobody is to be asked
}

// create validates what is asked, finds its nodes and stores the job. A job that exists because
// the same was asked before is returned as it is.
func (o *Orchestrator) create(ctx context.Context, c creation) (Job, error) {
	if o.stopped() {
		return Job{}, ErrStopped
	}
	if err := c.spec.validate(); err != nil {
		return Job{}, err
	}
	if err := c.identify(); err != nil {
		return Job{}, err
	}
	if job, err := o.repeated(ctx, &c); !errors.Is(err, ErrNotFound) {
		return job, err
	}
	nodes, err := o.nodesInScope(ctx, c.spec.Environment, c.spec.Scope)
	if err != nil {
		return Job{}, err
	}
	c.spec.Scope = c.spec.Scope.shown(nodes)
	if c.approve != nil {
		proposed := Job{JobSpec: c.spec, NodeCount: len(nodes)}
		if err := c.approve(&proposed, nodes); err != nil {
			return Job{}, err
		}
	}
	if len(nodes) > o.opts.MaxNodes {
		return Job{}, c.spec.Scope.tooLarge(len(nodes), o.opts.MaxNodes)
	}
	if c.spec.Task.Secret, err = o.vault.put(c.secret); err != nil {
		return Job{}, err
	}
	job := Job{JobSpec: c.spec, Progress: Progress{State: c.first, Status: []StateChange{{State: c.first, At: now()}}}}
	job, err = o.store.CreateJob(ctx, job, nodes)
	if err != nil {
		o.vault.drop(c.spec.Task.Secret)
		if errors.Is(err, ErrExists) {
			return c.same(job)
		}
		return Job{}, err
	}
	o.vault.assign(c.spec.Task.Secret, job.ID)
	o.keeper.poke()
	return job, nil
}

// repeated returns the job that exists because the same was asked before, or [ErrNotFound]. The
// scope of a request that is repeated may have no nodes any more, or nobody who knows them.
func (o *Orchestrator) repeated(ctx context.Context, c *creation) (Job, error) {
	keyer, ok := o.store.(Keyer)
	if c.spec.Key == "" || !ok {
		return Job{}, ErrNotFound
	}
	job, err := keyer.JobWithKey(ctx, c.spec.Key)
	if err != nil {
		return Job{}, err
	}
	return c.same(job)
}

// same returns the job that has the key of the creation, if the same was asked for it.
func (c *creation) same(job Job) (Job, error) {
	if job.Digest != c.spec.Digest {
		return Job{}, ErrKeyReused
	}
	return job, nil
}

const maxKey = 255

// identify sets the key of a job that has one, and what tells its request from others.
func (c *creation) identify() error {
	if c.key == "" {
		return nil
	}
	for i := range len(c.key) {
		if c.key[i] <= ' ' || c.key[i] > '~' {
			return &InvalidError{Field: "idempotency-key", Value: c.key, Reason: "must consist of visible ASCII characters"}
		}
	}
	if len(c.key) > maxKey {
		return &InvalidError{Field: "idempotency-key", Value: c.key, Reason: fmt.Sprintf("must not be longer than %d bytes", maxKey)}
	}
	asked := c.spec
	owner := cmp.Or(c.spec.Owner.ID, " "+c.spec.Owner.Login) // ids do not begin with a blank
	asked.Owner = Owner{ID: owner}
	text, err := json.Marshal(asked) //nolint:musttag // nobody reads it: it is only hashed
	if err != nil {
		return fmt.Errorf("digest of the request: %w", err)
	}
	sum := sha256.Sum256(text)
	c.spec.Key = c.key + " " + owner // the first blank ends the key
	c.spec.Digest = hex.EncodeToString(sum[:])
	return nil
}

// shown returns the scope as a job keeps it: with the first of its nodes, if it is a list of nodes.
func (s Scope) shown(nodes []string) Scope {
	if s.resolved() {
		return s
	}
	if len(nodes) > ScopeShown {
		return Scope{Nodes: nodes[:ScopeShown], Omitted: len(nodes) - ScopeShown}
	}
	return Scope{Nodes: nodes}
}
