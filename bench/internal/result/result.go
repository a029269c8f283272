// Package result is what a run of the measurement came to.
package result

import "time"

// Run is one run of the measurement.
type Run struct {
	Began    time.Time     `json:"began"`
	Took     time.Duration `json:"took"`
	Command  string        `json:"command"`
	Machine  []Fact        `json:"machine"`
	Rounds   int           `json:"rounds"`
	Rows     []Row         `json:"rows"`
	Curves   []Curve       `json:"curves"`
	Load     []Latency     `json:"load"`
	Failures []string      `json:"failures"` // goals that could not be measured, and why
}

// Fact is something about the machine or a version.
type Fact struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// Row is one goal, or a part of one.
type Row struct {
	Goal    int     `json:"goal"`
	What    string  `json:"what"`    // what is measured, and against what
	Wanted  float64 `json:"wanted"`  // the aim
	AtMost  bool    `json:"at_most"` // the aim is an upper bound, and not a lower one
	Reached float64 `json:"reached"`
	Unit    string  `json:"unit"`
	Figures string  `json:"figures"` // what each side reached by itself
	Differs string  `json:"differs"` // what is not the same on both sides
}

// Met reports whether the goal is reached.
func (r *Row) Met() bool {
	if r.AtMost {
		return r.Reached <= r.Wanted
	}
	return r.Reached >= r.Wanted
}

// Curve is how a figure grows.
type Curve struct {
	Name   string  `json:"name"`
	Unit   string  `json:"unit"`
	Points []Point `json:"points"`
}

// Point is the figure for a size.
type Point struct {
	Size  int     `json:"size"`
	Value float64 `json:"value"`
}

// Latency is how long an endpoint took while jobs were running, in milliseconds.
type Latency struct {
	Endpoint string  `json:"endpoint"`
	Requests int     `json:"requests"`
	P50      float64 `json:"p50"`
	P99      float64 `json:"p99"`
}
