package page

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/seed-54b7607b/orchestrator/bench/internal/result"
)

const plotName = "performance-growth.svg"

// Write writes performance.md and, if there are curves, the plot beside it.
func Write(dir string, run *result.Run) error {
	if len(run.Curves) > 0 {
		if err := os.WriteFile(filepath.Join(dir, plotName), []byte(Plot(run.Curves)), 0o644); err != nil {
			return fmt.Errorf("write the plot: %w", err)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "performance.md"), []byte(markdown(run)), 0o644); err != nil {
		return fmt.Errorf("write the document: %w", err)
	}
	return nil
}

const introduction = `# Performance

How fast the library is, beside what limits it or what could be used in its place. Everything in one
line was measured in one run, in interleaved rounds: a figure in bold is the median of the rounds'
ratios, and the only one that means something on another machine. Load generator, server and
database share the processors. These are aims, not tests: a goal that is missed stays here as missed.

` + "`make bench`" + ` measures all of it again and writes this page; it needs a Debian with PostgreSQL and
Redis, which it installs if they are missing, or starts beside those that run. How each goal is
measured is in [bench/internal/goal](../bench/internal/goal), one goal a file.
`

func markdown(run *result.Run) string {
	var b strings.Builder
	b.WriteString(introduction)
	fmt.Fprintf(&b, "\nMeasured on %s in %s, with `%s`, %d rounds.\n\n", run.Began.Format(time.DateOnly), run.Took.Round(time.Second), run.Command, run.Rounds)
	b.WriteString("| | |\n|---|---|\n")
	for _, fact := range run.Machine {
		fmt.Fprintf(&b, "| %s | %s |\n", fact.Name, fact.Value)
	}
	b.WriteString("\n## The goals\n\n| # | what | goal | reached | | by themselves |\n|---|---|---|---|---|---|\n")
	for i := range run.Rows {
		r := &run.Rows[i]
		fmt.Fprintf(&b, "| %d | %s | %s | **%s** | %s | %s |\n", r.Goal, r.What, wanted(r), reached(r), verdict(r), r.Figures)
	}
	for _, failure := range run.Failures {
		fmt.Fprintf(&b, "\nNot measured: %s.\n", failure)
	}
	writeDifferences(&b, run.Rows)
	writeLoad(&b, run.Load)
	writeCurves(&b, run.Curves)
	return b.String()
}

// writeDifferences writes what is not the same on both sides, by goal.
func writeDifferences(b *strings.Builder, rows []result.Row) {
	b.WriteString("\n## What differs between the sides\n\n")
	written := make(map[string]bool)
	for i := range rows {
		entry := fmt.Sprintf("- Goal %d: %s.\n", rows[i].Goal, rows[i].Differs)
		if rows[i].Differs != "" && !written[entry] {
			b.WriteString(entry)
			written[entry] = true
		}
	}
}

func writeLoad(b *strings.Builder, load []result.Latency) {
	if len(load) == 0 {
		return
	}
	b.WriteString("\n## Under load\n\nWhile 100 jobs run at once, of 1 to 10,000 nodes, each endpoint has one client, which asks again 20 ms after each answer.\n\n")
	b.WriteString("| endpoint | requests | p50 | p99 |\n|---|---|---|---|\n")
	for _, l := range load {
		fmt.Fprintf(b, "| `%s` | %d | %s | %s |\n", l.Endpoint, l.Requests, figure(l.P50, "ms"), figure(l.P99, "ms"))
	}
}

func writeCurves(b *strings.Builder, curves []result.Curve) {
	if len(curves) == 0 || len(curves[0].Points) == 0 {
		return
	}
	fmt.Fprintf(b, "\n## How it grows\n\nWith a store of so many jobs, or one job of so many nodes; each point measured by itself. Flat is good.\n\n![growth curves](%s)\n\n|", plotName)
	for _, p := range curves[0].Points {
		fmt.Fprintf(b, " | %s", short(p.Size))
	}
	b.WriteString(" |\n|---|")
	b.WriteString(strings.Repeat("---|", len(curves[0].Points)))
	for _, c := range curves {
		fmt.Fprintf(b, "\n| %s |", c.Name)
		for _, p := range c.Points {
			fmt.Fprintf(b, " %s |", figure(p.Value, c.Unit))
		}
	}
	b.WriteString("\n")
}

// short writes a size as people say it.
func short(n int) string {
	switch {
	case n >= 1_000_000 && n%1_000_000 == 0:
		return fmt.Sprintf("%dM", n/1_000_000)
	case n >= 1000 && n%1000 == 0:
		return fmt.Sprintf("%dk", n/1000)
	default:
		return fmt.Sprint(n)
	}
}
