package httpapi

import (
	"errors"
	"iter"
	"net/http"
	"slices"

	"github.com/seed-54b7607b/orchestrator"
)

// Principal is who sent a request.
type Principal struct {
	// Owner is the subject itself. It becomes the owner of the jobs that it creates, and its ID is
	// what tells principals apart.
	Owner orchestrator.Owner
}

// What [Options].Authenticate returns for requests that nobody vouches for, to be matched with
// [errors.Is]. The request is answered with 401 and the kind that the original API has for it;
// any other error is an internal one.
var (
	// ErrUnauthenticated: the request has no credentials.
	ErrUnauthenticated = errors.New("unauthenticated")

	// ErrTokenExpired: the request has a token that has expired.
	ErrTokenExpired = errors.New("token expired")

	// ErrTokenInvalid: the request has a token that is not known.
	ErrTokenInvalid = errors.New("token invalid")
)

// ErrForbidden is what [Options].Authorize returns for what a principal may not do, to be matched
// with [errors.Is]. Any other error is an internal one.
var ErrForbidden = errors.New("forbidden")

// Verb is what is to be done.
type Verb string

// The verbs.
const (
	VerbDeploy    Verb = "deploy"    // create a job that runs the configuration agent
	VerbTask      Verb = "task"      // create a job that runs a task
	VerbStop      Verb = "stop"      // stop a job
	VerbView      Verb = "view"      // see a job, its nodes, its report and its events
	VerbViewAll   Verb = "view-all"  // see all jobs, so that not each of them has to be asked about
	VerbInventory Verb = "inventory" // see which nodes can be reached
)

// Action is something that a principal asks for.
type Action struct {
	Verb Verb

	// Job is the job concerned; of [VerbDeploy] and [VerbTask] the one that would be created, which
	// has no ID yet; nil for [VerbViewAll] and [VerbInventory]. It must not be modified.
	Job *orchestrator.Job

	// Nodes yields the names of the nodes concerned: all of the job's, or those whose status is
	// asked for. They are read when they are used. It yields nothing for [VerbViewAll], and for
	// [VerbInventory] when it is asked whether the status of all nodes may be asked for: those that
	// are found are asked about one by one.
	Nodes iter.Seq2[string, error]
}

// authenticate finds out who sent the call.
func (h *handler) authenticate(c *call) (err error) {
	if h.opts.Authenticate == nil {
		c.principal = Principal{Owner: h.opts.Owner(c.r)}
		return nil
	}
	c.principal, err = h.opts.Authenticate(c.r)
	return err
}

// may asks whether the call's principal may do something; nil means that it may.
func (h *handler) may(c *call, a Action) error {
	if h.opts.Authorize == nil {
		return nil
	}
	if a.Nodes == nil {
		a.Nodes = named(nil)
	}
	return h.opts.Authorize(c.principal, a)
}

// named yields names.
func named(names []string) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		for name := range slices.Values(names) {
			if !yield(name, nil) {
				return
			}
		}
	}
}

// mayView asks whether the principal may see a job. To one who may not, it does not exist.
func (h *handler) mayView(c *call, job *orchestrator.Job) error {
	err := h.may(c, Action{Verb: VerbView, Job: job, Nodes: h.nodeNames(c, job.ID)})
	if errors.Is(err, ErrForbidden) {
		return unknownJob(job.ID)
	}
	return err
}

// nodeNames yields the names of a job's nodes.
func (h *handler) nodeNames(c *call, id orchestrator.JobID) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		for n, err := range h.o.Nodes(c.context(), id, orchestrator.NodeQuery{}) {
			if !yield(n.Name, err) {
				return
			}
		}
	}
}

// job returns the job that the call's path names, if its principal may see it.
func (h *handler) job(c *call) (orchestrator.Job, error) {
	job, err := h.o.Job(c.context(), c.id)
	if err == nil {
		err = h.mayView(c, &job)
	}
	return job, err
}

func unknownJob(id orchestrator.JobID) error {
	return &orchestrator.Error{Op: "find job", Job: id, Err: orchestrator.ErrNotFound}
}

// approval returns what asks whether the principal may create a job.
func (h *handler) approval(c *call, verb Verb) func(*orchestrator.Job, []string) error {
	return func(job *orchestrator.Job, nodes []string) error {
		return h.may(c, Action{Verb: verb, Job: job, Nodes: named(nodes)})
	}
}

// challenge tells a client how to say who it is.
func challenge(w http.ResponseWriter) {
	w.Header().Set("WWW-Authenticate", "Bearer")
}
