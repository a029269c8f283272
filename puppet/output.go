package puppet

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/seed-54b7607b/orchestrator"
)

// The greatest lengths, in bytes, of the texts in the result of a task that has failed, so that what is
// said about the failure is not lost when a result is cut.
const (
	maxFailedOutput = 16 << 10
	maxFailedStderr = 4 << 10
)

// taskError is what a result holds about a failure, under _error.
type taskError struct {
	Kind    string         `json:"kind"`
	Message string         `json:"msg"`
	Details map[string]int `json:"details"`
}

// taskResult returns what a task has given. It has failed if its exit status is not 0, or if it says so
// itself by an object that has _error.
func taskResult(exit Exit) (orchestrator.RunResult, error) {
	var object map[string]json.RawMessage
	if json.Unmarshal(exit.Stdout, &object) == nil && object != nil {
		said, failed := object["_error"]
		failed = failed && string(said) != "null"
		if exit.Status == 0 && !failed {
			return orchestrator.RunResult{Result: exit.Stdout}, nil
		}
		if failed {
			var own struct {
				Message string `json:"msg"`
			}
			_ = json.Unmarshal(said, &own) // its form is the task's affair
			return orchestrator.RunResult{Failed: true, Result: exit.Stdout, Message: own.Message}, nil
		}
		return failedTask(exit, object)
	}
	if exit.Status == 0 {
		// What is no object is kept as text by the orchestrator, which also cuts it.
		result := orchestrator.RunResult{Result: exit.Stdout}
		if len(bytes.TrimSpace(exit.Stdout)) == 0 {
			result.Result = json.RawMessage(`{"_output":""}`)
		}
		return result, nil
	}
	output := strings.ToValidUTF8(string(exit.Stdout[:min(len(exit.Stdout), maxFailedOutput)]), "\uFFFD")
	text, err := json.Marshal(output)
	if err != nil {
		return orchestrator.RunResult{}, errors.New("the output of the task cannot be kept")
	}
	object = map[string]json.RawMessage{"_output": text}
	if exit.Cut || len(exit.Stdout) > maxFailedOutput {
		object["_truncated"] = json.RawMessage("true")
	}
	return failedTask(exit, object)
}

// failedTask returns the result of a task that ended with a status other than 0, in words that are
// those of a task's other runners.
func failedTask(exit Exit, object map[string]json.RawMessage) (orchestrator.RunResult, error) {
	e := taskError{
		Kind:    "puppetlabs.tasks/task-error",
		Message: fmt.Sprintf("The task failed with exit code %d", exit.Status),
		Details: map[string]int{"exit_code": exit.Status},
	}
	if exit.Signal != "" {
		e.Message = "The task was ended by the signal " + exit.Signal
	}
	message := e.Message
	if stderr := bytes.TrimSpace(exit.Stderr); len(stderr) > 0 {
		e.Message += ":\n" + strings.ToValidUTF8(string(stderr[max(0, len(stderr)-maxFailedStderr):]), "\uFFFD")
		message += because(lastLine(exit.Stderr))
	}
	var err error
	if object["_error"], err = json.Marshal(e); err != nil {
		return orchestrator.RunResult{}, errors.New("the failure of the task cannot be described")
	}
	text, err := json.Marshal(object)
	if err != nil {
		return orchestrator.RunResult{}, errors.New("the output of the task cannot be kept")
	}
	return orchestrator.RunResult{Failed: true, Result: text, Message: message}, nil
}
