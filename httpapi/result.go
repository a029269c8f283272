package httpapi

import "strconv"

// run is what the result of a run of the configuration agent says about itself, as far as it does.
// The texts are JSON strings; nil means that there is none.
type run struct {
	uuid        []byte
	hash        []byte
	environment []byte
	reportURL   []byte
	counters    counters
}

// counters are the texts of whole numbers, in the order of metricKeys; nil means 0.
type counters [len(metricKeys)][]byte

// runOf goes over a result. Of a key that is there twice, the last value counts.
func runOf(result []byte) run {
	var r run
	s := scanner{text: result}
	if !s.object() {
		return r
	}
	for {
		key, more := s.key()
		if !more {
			return r
		}
		switch string(key) {
		case "transaction_uuid":
			s.stringTo(&r.uuid)
		case "hash":
			s.stringTo(&r.hash)
		case "environment":
			s.stringTo(&r.environment)
		case "report-url":
			s.stringTo(&r.reportURL)
		case "metrics":
			s.countersTo(&r.counters)
		default:
			s.value()
		}
	}
}

// stringTo sets a text to the value that is next, or to nil if that is no string.
func (s *scanner) stringTo(text *[]byte) {
	*text = nil
	if value := s.value(); len(value) > 0 && value[0] == '"' {
		*text = value
	}
}

// countersTo sets the counters to those in the value that is next, or to nothing if that is no object.
func (s *scanner) countersTo(all *counters) {
	*all = counters{}
	if !s.object() {
		s.value()
		return
	}
	for {
		key, more := s.key()
		if !more {
			return
		}
		value := s.value()
		if i := metric(key); i >= 0 {
			all[i] = whole(value)
		}
	}
}

// metricKeys are the counters that were recorded for a run, as they stand in an object.
var metricKeys = [...]string{
	`{"total":`, `,"changed":`, `,"corrective_change":`, `,"failed":`, `,"failed_to_restart":`,
	`,"out_of_sync":`, `,"restarted":`, `,"scheduled":`, `,"skipped":`,
}

// metric returns which of the metricKeys a key is, or -1.
func metric(key []byte) int {
	switch string(key) {
	case "total":
		return 0
	case "changed":
		return 1
	case "corrective_change":
		return 2
	case "failed":
		return 3
	case "failed_to_restart":
		return 4
	case "out_of_sync":
		return 5
	case "restarted":
		return 6
	case "scheduled":
		return 7
	case "skipped":
		return 8
	default:
		return -1
	}
}

// whole returns the text if it is a whole number of 32 bits, which is what clients expect, or else nil.
func whole(text []byte) []byte {
	if len(text) > 9 || len(text) == 0 || text[0] == '-' {
		n, err := strconv.ParseInt(string(text), 10, 32)
		if err != nil || n == 0 {
			return nil
		}
		return text
	}
	for _, c := range text {
		if c < '0' || c > '9' {
			return nil
		}
	}
	return text
}
