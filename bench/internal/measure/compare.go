// Package measure measures things beside each other: in rounds, so that what disturbs the machine
// disturbs all of them.
package measure

import (
	"context"
	"fmt"
	"runtime"
	"runtime/pprof"
	"slices"
)

// Side is one of the things that are measured beside each other.
type Side struct {
	Name    string
	Measure func(ctx context.Context) (float64, error)
}

// Samples are what came of the rounds: for each side, in the order in which they were given, a
// figure for each round.
type Samples struct {
	names   []string
	figures [][]float64
}

// Interleave measures every side once a round, with each other round in reverse order. What one
// has left for the garbage collector is collected before the next.
func Interleave(ctx context.Context, rounds int, sides ...Side) (Samples, error) {
	s := Samples{figures: make([][]float64, len(sides))}
	order := make([]int, len(sides))
	for i, side := range sides {
		s.names = append(s.names, side.Name)
		order[i] = i
	}
	for range rounds {
		for _, i := range order {
			runtime.GC()
			figure, err := sides[i].labelled(ctx)
			if err != nil {
				return s, fmt.Errorf("%s: %w", sides[i].Name, err)
			}
			s.figures[i] = append(s.figures[i], figure)
		}
		slices.Reverse(order)
	}
	return s, nil
}

// labelled measures the side, so that a CPU profile can tell it from others by the label side.
func (side *Side) labelled(ctx context.Context) (figure float64, err error) {
	pprof.Do(ctx, pprof.Labels("side", side.Name), func(ctx context.Context) {
		figure, err = side.Measure(ctx)
	})
	if err == nil {
		err = ctx.Err()
	}
	return figure, err
}

// Ratio returns the median of the rounds' ratios of one side to another.
func (s *Samples) Ratio(side, to int) float64 {
	ratios := make([]float64, len(s.figures[side]))
	for i := range ratios {
		ratios[i] = s.figures[side][i] / s.figures[to][i]
	}
	return Median(ratios)
}

// Median returns the median of a side's figures.
func (s *Samples) Median(side int) float64 { return Median(s.figures[side]) }

// Name returns the name of a side.
func (s *Samples) Name(side int) string { return s.names[side] }
