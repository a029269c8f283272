package puppet

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/seed-54b7607b/orchestrator"
)

// argv returns how the agent is called for a job. An error says which of the job's options cannot be
// passed on.
func (a *agent) argv(req orchestrator.RunRequest, extra []string) ([]string, error) {
	s := req.Spec
	f := flags{ //nolint:prealloc // how many there will be is not known
		// One run, now, and ended whatever it lacks: nobody is there to sign a certificate. A catalog
		// that does not compile is no reason to apply an old one, unless that is asked for.
		a.puppet, "agent", "--onetime", "--no-daemonize", "--no-splay", "--detailed-exitcodes",
		"--verbose", "--color=false", "--waitforcert", "0", "--job-id", req.Job.String(),
	}
	f.add(s.Noop, "--noop")
	f.add(s.Agent.NoNoop, "--no-noop")
	f.add(s.Agent.EnforceEnvironment, "--strict_environment_mode")
	f.add(s.Agent.Debug, "--debug")
	f.add(s.Agent.Trace, "--trace")
	f.add(s.Agent.Evaltrace, "--evaltrace")
	f.addInt("filetimeout", s.Agent.FileTimeout)
	f.addInt("http_connect_timeout", s.Agent.HTTPConnectTimeout)
	f.addInt("http_keepalive_timeout", s.Agent.HTTPKeepaliveTimeout)
	f.addInt("http_read_timeout", s.Agent.HTTPReadTimeout)
	f.addSwitch("use_cached_catalog", s.Agent.UseCachedCatalog)
	onFailure := s.Agent.UseCacheOnFailure
	if onFailure == nil {
		onFailure = new(false)
	}
	f.addSwitch("usecacheonfailure", onFailure)
	for _, setting := range []struct{ name, value string }{
		{"environment", s.Environment},
		{"ordering", s.Agent.Ordering},
		{"tags", s.Agent.Tags},
		{"skip_tags", s.Agent.SkipTags},
	} {
		if err := f.addString(setting.name, setting.value); err != nil {
			return nil, err
		}
	}
	return append(f, extra...), nil
}

// flags are the arguments of a program.
type flags []string

func (f *flags) add(given bool, flag string) {
	if given {
		*f = append(*f, flag)
	}
}

func (f *flags) addInt(setting string, value *int) {
	if value != nil {
		*f = append(*f, "--"+setting, strconv.Itoa(*value))
	}
}

func (f *flags) addSwitch(setting string, on *bool) {
	switch {
	case on == nil:
	case *on:
		*f = append(*f, "--"+setting)
	default:
		*f = append(*f, "--no-"+setting)
	}
}

// addString adds a setting that a user has given. It must look like the value of one, so that the
// agent cannot take it for another option.
func (f *flags) addString(setting, value string) error {
	if value == "" {
		return nil
	}
	if strings.HasPrefix(value, "-") || !only(value, "_:,.-") {
		return fmt.Errorf("%s %q cannot be passed to the agent: it must consist of letters, digits and _ : , . - and not start with -", setting, value)
	}
	*f = append(*f, "--"+setting, value)
	return nil
}
