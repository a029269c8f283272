package httpapi

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Of a short list of which only the headers are wanted, no more is made than a chunk.
func TestHeadKeepsNothing(t *testing.T) {
	c := &call{ResponseWriter: httptest.NewRecorder(), r: httptest.NewRequest(http.MethodHead, "/", nil)}
	s := c.stream()
	s.short = true
	item := strings.Repeat("x", 100)
	made := 0
	for more := true; more && made < 10_000; made++ {
		s.string(item)
		more = s.more()
	}
	assert.Less(t, made, 2*chunkSize/len(item))
	assert.Less(t, len(s.buf), 2*chunkSize)
	require.NoError(t, s.end())
}
