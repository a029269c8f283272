package httpapi

import (
	"time"

	"github.com/seed-54b7607b/orchestrator"
)

// job appends a job: every key that any version of the API has had. Lists and single jobs have
// the same ones. Recorded on servers of 2016 and 2020; started_timestamp and created_timestamp are
// two names that the documentation has for one time.
func (e *encoder) job(j *orchestrator.Job, l links, now time.Time) {
	e.open('{')
	e.jobName(l, j.ID)
	e.literal(`,"state":`)
	e.string(string(j.State))
	e.literal(`,"command":`)
	e.string(string(j.Command))
	e.literal(`,"type":`)
	e.string(string(j.Command))
	e.literal(`,"description":`)
	e.string(j.Description)
	e.literal(`,"environment":`)
	e.environment(j.Environment)
	e.literal(`,"options":`)
	e.options(j)
	e.literal(`,"owner":`)
	e.owner(&j.Owner)
	e.jobTimes(j, now)
	e.literal(`,"status":`)
	e.status(j)
	e.literal(`,"node_count":`)
	e.int(int64(j.NodeCount))
	e.literal(`,"node_states":`)
	e.nodeStates(&j.Counts)
	e.literal(`,"nodes":`)
	e.link(l, j.ID, "/nodes")
	e.literal(`,"report":`)
	e.link(l, j.ID, "/report")
	e.literal(`,"events":`)
	e.link(l, j.ID, "/events")
	e.literal(`,"userdata":`)
	e.rawObject(j.Userdata)
	e.close('}')
}

// jobName appends the members that say which job it is: its URL, and its id as a string. They are the
// first of their object.
func (e *encoder) jobName(l links, id orchestrator.JobID) {
	e.literal(`"id":`)
	e.url(l, id, "")
	e.literal(`,"name":`)
	e.intString(int64(id))
}

// jobTimes appends when things happened to the job. The timestamp is that of its latest change of
// state, as recorded, and not that of its creation, as first documented.
func (e *encoder) jobTimes(j *orchestrator.Job, now time.Time) {
	e.literal(`,"timestamp":`)
	e.time(j.Updated())
	e.literal(`,"created_timestamp":`)
	e.time(j.Created())
	e.literal(`,"started_timestamp":`)
	e.time(j.Created())
	e.literal(`,"finished_timestamp":`)
	e.time(j.Finished())
	e.literal(`,"duration":`)
	e.elapsed(j.Created(), j.Finished(), now)
}

// elapsed appends the seconds from one time to another, or until now if that is still to come;
// null if the first is still to come too.
func (e *encoder) elapsed(from, to, now time.Time) {
	switch {
	case from.IsZero():
		e.null()
	case to.IsZero():
		e.seconds(now.Sub(from))
	default:
		e.seconds(to.Sub(from))
	}
}

// status appends the states that the job has been in, each with when it was entered and left.
func (e *encoder) status(j *orchestrator.Job) {
	e.open('[')
	for i, change := range j.Status {
		var exit time.Time
		if i+1 < len(j.Status) {
			exit = j.Status[i+1].At
		}
		e.open('{')
		e.literal(`"state":`)
		e.string(string(change.State))
		e.literal(`,"enter_time":`)
		e.time(change.At)
		e.literal(`,"exit_time":`)
		e.time(exit)
		e.close('}')
	}
	e.close(']')
}

// nodeStates appends how many nodes are in which state, without those that no node is in.
func (e *encoder) nodeStates(counts *orchestrator.NodeCounts) {
	if counts.Total() == 0 {
		e.null()
		return
	}
	e.open('{')
	for _, state := range orchestrator.NodeStates() {
		if n := counts.Of(state); n > 0 {
			e.key(string(state))
			e.int(int64(n))
		}
	}
	e.close('}')
}

func (e *encoder) environment(name string) {
	e.open('{')
	e.key("name")
	e.string(name)
	e.close('}')
}

// rawObject appends the text of an object; nil is an empty one.
func (e *encoder) rawObject(text []byte) {
	if len(text) == 0 {
		text = []byte("{}")
	}
	e.raw(text)
}

// owner appends who asked for a job: the id and the login alone, or, if more is known, all that
// a subject has. Both forms were recorded.
func (e *encoder) owner(o *orchestrator.Owner) {
	e.open('{')
	e.literal(`"id":`)
	e.string(o.ID)
	e.literal(`,"login":`)
	e.string(o.Login)
	if moreIsKnown(o) {
		e.key("display_name")
		e.string(o.DisplayName)
		e.key("email")
		e.string(o.Email)
		e.key("last_login")
		e.formatted(o.LastLogin, milliLayout)
		e.key("is_superuser")
		e.bool(o.IsSuperuser)
		e.key("is_remote")
		e.bool(o.IsRemote)
		e.key("is_revoked")
		e.bool(o.IsRevoked)
		e.key("is_group")
		e.bool(o.IsGroup)
		e.key("role_ids")
		e.ints(o.RoleIDs)
		e.key("inherited_role_ids")
		e.ints(o.InheritedRoleIDs)
		e.key("group_ids")
		e.strings(o.GroupIDs)
	}
	e.close('}')
}

func moreIsKnown(o *orchestrator.Owner) bool {
	return o.DisplayName != "" || o.Email != "" || !o.LastLogin.IsZero() ||
		o.IsSuperuser || o.IsRemote || o.IsRevoked || o.IsGroup ||
		len(o.RoleIDs)+len(o.InheritedRoleIDs)+len(o.GroupIDs) > 0
}
