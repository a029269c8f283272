package memory

import (
	"slices"

	"github.com/seed-54b7607b/orchestrator"
)

// idList is a set of jobs, ordered by their IDs.
type idList []orchestrator.JobID

func (l *idList) add(id orchestrator.JobID) {
	if i, found := slices.BinarySearch(*l, id); !found {
		*l = slices.Insert(*l, i, id)
	}
}

func (l *idList) remove(id orchestrator.JobID) {
	if i, found := slices.BinarySearch(*l, id); found {
		*l = slices.Delete(*l, i, i+1)
	}
}
