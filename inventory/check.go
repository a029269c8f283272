package inventory

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"unicode"

	"github.com/seed-54b7607b/orchestrator"
)

const maxText = 255

// checkNode says what is wrong with the name of a node, or nothing.
func checkNode(name string) string {
	if invalid, ok := errors.AsType[*orchestrator.InvalidError](orchestrator.ValidNodeName(name)); ok {
		return invalid.Reason
	}
	return ""
}

// checkGroup says what is wrong with the name or the id of a group, or nothing.
func checkGroup(name string) string {
	switch {
	case name == everyNode || name == everyNodeID:
		return "is that of the group of all nodes, which need not be listed"
	case strings.TrimSpace(name) != name:
		return "must not begin or end with a blank"
	}
	return checkText(name)
}

// checkAddress says what is wrong with an address, or nothing.
func checkAddress(address string) string {
	if _, err := netip.ParseAddr(address); err == nil {
		return ""
	}
	if checkNode(address) != "" || strings.ContainsAny(address, ":@") {
		return "must be a host name or an IP address; the port and the user have keys of their own"
	}
	return ""
}

// checkUser says what is wrong with the name of a user, or nothing.
func checkUser(user string) string {
	if user == "" || user[0] == '-' || strings.ContainsFunc(user, unicode.IsSpace) {
		return "must be the name of a user"
	}
	return checkText(user)
}

// checkPath says what is wrong with the path of a file, or nothing.
func checkPath(path string) string {
	if path == "" || strings.ContainsFunc(path, unicode.IsControl) {
		return "must be the path of a file"
	}
	return ""
}

func checkText(text string) string {
	if text == "" || len(text) > maxText || strings.ContainsFunc(text, unicode.IsControl) {
		return fmt.Sprintf("must have 1 to %d bytes, and no control characters", maxText)
	}
	return ""
}
