//go:build e2e

package e2e

import (
	"os"
	"testing"
)

func TestMain(m *testing.M) {
	if settings := os.Getenv(serveEnv); settings != "" {
		serve(settings)
		return
	}
	os.Exit(m.Run())
}
