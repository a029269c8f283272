package httpapi_test

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Both lists of a report are the same, whether the text of the first is kept or it is read again.
func TestReportLists(t *testing.T) {
	for _, count := range []int{1, 150, 200, 1200, 2500} {
		a := newAPI(t, setup{})
		nodes := make([]string, count)
		for i := range nodes {
			nodes[i] = fmt.Sprintf("node%04d.example.com", i)
		}
		job := a.deploy(nodes...)
		await(t, a, job)
		path := fmt.Sprintf("/jobs/%d/report", job)
		answer := a.get(path)
		report, isList := at(t, answer, "report").([]any)
		require.True(t, isList)
		require.Len(t, report, count)
		assert.Equal(t, report, at(t, answer, "items"), "%d nodes", count)
		for i, name := range nodes {
			require.Equal(t, name, at(t, report[i], "node"))
		}
		assert.Empty(t, a.send(http.MethodHead, path, "").Body.Bytes())
	}
}
