package httpapi

import (
	"bytes"
	"encoding/json"
	"strconv"
)

// members calls do with each key and value of the object that text is. The text was checked before
// it was stored, so that finding the values does not take parsing them; in a text that is no JSON
// object some of them may be wrong or missing.
func members(text []byte, do func(key, value []byte)) {
	rest, ok := bytes.CutPrefix(skipSpace(text), []byte("{"))
	for ok {
		var key, value []byte
		key, rest = valueIn(rest)
		rest, ok = bytes.CutPrefix(skipSpace(rest), []byte(":"))
		if !ok || len(key) < 2 || key[0] != '"' {
			return
		}
		value, rest = valueIn(rest)
		if len(value) == 0 {
			return
		}
		do(keyOf(key), value)
		rest, ok = bytes.CutPrefix(skipSpace(rest), []byte(","))
	}
}

// keyOf returns the key that a quoted text is.
func keyOf(quoted []byte) []byte {
	if bytes.IndexByte(quoted, '\\') < 0 {
		return quoted[1 : len(quoted)-1]
	}
	var key string
	if json.Unmarshal(quoted, &key) != nil {
		return nil
	}
	return []byte(key)
}

// valueIn returns the JSON value that text begins with, and what comes after it.
func valueIn(text []byte) (value, rest []byte) {
	text = skipSpace(text)
	depth := 0
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case '"':
			i = stringEnd(text, i)
			if depth == 0 {
				return text[:i+1], text[i+1:]
			}
		case '{', '[':
			depth++
		case '}', ']':
			if depth == 0 {
				return text[:i], text[i:]
			}
			if depth--; depth == 0 {
				return text[:i+1], text[i+1:]
			}
		case ',', ':', ' ', '\t', '\r', '\n':
			if depth == 0 {
				return text[:i], text[i:]
			}
		}
	}
	return text, nil
}

// skipSpace returns the text without the space it begins with.
func skipSpace(text []byte) []byte {
	for i, c := range text {
		if c != ' ' && c != '\t' && c != '\r' && c != '\n' {
			return text[i:]
		}
	}
	return nil
}

// stringEnd returns where the string that starts at a quote ends: at its other quote, or at the last
// byte of the text.
func stringEnd(text []byte, at int) int {
	for i := at + 1; i < len(text); {
		quote := bytes.IndexByte(text[i:], '"')
		if quote < 0 {
			break
		}
		escape := bytes.IndexByte(text[i:i+quote], '\\')
		if escape < 0 {
			return i + quote
		}
		i += escape + 2
	}
	return len(text) - 1
}

// run is what the result of a run of the configuration agent says about itself, as far as it does.
// The texts are JSON strings; nil means that there is none.
type run struct {
	uuid        json.RawMessage
	hash        json.RawMessage
	environment json.RawMessage
	reportURL   json.RawMessage
	metrics     json.RawMessage // an object
}

func runOf(result []byte) run {
	var r run
	members(result, func(key, value []byte) {
		switch string(key) {
		case "transaction_uuid":
			setIf(&r.uuid, value, '"')
		case "hash":
			setIf(&r.hash, value, '"')
		case "environment":
			setIf(&r.environment, value, '"')
		case "report-url":
			setIf(&r.reportURL, value, '"')
		case "metrics":
			setIf(&r.metrics, value, '{')
		}
	})
	return r
}

// setIf sets a text to a value that begins as the wanted kind of value does.
func setIf(text *json.RawMessage, value []byte, begin byte) {
	if value[0] == begin {
		*text = value
	}
}

// metricNames are the counters that were recorded for a run.
var metricNames = [...]string{
	"total", "changed", "corrective_change", "failed", "failed_to_restart",
	"out_of_sync", "restarted", "scheduled", "skipped",
}

// counters returns the counters of a run, in the order of metricNames; those that the run does not
// have, or not as whole numbers, are 0.
func (r *run) counters() [len(metricNames)]int64 {
	var counters [len(metricNames)]int64
	members(r.metrics, func(key, value []byte) {
		for i, name := range metricNames {
			if string(key) == name {
				counters[i] = whole(value)
			}
		}
	})
	return counters
}

// whole returns the whole number that a text is, or 0. Clients expect one of 32 bits.
func whole(text []byte) int64 {
	n, err := strconv.ParseInt(string(text), 10, 32)
	if err != nil {
		return 0
	}
	return n
}
