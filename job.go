package orchestrator

import (
	"encoding/json"
	"slices"
	"strconv"
	"time"
)

// JobID identifies a job. IDs are positive, strictly increasing in the order of creation,
// and never reused.
type JobID int64

// String returns the id in decimal.
func (id JobID) String() string { return strconv.FormatInt(int64(id), 10) }

// Command is what created a job.
type Command string

// The commands.
const (
	CommandDeploy Command = "deploy" // run the configuration agent
	CommandTask   Command = "task"   // run a task
)

// JobState is where a job is in its life. The transitions between states are listed in
// transition.go; every job ends in one of the three that are terminal.
type JobState string

// The states of a job.
const (
	JobNew      JobState = "new"      // created
	JobReady    JobState = "ready"    // its nodes are known, none has started
	JobRunning  JobState = "running"  // its nodes are being run
	JobStopping JobState = "stopping" // asked to stop; what runs is being finished
	JobStopped  JobState = "stopped"  // terminal: it was stopped
	JobFinished JobState = "finished" // terminal: every node finished
	JobFailed   JobState = "failed"   // terminal: a node failed or errored
)

// JobStates returns every state of a job, in the order of a job's life.
func JobStates() []JobState {
	return []JobState{JobNew, JobReady, JobRunning, JobStopping, JobStopped, JobFinished, JobFailed}
}

// Terminal reports whether the state is one in which a job stays for ever.
func (s JobState) Terminal() bool {
	return s == JobStopped || s == JobFinished || s == JobFailed
}

// StopMode says whether, and how, a job has been asked to stop.
type StopMode string

// The ways to stop a job, from mild to strong: a job goes from one to a later one only.
const (
	StopNone  StopMode = ""      // not asked to stop
	StopSoft  StopMode = "soft"  // what runs may finish, nothing new starts
	StopForce StopMode = "force" // what runs is cancelled
)

// Stronger returns the stronger of two modes.
func (m StopMode) Stronger(other StopMode) StopMode {
	switch {
	case m == StopForce || other == StopForce:
		return StopForce
	case m == StopSoft || other == StopSoft:
		return StopSoft
	default:
		return StopNone
	}
}

// Job is one command on many nodes: what was asked, and how far it has come.
type Job struct {
	ID        JobID
	JobSpec            // what was asked for; never changes
	NodeCount int      // how many nodes the job has; never changes
	Stop      StopMode // whether it was asked to stop; changed by [Store.RequestStop] only
	Progress           // how far it has come; changed by [Store.Commit] only
}

// JobSpec is what a job was asked to do. It never changes after creation.
type JobSpec struct {
	Command     Command
	Environment string          // the environment asked for; "" leaves it to the node
	Scope       Scope           // which nodes, as asked
	Description string          // free text
	Noop        bool            // only report what would change
	Concurrency int             // how many nodes at once; 0 means as many as the orchestrator allows
	Timeout     time.Duration   // how long one node may run; 0 means as long as the orchestrator allows
	Userdata    json.RawMessage // the caller's own data, a JSON object; nil if none was given
	Owner       Owner           // who asked
	Agent       AgentOptions    // for deploys
	Task        TaskOptions     // for tasks

	// Key makes the job the only one with this key; "" for none. Digest identifies what was asked
	// with it.
	Key    string
	Digest string
}

// ScopeShown is how many of the node names that a request lists are kept in [Scope].Nodes.
// All of them are nodes of the job; [Orchestrator.Nodes] returns every one.
const ScopeShown = 1000

// Scope says which nodes a job is for, as it was asked: by name, by a query or by a group.
// In a [Job] Nodes is empty unless the scope was given by names.
type Scope struct {
	Nodes     []string        // node names; in a [Job] those of its first [ScopeShown] nodes, in their order
	Omitted   int             // in a [Job], how many names were left out of Nodes
	Query     json.RawMessage // the JSON text of a string or an array, for a [Resolver]; nil for none
	NodeGroup string          // the id or the name of a group, for a [Resolver]; "" for none
}

// Owner is the subject that asked for a job. Only ID and Login are always known.
type Owner struct {
	ID               string
	Login            string
	DisplayName      string
	Email            string
	LastLogin        time.Time
	IsSuperuser      bool
	IsRemote         bool
	IsRevoked        bool
	IsGroup          bool
	RoleIDs          []int
	InheritedRoleIDs []int
	GroupIDs         []string
}

// AgentOptions are the options of a deploy that a runner passes on to the configuration agent.
// A nil pointer means that nothing was asked.
type AgentOptions struct {
	NoNoop               bool // apply changes even where the node is configured not to
	EnforceEnvironment   bool // the node must run in the environment asked for
	Debug                bool
	Trace                bool
	Evaltrace            bool
	FileTimeout          *int // seconds
	HTTPConnectTimeout   *int // seconds
	HTTPKeepaliveTimeout *int // seconds
	HTTPReadTimeout      *int // seconds
	Ordering             string
	SkipTags             string
	Tags                 string
	UseCachedCatalog     *bool
	UseCacheOnFailure    *bool
}

// TaskOptions are the options of a task. In a [Job] Params does not have the sensitive parameters:
// they are kept in memory, by the orchestrator that created the job, until the job has ended.
type TaskOptions struct {
	Name      string
	Params    json.RawMessage // a JSON object; nil for none
	Sensitive []string        // the names of the sensitive parameters that were given
	Secret    string          // identifies what was kept in memory only; "" for nothing
}

// Progress is how far a job has come.
type Progress struct {
	State     JobState
	Status    []StateChange // every state entered so far, in order; the last is State
	Counts    NodeCounts    // how many of its nodes are in which state
	LastEvent EventID       // the id of its newest event, 0 if it has none
}

// StateChange is a job entering a state. It leaves the state when it enters the next.
type StateChange struct {
	State JobState
	At    time.Time
}

// Created returns when the job was created.
func (p *Progress) Created() time.Time {
	if len(p.Status) == 0 {
		return time.Time{}
	}
	return p.Status[0].At
}

// Updated returns when the job's state last changed.
func (p *Progress) Updated() time.Time {
	if len(p.Status) == 0 {
		return time.Time{}
	}
	return p.Status[len(p.Status)-1].At
}

// Finished returns when the job entered its terminal state, or the zero time if it has not.
func (p *Progress) Finished() time.Time {
	if !p.State.Terminal() {
		return time.Time{}
	}
	return p.Updated()
}

// Clone returns a copy that shares no memory with p.
func (p *Progress) Clone() Progress {
	c := *p
	c.Status = slices.Clone(p.Status)
	return c
}

// Clone returns a copy that shares no memory with s.
func (s *JobSpec) Clone() JobSpec {
	c := *s
	c.Scope.Nodes = slices.Clone(s.Scope.Nodes)
	c.Scope.Query = slices.Clone(s.Scope.Query)
	c.Userdata = slices.Clone(s.Userdata)
	c.Owner.RoleIDs = slices.Clone(s.Owner.RoleIDs)
	c.Owner.InheritedRoleIDs = slices.Clone(s.Owner.InheritedRoleIDs)
	c.Owner.GroupIDs = slices.Clone(s.Owner.GroupIDs)
	c.Agent.FileTimeout = clonePointer(s.Agent.FileTimeout)
	c.Agent.HTTPConnectTimeout = clonePointer(s.Agent.HTTPConnectTimeout)
	c.Agent.HTTPKeepaliveTimeout = clonePointer(s.Agent.HTTPKeepaliveTimeout)
	c.Agent.HTTPReadTimeout = clonePointer(s.Agent.HTTPReadTimeout)
	c.Agent.UseCachedCatalog = clonePointer(s.Agent.UseCachedCatalog)
	c.Agent.UseCacheOnFailure = clonePointer(s.Agent.UseCacheOnFailure)
	c.Task.Params = slices.Clone(s.Task.Params)
	c.Task.Sensitive = slices.Clone(s.Task.Sensitive)
	return c
}

// Clone returns a copy that shares no memory with j.
func (j *Job) Clone() Job {
	c := *j
	c.JobSpec = j.JobSpec.Clone()
	c.Progress = j.Progress.Clone()
	return c
}

func clonePointer[T any](p *T) *T {
	if p == nil {
		return nil
	}
	return new(*p)
}
