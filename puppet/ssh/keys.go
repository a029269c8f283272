package ssh

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"
)

// login has a configuration log in with the keys of a host and those of the agent. The function
// that it returns ends the use of the agent.
func (t *Transport) login(ctx context.Context, config *ssh.ClientConfig, h *Host) (func(), error) {
	var signers []ssh.Signer
	for _, file := range h.Keys {
		signer, err := readKey(file)
		if _, locked := errors.AsType[*ssh.PassphraseMissingError](err); locked && t.opts.Agent != "" {
			continue
		}
		if err != nil {
			return nil, err
		}
		signers = append(signers, signer)
	}
	end := func() {}
	if t.opts.Agent != "" {
		conn, err := new(net.Dialer).DialContext(ctx, "unix", t.opts.Agent)
		if err != nil && len(signers) == 0 {
			return nil, fmt.Errorf("the ssh agent: %w", err)
		}
		if err == nil {
			more, err := agent.NewClient(conn).Signers()
			if err != nil {
				_ = conn.Close()
				return nil, fmt.Errorf("the ssh agent: %w", err)
			}
			signers = append(signers, more...)
			end = func() { _ = conn.Close() }
		}
	}
	if len(signers) == 0 {
		end()
		return nil, errors.New("there is no key to log in with, neither in a file nor in an agent")
	}
	config.Auth = []ssh.AuthMethod{ssh.PublicKeys(signers...)}
	return end, nil
}

// readKey reads a private key. No error says what is in the file.
func readKey(file string) (ssh.Signer, error) { //nolint:ireturn // the protocol has an interface for keys
	text, err := os.ReadFile(file) //nolint:gosec // the settings name it
	if err != nil {
		return nil, err
	}
	signer, err := ssh.ParsePrivateKey(text)
	if _, locked := errors.AsType[*ssh.PassphraseMissingError](err); locked {
		return nil, fmt.Errorf("the key %s is protected by a passphrase, and has to be in the agent: %w", file, err)
	}
	if err != nil {
		return nil, fmt.Errorf("%s does not hold a private key that can be read", file)
	}
	return signer, nil
}
