package httpapi

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"
	"time"
	"unicode"

	"github.com/google/uuid"

	"github.com/seed-54b7607b/orchestrator"
)

const (
	maxTokenFile = 4 << 20
	maxOwnerText = 255
)

// tokenLine is a line of a file of tokens.
type tokenLine struct {
	SHA256      string     `json:"sha256"`
	Login       string     `json:"login"`
	ID          string     `json:"id,omitempty"`
	DisplayName string     `json:"display_name,omitempty"`
	RoleIDs     []int      `json:"role_ids,omitempty"`
	Expires     *time.Time `json:"expires,omitempty"`
}

// lineForm is what a line has to be, for messages.
const lineForm = "a JSON object with sha256 and login, and no other fields than id, display_name, role_ids and expires"

// knownToken is whom a token belongs to, and for how long.
type knownToken struct {
	owner   orchestrator.Owner
	expires time.Time // zero for never
}

// NewToken makes up a token for an owner, of whom ID, Login, DisplayName and RoleIDs are kept. It
// returns the token, which is not kept anywhere and cannot be found out again, and the line that
// makes it known to [Tokens], without a newline. A zero expires means never. It returns
// [orchestrator.ErrInvalid] for an owner that cannot stand in such a line.
func NewToken(owner orchestrator.Owner, expires time.Time) (token, line string, err error) {
	token = rand.Text()
	hash := sha256.Sum256([]byte(token))
	l := tokenLine{
		SHA256:      hex.EncodeToString(hash[:]),
		Login:       owner.Login,
		ID:          owner.ID,
		DisplayName: owner.DisplayName,
		RoleIDs:     owner.RoleIDs,
	}
	if !expires.IsZero() {
		l.Expires = new(expires.UTC().Truncate(time.Second))
	}
	if field, reason := l.problem(); reason != "" {
		return "", "", &orchestrator.InvalidError{Field: field, Reason: reason}
	}
	return token, string(marshal(l)), nil
}

// readTokens reads a file of tokens, by the hashes of these.
func readTokens(file string) (map[[sha256.Size]byte]knownToken, error) {
	text, err := readPrivate(file)
	if err != nil {
		return nil, err
	}
	tokens, err := parseTokens(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return tokens, nil
}

// readPrivate reads a file that nobody but its owner may write, and that not everybody may read.
func readPrivate(file string) ([]byte, error) {
	if info, err := os.Stat(file); err == nil && !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s: is not a regular file", file) // and might never end, or never begin
	}
	f, err := os.Open(file) //nolint:gosec // it is the one that the program was told to read
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	info, err := f.Stat()
	switch {
	case err != nil:
		return nil, err
	case runtime.GOOS != "windows" && info.Mode().Perm()&0o027 != 0:
		return nil, fmt.Errorf("%s: may be used by too many: its mode is %04o; allow nobody but its owner to write it, and others than its group not to read it (chmod 640)", file, info.Mode().Perm())
	}
	text, err := io.ReadAll(io.LimitReader(f, maxTokenFile+1))
	if err == nil && len(text) > maxTokenFile {
		err = fmt.Errorf("%s: is larger than %d bytes", file, maxTokenFile)
	}
	return text, err
}

// parseTokens reads the text of a file of tokens. Its errors say which line is wrong, and show
// nothing of it: what stands where a hash should be may be a token.
func parseTokens(text []byte) (map[[sha256.Size]byte]knownToken, error) {
	tokens := make(map[[sha256.Size]byte]knownToken)
	number := 0
	for line := range bytes.Lines(text) {
		number++
		line = bytes.TrimSpace(line)
		if len(line) == 0 || line[0] == '#' {
			continue
		}
		hash, token, err := parseToken(line)
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", number, err)
		}
		if _, twice := tokens[hash]; twice {
			return nil, fmt.Errorf("line %d: the same sha256 as on a line before", number)
		}
		tokens[hash] = token
	}
	return tokens, nil
}

func parseToken(line []byte) (hash [sha256.Size]byte, token knownToken, err error) {
	var l tokenLine
	dec := json.NewDecoder(bytes.NewReader(line))
	dec.DisallowUnknownFields()
	err = dec.Decode(&l)
	if field, ok := errors.AsType[*json.UnmarshalTypeError](err); ok && field.Field != "" {
		return hash, token, fmt.Errorf("%s: must not be of this type", field.Field)
	}
	if err != nil {
		return hash, token, errors.New("must be " + lineForm)
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return hash, token, errors.New("must be one object, and nothing behind it")
	}
	if field, reason := l.problem(); reason != "" {
		return hash, token, errors.New(field + ": " + reason)
	}
	if _, err := hex.Decode(hash[:], []byte(l.SHA256)); err != nil {
		return hash, token, errors.New("sha256: must be 64 hexadecimal digits")
	}
	token.owner = orchestrator.Owner{ID: l.ID, Login: l.Login, DisplayName: l.DisplayName}
	if len(l.RoleIDs) > 0 {
		token.owner.RoleIDs = l.RoleIDs
	}
	if token.owner.ID == "" {
		token.owner.ID = derivedID("login", l.Login)
	}
	if l.Expires != nil {
		token.expires = *l.Expires
	}
	return hash, token, nil
}

// problem says which field cannot be accepted, and why; the reason is "" if all is well.
func (l *tokenLine) problem() (field, reason string) {
	switch {
	case len(l.SHA256) != hex.EncodedLen(sha256.Size):
		return "sha256", "must be 64 hexadecimal digits"
	case l.Login == "":
		return "login", "must be given"
	case l.Expires != nil && l.Expires.IsZero():
		return "expires", "must be a time later than the year 1"
	}
	for _, text := range []struct{ field, value string }{{"login", l.Login}, {"id", l.ID}, {"display_name", l.DisplayName}} {
		if len(text.value) > maxOwnerText || strings.ContainsFunc(text.value, unicode.IsControl) {
			return text.field, fmt.Sprintf("must not have more than %d bytes, nor control characters", maxOwnerText)
		}
	}
	for _, id := range l.RoleIDs {
		if id < 0 {
			return "role_ids", "must not be negative"
		}
	}
	return "", ""
}

// derivedID returns the id of a subject that was given none: always the same for a name, and another
// for each kind of name, so that nobody becomes somebody else by being called the same elsewhere.
func derivedID(kind, name string) string {
	return uuid.NewSHA1(uuid.NameSpaceURL, []byte("orchestrator:"+kind+":"+name)).String()
}
