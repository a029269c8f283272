package puppet

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/seed-54b7607b/orchestrator"
)

// judge decides by its report what became of a run, and says so where that is not obvious.
func (a *agentRun) judge() (orchestrator.RunResult, error) {
	rep, want := &a.report, a.spec.Environment
	elsewhere := want != "" && rep.environment != want
	switch {
	case rep.configuration == "" && !rep.completed:
		return orchestrator.RunResult{}, fmt.Errorf("there was no catalog: %s", whyNoCatalog(a.exit))
	case elsewhere && a.spec.Agent.EnforceEnvironment:
		return orchestrator.RunResult{}, fmt.Errorf("the agent ran in environment %s and not in %s", rep.environment, want)
	case rep.cached == "on_failure" && !isTrue(a.spec.Agent.UseCacheOnFailure):
		return orchestrator.RunResult{}, fmt.Errorf("there was no catalog, and the agent applied an old one: %s", whyNoCatalog(a.exit))
	}
	result := orchestrator.RunResult{Failed: true}
	var err error
	if result.Result, err = rep.result(); err != nil {
		return orchestrator.RunResult{}, err
	}
	switch {
	case !rep.completed:
		result.Message = "the run was ended before it was complete" + because(whyFailed(a.exit))
	case rep.status != "changed" && rep.status != "unchanged":
		result.Message = fmt.Sprintf("%d of %d resources failed", rep.resources["failed"]+rep.resources["failed_to_restart"], rep.resources["total"]) +
			because(whyFailed(a.exit))
	default:
		result.Failed = false
		switch {
		case elsewhere:
			result.Message = fmt.Sprintf("it ran in environment %s and not in %s", rep.environment, want)
		case rep.cached == "on_failure":
			result.Message = "an old catalog was applied" + because(whyNoCatalog(a.exit))
		}
	}
	return result, nil
}

func isTrue(b *bool) bool { return b != nil && *b }

// because returns a reason as the end of a sentence.
func because(reason string) string {
	if reason == "" {
		return ""
	}
	return ": " + reason
}

// result returns what is said of a run to clients, which need every one of the counters.
func (r *report) result() (json.RawMessage, error) {
	metrics := map[string]int64{
		"total": 0, "changed": 0, "corrective_change": 0, "failed": 0, "failed_to_restart": 0,
		"out_of_sync": 0, "restarted": 0, "scheduled": 0, "skipped": 0,
	}
	for name := range metrics {
		metrics[name] = r.resources[name]
	}
	text, err := json.Marshal(map[string]any{
		"noop":                  r.noop,
		"status":                r.status,
		"metrics":               metrics,
		"environment":           r.environment,
		"configuration_version": r.configuration,
		"transaction_uuid":      r.transaction,
		"corrective_change":     r.corrective,
	})
	if err != nil {
		return nil, errors.New("the report cannot be shown")
	}
	return text, nil
}
