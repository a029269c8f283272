package ssh

import (
	"crypto/ed25519"
	"errors"
	"fmt"
	"net"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/knownhosts"
)

// knownHosts are the keys of hosts, read again when a file has changed.
type knownHosts struct {
	files []string

	mu    sync.Mutex
	state []fileState
	check ssh.HostKeyCallback
}

type fileState struct {
	name     string
	size     int64
	modified time.Time
}

// load returns the check that the files stand for.
func (k *knownHosts) load() (ssh.HostKeyCallback, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	var state []fileState
	var names []string
	for _, name := range k.files {
		info, err := os.Stat(name)
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("the known hosts: %w", err)
		}
		state = append(state, fileState{name, info.Size(), info.ModTime()})
		names = append(names, name)
	}
	if k.check == nil || !slices.Equal(state, k.state) {
		check, err := knownhosts.New(names...)
		if err != nil {
			return nil, fmt.Errorf("the known hosts: %w", err)
		}
		k.check, k.state = check, state
	}
	return k.check, nil
}

// file returns the file that a line is to be added to.
func (k *knownHosts) file() string {
	if len(k.files) == 0 {
		return "known_hosts"
	}
	return k.files[0]
}

// configure has a configuration check the key of a host, and ask for a kind of key that is known.
func (k *knownHosts) configure(config *ssh.ClientConfig, node string, h *Host) error {
	check, err := k.load()
	if err != nil {
		return err
	}
	config.HostKeyAlgorithms = algorithms(check, h.keyAddr())
	config.HostKeyCallback = func(_ string, remote net.Addr, key ssh.PublicKey) error {
		err := check(h.keyAddr(), remote, key)
		if err == nil {
			return nil
		}
		return &hostKeyError{text: k.explain(node, h, key, err)}
	}
	return nil
}

// hostKeyError says why a host's key was refused.
type hostKeyError struct{ text string }

func (e *hostKeyError) Error() string { return e.text }

// explain says what a person can do about a key that was refused.
func (k *knownHosts) explain(node string, h *Host, key ssh.PublicKey, err error) string {
	if revoked, ok := errors.AsType[*knownhosts.RevokedError](err); ok {
		return fmt.Sprintf("the host key of %s is marked as revoked in %s:%d", node, revoked.Revoked.Filename, revoked.Revoked.Line)
	}
	mismatch, ok := errors.AsType[*knownhosts.KeyError](err)
	if !ok {
		return fmt.Sprintf("the host key of %s cannot be accepted: %s", node, err)
	}
	shown := fmt.Sprintf("%s %s", key.Type(), ssh.FingerprintSHA256(key))
	if len(mismatch.Want) == 0 {
		return fmt.Sprintf("the host key of %s is not known: %s. If it is the right one, add this line to %s: %s",
			node, shown, k.file(), knownhosts.Line([]string{h.keyAddr()}, key))
	}
	var known []string
	for _, want := range mismatch.Want {
		known = append(known, fmt.Sprintf("%s %s (%s:%d)", want.Key.Type(), ssh.FingerprintSHA256(want.Key), want.Filename, want.Line))
	}
	return fmt.Sprintf("the host key of %s has changed: it is %s, and known as %s. "+
		"Somebody may be listening in; if the host was installed anew, replace what is known of it",
		node, shown, strings.Join(known, ", "))
}

// algorithms returns those that give a key of a kind that is known, so that another key which the
// host also has is not taken for a change. It returns nil, for all, if no key is known.
func algorithms(check ssh.HostKeyCallback, addr string) []string {
	probe, err := ssh.NewPublicKey(ed25519.PublicKey(make([]byte, ed25519.PublicKeySize)))
	if err != nil {
		return nil
	}
	mismatch, ok := errors.AsType[*knownhosts.KeyError](check(addr, &net.TCPAddr{}, probe))
	if !ok || len(mismatch.Want) == 0 {
		return nil
	}
	var names []string
	for _, want := range mismatch.Want {
		kinds := []string{want.Key.Type()}
		if want.Key.Type() == ssh.KeyAlgoRSA {
			kinds = []string{ssh.KeyAlgoRSASHA512, ssh.KeyAlgoRSASHA256}
		}
		for _, kind := range kinds {
			if !slices.Contains(names, kind) {
				names = append(names, kind)
			}
		}
	}
	return append(names, certificates...)
}

// certificates are the algorithms of hosts whose keys an authority has signed.
var certificates = []string{
	ssh.CertAlgoED25519v01, ssh.CertAlgoECDSA256v01, ssh.CertAlgoECDSA384v01, ssh.CertAlgoECDSA521v01,
	ssh.CertAlgoRSASHA512v01, ssh.CertAlgoRSASHA256v01,
}
