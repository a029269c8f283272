package goal

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/redis/go-redis/v9"

	"github.com/seed-54b7607b/orchestrator/bench/internal/result"
)

// Machine returns what the figures depend on: the machine, and the versions of what is measured.
func Machine(ctx context.Context, env *Env) []result.Fact {
	facts := []result.Fact{
		{Name: "processors", Value: fmt.Sprintf("%d, %s", runtime.NumCPU(), field("/proc/cpuinfo", "model name"))},
		{Name: "memory", Value: field("/proc/meminfo", "MemTotal")},
		{Name: "system", Value: runtime.GOOS + "/" + runtime.GOARCH + ", kernel " + line("/proc/sys/kernel/osrelease")},
		{Name: "Go", Value: strings.TrimPrefix(runtime.Version(), "go")},
	}
	if fsync, err := env.fsync(); err == nil {
		facts = append(facts, result.Fact{Name: "disk", Value: fsync})
	}
	if revision, err := exec.CommandContext(ctx, "git", "describe", "--always", "--dirty").Output(); err == nil {
		facts = append(facts, result.Fact{Name: "library", Value: strings.TrimSpace(string(revision))})
	}
	facts = append(facts, modules()...)
	return append(facts, env.services(ctx)...)
}

// modules returns the versions of what the figures are about.
func modules() []result.Fact {
	shown := []string{"github.com/dgraph-io/badger/v4", "github.com/riverqueue/river", "github.com/hibiken/asynq"}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return nil
	}
	var facts []result.Fact
	for _, m := range info.Deps {
		if slices.Contains(shown, m.Path) {
			facts = append(facts, result.Fact{Name: m.Path, Value: m.Version})
		}
	}
	return facts
}

// services returns the versions of the servers that the peers run on.
func (env *Env) services(ctx context.Context) []result.Fact {
	var facts []result.Fact
	if version, err := postgresVersion(ctx, env.Postgres); err == nil {
		facts = append(facts, result.Fact{Name: "PostgreSQL", Value: version})
	}
	if version, err := redisVersion(ctx, env.Redis); err == nil {
		facts = append(facts, result.Fact{Name: "Redis", Value: version})
	}
	return facts
}

func postgresVersion(ctx context.Context, url string) (version string, err error) {
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return "", err
	}
	defer conn.Close(ctx)
	err = conn.QueryRow(ctx, "SHOW server_version").Scan(&version)
	return version, err
}

func redisVersion(ctx context.Context, addr string) (string, error) {
	client := redis.NewClient(&redis.Options{Addr: addr})
	defer client.Close()
	text, err := client.Info(ctx, "server").Result()
	if err != nil {
		return "", err
	}
	return value(text, "redis_version"), nil
}

// field returns the value of a field in a file of lines, each of a name, a colon and a value.
func field(file, name string) string { return value(line(file), name) }

func value(text, name string) string {
	for l := range strings.Lines(text) {
		if key, v, ok := strings.Cut(l, ":"); ok && strings.TrimSpace(key) == name {
			return strings.TrimSpace(v)
		}
	}
	return "unknown"
}

func line(file string) string {
	text, err := os.ReadFile(file)
	if err != nil {
		return "unknown"
	}
	return strings.TrimSpace(string(text))
}
