package page

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/seed-54b7607b/orchestrator/bench/internal/result"
)

func sample() *result.Run {
	return &result.Run{
		Began: time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC), Took: 9 * time.Minute, Command: "bench -docs ../docs", Rounds: 5,
		Machine: []result.Fact{{Name: "processors", Value: "2"}},
		Rows: []result.Row{
			{Goal: 6, What: "a job", Wanted: 4, Reached: 4.04, Unit: "x", Figures: "40 and 10 a second", Differs: "the peer writes no events"},
			{Goal: 7, What: "many", Wanted: 2, Reached: 1.9964, Unit: "x"},
			{Goal: 9, What: "heap", Wanted: 32, AtMost: true, Reached: 33.3, Unit: "MB"},
		},
		Load:   []result.Latency{{Endpoint: "GET /jobs", Requests: 7, P50: 1.25, P99: 30}},
		Curves: []result.Curve{{Name: "page <of 20>", Unit: "µs", Points: []result.Point{{Size: 1000, Value: 12}, {Size: 1_000_000, Value: 24}}}},
	}
}

func TestDocument(t *testing.T) {
	dir := t.TempDir()
	if err := Write(dir, sample()); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(dir, "performance.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"Measured on 2026-03-04 in 9m0s, with `bench -docs ../docs`, 5 rounds.",
		"| 6 | a job | ≥ 4x | **4.04x** | met | 40 and 10 a second |",
		"| 7 | many | ≥ 2x | **1.996x** | missed |  |",
		"| 9 | heap | ≤ 32 MB | **33.3 MB** | missed |  |",
		"- Goal 6: the peer writes no events.\n",
		"| `GET /jobs` | 7 | 1.25 ms | 30 ms |\n",
		"| | 1k | 1M |\n|---|---|---|\n| page <of 20> | 12 µs | 24 µs |",
		"![growth curves](performance-growth.svg)",
	} {
		if !strings.Contains(string(text), want) {
			t.Errorf("the document lacks %q:\n%s", want, text)
		}
	}
	if _, err := os.Stat(filepath.Join(dir, "performance-growth.svg")); err != nil {
		t.Error(err)
	}
}

func TestPlotIsWellFormed(t *testing.T) {
	for name, curves := range map[string][]result.Curve{
		"none":      nil,
		"no points": {{Name: "a"}},
		"one point": {{Name: "a", Points: []result.Point{{Size: 1, Value: 0}}}},
		"two":       sample().Curves,
	} {
		text := Plot(curves)
		if strings.Contains(text, "NaN") || strings.Contains(text, "Inf") {
			t.Errorf("%s: there are no such coordinates:\n%s", name, text)
		}
		decoder := xml.NewDecoder(strings.NewReader(text))
		for {
			_, err := decoder.Token()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatalf("%s: %v:\n%s", name, err, text)
			}
		}
	}
}

func TestRunIsReadAsItWasSaved(t *testing.T) {
	file := filepath.Join(t.TempDir(), "run")
	if err := Save(file, sample()); err != nil {
		t.Fatal(err)
	}
	run, err := Load(file)
	if err != nil {
		t.Fatal(err)
	}
	var got, want bytes.Buffer
	if err := errors.Join(Print(&got, run), Print(&want, sample())); err != nil {
		t.Fatal(err)
	}
	if got.String() != want.String() || got.Len() == 0 {
		t.Errorf("got\n%s\nwant\n%s", &got, &want)
	}
	if markdown(run) != markdown(sample()) {
		t.Error("the document is not the same")
	}
}
