package inventory

import "cmp"

// Node is a node of an inventory, with what its groups and the defaults say of it.
type Node struct {
	Name    string
	Address string   // a host name or an IP address: its name, if the file has none
	Groups  []string // the names of its groups, in the order of the file, without "all"

	Port         int    // from 1 to 65535; 0 if the file has none
	User         string // whom to log in as; "" if the file does not say
	IdentityFile string // the path of a private key; "" if the file has none
	HostKeyAlias string // the name that its host key is known by; "" if that is its address
	Sudo         bool   // become root to run something
}

// settings are what a node, a group or the defaults say; what is zero is not said.
type settings struct {
	port               int
	user, identityFile string
	sudo               *bool
}

// or returns the settings, and for those that are not said what others say.
func (s settings) or(others settings) settings {
	return settings{
		port:         cmp.Or(s.port, others.port),
		user:         cmp.Or(s.user, others.user),
		identityFile: cmp.Or(s.identityFile, others.identityFile),
		sudo:         cmp.Or(s.sudo, others.sudo),
	}
}

// apply gives the settings to a node.
func (s settings) apply(n *Node) {
	n.Port, n.User, n.IdentityFile = s.port, s.user, s.identityFile
	n.Sudo = s.sudo != nil && *s.sudo
}
