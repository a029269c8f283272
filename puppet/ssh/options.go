package ssh

import (
	"fmt"
	"os"
	"os/user"
	"path/filepath"
	"time"

	"github.com/seed-54b7607b/orchestrator"
)

// Options say how a [Transport] works. The zero value is ready to use.
type Options struct {
	// Settings says how a node is reached. It is asked for each thing that is done on a node, so
	// it should not take long. Defaults to what [Config] makes of ~/.ssh/config.
	Settings func(node string) (Host, error)

	// User is the user to log in as where Settings name none. Defaults to the user that this
	// process has.
	User string

	// Keys are the files with private keys, where Settings name none. One that is protected by a
	// passphrase is left to the agent. Defaults to those of id_ed25519, id_ecdsa and id_rsa in
	// ~/.ssh that there are.
	Keys []string

	// Agent is the socket of an ssh agent, whose keys are tried after those of files.
	// Defaults to the environment's SSH_AUTH_SOCK; without that, to none.
	Agent string

	// KnownHosts are the files with the keys of hosts. They are read again when they change.
	// Defaults to ~/.ssh/known_hosts and /etc/ssh/ssh_known_hosts.
	KnownHosts []string

	// Dir is where the state and the output of commands are kept on a node, readable by the user
	// only: an absolute path or one below the user's home directory. A later process that is to
	// pick up commands needs the same one. Defaults to .local/state/orchestrator/commands.
	Dir string

	// Grace is how long a command has to end after SIGTERM, before SIGKILL. It is counted in
	// whole seconds. Defaults to 4 seconds, which leaves the rest of Options.RunGrace for what
	// follows.
	Grace time.Duration

	// ConnectTimeout is how long one attempt to connect and log in may take.
	// Defaults to 10 seconds.
	ConnectTimeout time.Duration

	// Retry is for how long an attempt is made again that was refused or broken off, as a server
	// does which is asked for too many connections at once. Defaults to 10 seconds.
	Retry time.Duration

	// Dials is how many connections are being made at once. Defaults to 16.
	Dials int

	// KeepAlive is how often a node has to show that it is there. One that does not answer for
	// as long again has its connection closed. Defaults to 15 seconds.
	KeepAlive time.Duration

	// Idle is how long a connection that nothing uses is kept. Defaults to 1 minute.
	Idle time.Duration

	// Reconnect is how long a node may be out of reach while a command runs there, before it is
	// given up. Defaults to 5 minutes.
	Reconnect time.Duration
}

const defaultDir = ".local/state/orchestrator/commands"

// withDefaults returns a copy of the options with every field set.
func (o *Options) withDefaults() (Options, error) {
	var c Options
	if o != nil {
		c = *o
	}
	for _, field := range []struct {
		name  string
		value *time.Duration
		zero  time.Duration
	}{
		{"Grace", &c.Grace, 4 * time.Second},
		{"ConnectTimeout", &c.ConnectTimeout, 10 * time.Second},
		{"Retry", &c.Retry, 10 * time.Second},
		{"KeepAlive", &c.KeepAlive, 15 * time.Second},
		{"Idle", &c.Idle, time.Minute},
		{"Reconnect", &c.Reconnect, 5 * time.Minute},
	} {
		if *field.value < 0 {
			return c, &orchestrator.InvalidError{Field: "Options." + field.name, Value: *field.value, Reason: "must not be negative"}
		}
		if *field.value == 0 {
			*field.value = field.zero
		}
	}
	if c.Grace < time.Second {
		return c, &orchestrator.InvalidError{Field: "Options.Grace", Value: c.Grace, Reason: "must be at least a second"}
	}
	if c.Dials == 0 {
		c.Dials = 16
	}
	if c.Dials < 0 {
		return c, &orchestrator.InvalidError{Field: "Options.Dials", Value: c.Dials, Reason: "must not be negative"}
	}
	if c.Dir == "" {
		c.Dir = defaultDir
	}
	if c.Agent == "" {
		c.Agent = os.Getenv("SSH_AUTH_SOCK")
	}
	return c, c.fromHome()
}

// fromHome sets what is below the home directory.
func (o *Options) fromHome() error {
	if o.User == "" {
		u, err := user.Current()
		if err != nil {
			return fmt.Errorf("the user for ssh has to be named: %w", err)
		}
		o.User = u.Username
	}
	if o.Settings != nil && o.Keys != nil && o.KnownHosts != nil {
		return nil
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return fmt.Errorf("the settings, keys and known hosts for ssh have to be named: %w", err)
	}
	dir := filepath.Join(home, ".ssh")
	if o.KnownHosts == nil {
		o.KnownHosts = []string{filepath.Join(dir, "known_hosts"), "/etc/ssh/ssh_known_hosts"}
	}
	if o.Keys == nil {
		for _, name := range []string{"id_ed25519", "id_ecdsa", "id_rsa"} {
			if _, err := os.Stat(filepath.Join(dir, name)); err == nil {
				o.Keys = append(o.Keys, filepath.Join(dir, name))
			}
		}
	}
	if o.Settings == nil {
		o.Settings, err = Config(filepath.Join(dir, "config"))
	}
	return err
}
