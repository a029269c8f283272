package ssh

import (
	"fmt"
	"net"
	"strconv"
)

// Host is how a node is reached. The zero value reaches it by its name.
type Host struct {
	// Address is a host name or an IP address. Defaults to the node's name.
	Address string

	// Port is that of the ssh server. Defaults to 22.
	Port int

	// User is the user to log in as. Defaults to Options.User.
	User string

	// Keys are the files with private keys to log in with. Defaults to Options.Keys.
	Keys []string

	// KeyAlias is the name under which the host's key is known, if not under its address.
	KeyAlias string

	// Sudo has commands run as root, by "sudo -n". The user needs a rule with NOPASSWD for each
	// program that is run, and with SETENV for one that is given an environment; a rule for kill
	// lets commands be stopped, and rules for stat, head and rm let files be read and removed that
	// the user itself cannot.
	Sudo bool
}

// addr returns what is dialled.
func (h *Host) addr() string { return net.JoinHostPort(h.Address, strconv.Itoa(h.Port)) }

// keyAddr returns what the key is looked up by.
func (h *Host) keyAddr() string {
	if h.KeyAlias != "" {
		return net.JoinHostPort(h.KeyAlias, "22")
	}
	return h.addr()
}

// host returns how a node is reached, with every field set.
func (t *Transport) host(node string) (Host, error) {
	h, err := t.opts.Settings(node)
	if err != nil {
		return Host{}, fmt.Errorf("the ssh settings of %s: %w", node, err)
	}
	if h.Address == "" {
		h.Address = node
	}
	if h.Port == 0 {
		h.Port = 22
	}
	if h.Port < 0 || h.Port > 65535 {
		return Host{}, fmt.Errorf("the ssh settings of %s: the port is %d", node, h.Port)
	}
	if h.User == "" {
		h.User = t.opts.User
	}
	if h.Keys == nil {
		h.Keys = t.opts.Keys
	}
	return h, nil
}
