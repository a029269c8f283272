package storetest

import (
	"context"
	"reflect"
	"time"

	"github.com/seed-54b7607b/orchestrator"
)

const timeRule = "Times come back in UTC, to the millisecond; the zero time comes back as the zero time."

func timeChecks() []Check {
	return []Check{
		{Name: "Store/times", Rule: timeRule, Run: checkTimes},
		{Name: "Store/zero-times", Rule: timeRule, Run: checkZeroTimes},
	}
}

// elsewhere is a time zone that is not UTC.
var elsewhere = time.FixedZone("elsewhere", 5*3600+1800)

// displace puts all times that the pointer v leads to into another time zone, and those that
// are not zero off by a part of a millisecond that is to be lost.
func displace(v any) { displaceIn(reflect.ValueOf(v).Elem()) }

func displaceIn(v reflect.Value) {
	switch {
	case v.Type() == timeType:
		t := v.Interface().(time.Time)
		if !t.IsZero() {
			t = t.Add(123_456 * time.Nanosecond)
		}
		v.Set(reflect.ValueOf(t.In(elsewhere)))
	case v.Kind() == reflect.Struct:
		for _, field := range v.Fields() {
			displaceIn(field)
		}
	case v.Kind() == reflect.Slice:
		for i := range v.Len() {
			displaceIn(v.Index(i))
		}
	}
}

func checkTimes(ctx context.Context, open Opener) error {
	return checkDisplaced(ctx, open, fullJob(), fullNode(1))
}

func checkZeroTimes(ctx context.Context, open Opener) error {
	job, node := plainJob(), runningNode(1)
	job.Status[0].At = time.Time{}
	node.Started = time.Time{}
	if err := checkDisplaced(ctx, open, job, node); err != nil {
		return err
	}
	// A time that a store might take for the zero time.
	job.Owner.LastLogin = time.Unix(0, 0)
	return checkDisplaced(ctx, open, job, node)
}

// checkDisplaced checks that times of a job and a node come back right when they are passed
// displaced.
func checkDisplaced(ctx context.Context, open Opener, job orchestrator.Job, node orchestrator.Node) error {
	s, err := open(ctx)
	if err != nil {
		return err
	}
	displaced := job.Clone()
	displace(&displaced)
	created, err := s.CreateJob(ctx, displaced, nodeNames(2))
	if err != nil {
		return err
	}
	if err := sameTimes("created job", job, created); err != nil {
		return err
	}
	w, err := claimJob(ctx, s, alice, long, created.ID)
	if err != nil {
		return err
	}
	if err := same("lease", w.lease.Expires.UTC().Truncate(time.Millisecond), w.lease.Expires); err != nil {
		return err
	}
	w.job.Status, w.job.Owner.LastLogin = job.Status, job.Owner.LastLogin
	b := w.batch(node)
	want := newHistory(w.job, nodeNames(2))
	want.apply(b)
	displace(&b)
	if err := w.commit(ctx, b); err != nil {
		return err
	}
	got, err := readHistory(ctx, s, created.ID)
	if err != nil {
		return err
	}
	return same("job", want, got)
}

func sameTimes(what string, want, got orchestrator.Job) error {
	if err := same(what+".Owner.LastLogin", want.Owner.LastLogin, got.Owner.LastLogin); err != nil {
		return err
	}
	return same(what+".Status", want.Status, got.Status)
}
