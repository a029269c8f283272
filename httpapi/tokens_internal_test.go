package httpapi

import (
	"crypto/sha256"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed-54b7607b/orchestrator"
)

// What is looked up tells nothing about a token, nor about its hash: it is another in each process, so that
// nobody can find out by trying which hashes come near one that is known.
func TestTokensAreLookedUpByAKeyedHash(t *testing.T) {
	token, line, err := NewToken(orchestrator.Owner{Login: "ci"}, time.Time{})
	require.NoError(t, err)
	file := filepath.Join(t.TempDir(), "tokens")
	require.NoError(t, os.WriteFile(file, []byte(line), 0o600))
	seen := make(map[keyedHash]bool)
	for range 10 {
		tokens, err := OpenTokens(file, nil)
		require.NoError(t, err)
		known := tokens.known.get()
		require.Len(t, known, 1)
		for k := range known {
			assert.False(t, seen[k], "the key is not made up anew")
			seen[k] = true
			assert.NotEqual(t, keyedHash(sha256.Sum256([]byte(token))), k)
			assert.NotContains(t, string(k[:]), token)
		}
	}
}
