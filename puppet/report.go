package puppet

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
)

// report is what the report of a run says about the run as a whole.
type report struct {
	modified      time.Time // of its file
	transaction   string    // its UUID
	jobID         string    // "" if the run was not made for a job
	status        string    // changed, unchanged or failed
	completed     bool      // whether the agent came to the end of its catalog
	noop          bool
	corrective    bool
	environment   string
	configuration string // the version of the catalog; "" if there was none
	cached        string // whether the catalog was a cached one: not_used, on_failure, explicitly_requested
	resources     map[string]int64
}

// errNoReport: what should be a report is none.
var errNoReport = errors.New("the file is not the report of a run")

// readReport reads the report of a node's last run; the zero report if there is none.
func (r *Runner) readReport(ctx context.Context, node, file string) (report, error) {
	f, err := r.transport.Get(ctx, node, file, r.opts.MaxReport)
	if errors.Is(err, fs.ErrNotExist) {
		return report{}, nil
	}
	if err != nil {
		return report{}, err
	}
	rep, err := parseReport(f.Content)
	rep.modified = f.Modified
	return rep, err
}

// parseReport reads the YAML text of a report, of which the parts that tell of the run as a whole are
// parsed. What is logged and what became of each resource, which may be very much, is not.
func parseReport(text []byte) (report, error) {
	kept := wanted(text)
	if len(kept) > maxWanted {
		return report{}, fmt.Errorf("%w: too much of it is not a log", errNoReport)
	}
	var doc yaml.Node
	if err := yaml.Unmarshal(kept, &doc); err != nil {
		return report{}, errNoReport // the library's text may quote the file
	}
	if len(doc.Content) != 1 || doc.Content[0].Kind != yaml.MappingNode {
		return report{}, errNoReport
	}
	top := doc.Content[0]
	rep := report{
		transaction:   scalar(member(top, "transaction_uuid")),
		jobID:         scalar(member(top, "job_id")),
		status:        scalar(member(top, "status")),
		completed:     scalar(member(top, "transaction_completed")) == "true",
		noop:          scalar(member(top, "noop")) == "true",
		corrective:    scalar(member(top, "corrective_change")) == "true",
		environment:   scalar(member(top, "environment")),
		configuration: scalar(member(top, "configuration_version")),
		cached:        scalar(member(top, "cached_catalog_status")),
		resources:     counters(member(member(member(top, "metrics"), "resources"), "values")),
	}
	if rep.transaction == "" || rep.status == "" {
		return report{}, errNoReport
	}
	return rep, nil
}

// maxWanted is far more than the parts of a report have that are parsed.
const maxWanted = 256 << 10

// wanted returns the parts of a report that are parsed. A report is a mapping in block style, as the
// agent writes it: a key at the top is all that can begin in the first column of a line and be
// followed by a colon. Tags of Ruby classes are on the line that is no key.
func wanted(text []byte) []byte {
	var kept []byte
	keep := false
	for line := range bytes.Lines(text) {
		if key, _, ok := bytes.Cut(line, []byte(":")); ok && isKey(key) {
			switch string(key) {
			case "transaction_uuid", "job_id", "status", "transaction_completed", "noop", "corrective_change",
				"environment", "configuration_version", "cached_catalog_status", "metrics":
				keep = true
			default:
				keep = false
			}
		}
		if keep {
			kept = append(kept, line...)
		}
	}
	return kept
}

func isKey(text []byte) bool {
	return len(text) > 0 && strings.Trim(string(text), "abcdefghijklmnopqrstuvwxyz_") == ""
}

// member returns the value of a key in a mapping, or nil.
func member(mapping *yaml.Node, key string) *yaml.Node {
	if mapping == nil || mapping.Kind != yaml.MappingNode {
		return nil
	}
	for i := 0; i+1 < len(mapping.Content); i += 2 {
		if mapping.Content[i].Value == key {
			return mapping.Content[i+1]
		}
	}
	return nil
}

// scalar returns the text of a value, whatever its tag; "" for null and for what is no scalar.
func scalar(value *yaml.Node) string {
	if value != nil && value.Kind == yaml.AliasNode {
		value = value.Alias
	}
	if value == nil || value.Kind != yaml.ScalarNode || value.ShortTag() == "!!null" {
		return ""
	}
	return value.Value
}

// counters returns the metrics that are rows of name, label and value.
func counters(rows *yaml.Node) map[string]int64 {
	if rows == nil || rows.Kind != yaml.SequenceNode {
		return nil
	}
	all := make(map[string]int64, len(rows.Content))
	for _, row := range rows.Content {
		if row.Kind != yaml.SequenceNode || len(row.Content) != 3 {
			continue
		}
		if n, err := strconv.ParseInt(scalar(row.Content[2]), 10, 64); err == nil {
			all[scalar(row.Content[0])] = n
		}
	}
	return all
}
