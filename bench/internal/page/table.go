// Package page shows what a run of the measurement came to.
package page

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"text/tabwriter"

	"github.com/seed-54b7607b/orchestrator/bench/internal/result"
)

// Print writes a table for a terminal.
func Print(out io.Writer, run *result.Run) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "GOAL\tWANTED\tREACHED\t\tWHAT\tBY THEMSELVES")
	for i := range run.Rows {
		r := &run.Rows[i]
		fmt.Fprintf(w, "%d\t%s\t%s\t%s\t%s\t%s\n", r.Goal, wanted(r), reached(r), verdict(r), r.What, r.Figures)
	}
	if err := w.Flush(); err != nil {
		return fmt.Errorf("print the table: %w", err)
	}
	for _, failure := range run.Failures {
		fmt.Fprintf(out, "not measured: %s\n", failure)
	}
	return nil
}

func wanted(r *result.Row) string {
	sign := "≥ "
	if r.AtMost {
		sign = "≤ "
	}
	return sign + figure(r.Wanted, r.Unit)
}

// reached writes what was reached, in as many digits as it takes to see that it was missed.
func reached(r *result.Row) string {
	digits := digitsOf(r.Reached)
	for !r.Met() && digits < 9 && decimal(r.Reached, digits) == decimal(r.Wanted, digits) {
		digits++
	}
	return withUnit(decimal(r.Reached, digits), r.Unit)
}

func verdict(r *result.Row) string {
	if r.Met() {
		return "met"
	}
	return "missed"
}

// figure writes a number with its unit, in about three digits.
func figure(v float64, unit string) string { return withUnit(decimal(v, digitsOf(v)), unit) }

// digitsOf returns how many digits behind the point make about three of a number.
func digitsOf(v float64) int {
	switch {
	case v >= 100 || v == float64(int(v)):
		return 0
	case v >= 10:
		return 1
	default:
		return 2
	}
}

func decimal(v float64, digits int) string { return strconv.FormatFloat(v, 'f', digits, 64) }

func withUnit(number, unit string) string {
	if unit == "x" || unit == "%" {
		return number + unit
	}
	return strings.TrimSpace(number + " " + unit)
}

// Save writes a run to a file, from which Load reads it.
func Save(file string, run *result.Run) error {
	text, err := json.MarshalIndent(run, "", "\t")
	if err != nil {
		return fmt.Errorf("save %s: %w", file, err)
	}
	return os.WriteFile(file, append(text, '\n'), 0o600)
}

// Load reads a run that Save has written.
func Load(file string) (*result.Run, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	run := &result.Run{}
	if err := json.Unmarshal(text, run); err != nil {
		return nil, fmt.Errorf("load %s: %w", file, err)
	}
	return run, nil
}
