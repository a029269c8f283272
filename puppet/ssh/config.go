package ssh

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	sshconfig "github.com/kevinburke/ssh_config"
)

// Config returns the settings that a file as ~/.ssh/config has for nodes, for [Options].Settings:
// HostName, Port, User, IdentityFile and HostKeyAlias, of Host and Match sections and included
// files. A node that is to be reached through another one is an error, and no other setting has an
// effect. The file is read once. It is no error if there is none.
func Config(file string) (func(node string) (Host, error), error) {
	f, err := os.Open(file) //nolint:gosec // the caller names it
	if errors.Is(err, fs.ErrNotExist) {
		return func(string) (Host, error) { return Host{}, nil }, nil
	}
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	c, err := sshconfig.Decode(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return func(node string) (Host, error) { return settings(c, node) }, nil
}

// settings returns what a configuration has for a node.
func settings(c *sshconfig.Config, node string) (Host, error) {
	for _, key := range []string{"ProxyJump", "ProxyCommand"} {
		if v, err := c.Get(node, key); err != nil || v != "" && v != "none" {
			return Host{}, errors.Join(err, fmt.Errorf("%s is set, and is not supported", key))
		}
	}
	var h Host
	for _, field := range []struct {
		name  string
		value *string
	}{{"HostName", &h.Address}, {"User", &h.User}, {"HostKeyAlias", &h.KeyAlias}} {
		v, err := c.Get(node, field.name)
		if err != nil {
			return Host{}, err
		}
		*field.value = v
	}
	h.Address = strings.NewReplacer("%%", "%", "%h", node).Replace(h.Address)
	port, err := c.Get(node, "Port")
	if err != nil {
		return Host{}, err
	}
	if port != "" {
		if h.Port, err = strconv.Atoi(port); err != nil || h.Port < 1 || h.Port > 65535 {
			return Host{}, fmt.Errorf("the Port is %.50q, which must be between 1 and 65535", port)
		}
	}
	keys, err := c.GetAll(node, "IdentityFile")
	if err != nil {
		return Host{}, err
	}
	for _, key := range keys {
		key, err = identity(key, node, h)
		if err != nil {
			return Host{}, err
		}
		h.Keys = append(h.Keys, key)
	}
	return h, nil
}

// identity returns the path that a value of IdentityFile stands for.
func identity(value, node string, h Host) (string, error) {
	home, err := os.UserHomeDir()
	if err != nil && (strings.HasPrefix(value, "~") || strings.Contains(value, "%d")) {
		return "", err
	}
	if rest, ok := strings.CutPrefix(value, "~/"); ok {
		value = filepath.Join(home, rest)
	}
	address := h.Address
	if address == "" {
		address = node
	}
	return strings.NewReplacer("%%", "%", "%d", home, "%h", address, "%n", node, "%r", h.User).Replace(value), nil
}
