package badger

import (
	"time"

	"github.com/seed-54b7607b/orchestrator"
)

// maxInlineSpec is how long the encoding of what a job was asked may be to stand in the job's
// row, which is written again with every change of the job's state.
const maxInlineSpec = 12 << 10

// tail is the part of a job's row that never changes.
type tail struct {
	asked

	key   string
	names []byte // encoded; nil if they have rows of their own
	spec  []byte // encoded; nil if it has a row of its own
}

// encode writes the texts as one piece, so that they are read as one.
func (t *tail) encode() []byte {
	texts := &encoder{b: make([]byte, 0, 8+t.size()+len(t.key))}
	texts.asked(&t.asked)
	texts.text(t.key)
	e := &encoder{b: make([]byte, 0, 8+len(texts.b)+len(t.names)+len(t.spec))}
	e.bytes(texts.b)
	e.bytes(t.names)
	e.bytes(t.spec)
	return e.b
}

func (d *decoder) tail() (tail, error) {
	texts := decoder{b: d.bytes()}
	texts.same = string(texts.b)
	t := tail{asked: texts.asked(), key: texts.text(), names: d.bytes(), spec: d.bytes()}
	if err := texts.end(); err != nil {
		d.fail(err)
	}
	return t, d.end()
}

// encodeSpec writes everything of a spec but what its tail holds.
func encodeSpec(s *orchestrator.JobSpec) []byte {
	e := &encoder{b: make([]byte, 0, 256)}
	e.byte(version)
	e.scope(&s.Scope)
	e.text(s.Description)
	e.flags(s.Noop)
	e.int(s.Concurrency)
	e.varint(int64(s.Timeout))
	e.bytes(s.Userdata)
	e.owner(&s.Owner)
	e.agent(&s.Agent)
	e.bytes(s.Task.Params)
	e.texts(s.Task.Sensitive)
	e.text(s.Task.Secret)
	e.text(s.Digest)
	return e.b
}

// decodeSpec reads a spec into s, which has from the tail what encodeSpec leaves out.
// The spec shares the memory of value.
func decodeSpec(s *orchestrator.JobSpec, value []byte) error {
	d := decodeText(value)
	d.scope(&s.Scope)
	s.Description = d.text()
	d.flags(&s.Noop)
	s.Concurrency = d.int()
	s.Timeout = time.Duration(d.varint())
	s.Userdata = d.bytes()
	d.owner(&s.Owner)
	d.agent(&s.Agent)
	s.Task.Params = d.bytes()
	s.Task.Sensitive = d.texts()
	s.Task.Secret = d.text()
	s.Digest = d.text()
	return d.end()
}

func (e *encoder) scope(s *orchestrator.Scope) {
	e.texts(s.Nodes)
	e.int(s.Omitted)
	e.bytes(s.Query)
	e.text(s.NodeGroup)
}

func (d *decoder) scope(s *orchestrator.Scope) {
	s.Nodes = d.texts()
	s.Omitted = d.int()
	s.Query = d.bytes()
	s.NodeGroup = d.text()
}

func (e *encoder) owner(o *orchestrator.Owner) {
	e.text(o.ID)
	e.text(o.DisplayName)
	e.text(o.Email)
	e.time(o.LastLogin)
	e.flags(o.IsSuperuser, o.IsRemote, o.IsRevoked, o.IsGroup)
	e.ints(o.RoleIDs)
	e.ints(o.InheritedRoleIDs)
	e.texts(o.GroupIDs)
}

func (d *decoder) owner(o *orchestrator.Owner) {
	o.ID = d.text()
	o.DisplayName = d.text()
	o.Email = d.text()
	o.LastLogin = d.time()
	d.flags(&o.IsSuperuser, &o.IsRemote, &o.IsRevoked, &o.IsGroup)
	o.RoleIDs = d.ints()
	o.InheritedRoleIDs = d.ints()
	o.GroupIDs = d.texts()
}

func (e *encoder) agent(a *orchestrator.AgentOptions) {
	e.flags(a.NoNoop, a.EnforceEnvironment, a.Debug, a.Trace, a.Evaltrace)
	for _, p := range [...]*int{a.FileTimeout, a.HTTPConnectTimeout, a.HTTPKeepaliveTimeout, a.HTTPReadTimeout} {
		e.flags(p != nil)
		if p != nil {
			e.int(*p)
		}
	}
	e.text(a.Ordering)
	e.text(a.SkipTags)
	e.text(a.Tags)
	for _, p := range [...]*bool{a.UseCachedCatalog, a.UseCacheOnFailure} {
		e.flags(p != nil, p != nil && *p)
	}
}

func (d *decoder) agent(a *orchestrator.AgentOptions) {
	d.flags(&a.NoNoop, &a.EnforceEnvironment, &a.Debug, &a.Trace, &a.Evaltrace)
	for _, p := range [...]**int{&a.FileTimeout, &a.HTTPConnectTimeout, &a.HTTPKeepaliveTimeout, &a.HTTPReadTimeout} {
		var given bool
		if d.flags(&given); given {
			*p = new(d.int())
		}
	}
	a.Ordering = d.text()
	a.SkipTags = d.text()
	a.Tags = d.text()
	for _, p := range [...]**bool{&a.UseCachedCatalog, &a.UseCacheOnFailure} {
		var given, value bool
		if d.flags(&given, &value); given {
			*p = new(value)
		}
	}
}

// flags writes up to eight truth values as one byte.
func (e *encoder) flags(values ...bool) {
	var b byte
	for i, v := range values {
		if v {
			b |= 1 << i
		}
	}
	e.byte(b)
}

func (d *decoder) flags(values ...*bool) {
	b := d.byte()
	for i, v := range values {
		*v = b&(1<<i) != 0
	}
	if b>>len(values) != 0 {
		d.fail(errRange)
	}
}

// ints and texts keep apart nil and a slice that is empty.
func (e *encoder) ints(values []int) {
	if values == nil {
		e.uvarint(0)
		return
	}
	e.uvarint(uint64(len(values)) + 1)
	for _, v := range values {
		e.int(v)
	}
}

func (d *decoder) ints() []int {
	return elements(d, d.int)
}

func (e *encoder) texts(values []string) {
	if values == nil {
		e.uvarint(0)
		return
	}
	e.uvarint(uint64(len(values)) + 1)
	for _, v := range values {
		e.text(v)
	}
}

func (d *decoder) texts() []string {
	return elements(d, d.text)
}

// elements reads a slice of values that take a byte or more each.
func elements[T any](d *decoder, element func() T) []T {
	n := d.uvarint()
	if n == 0 {
		return nil
	}
	if n-1 > uint64(len(d.b)) {
		d.fail(errTruncated)
		return nil
	}
	values := make([]T, n-1)
	for i := range values {
		values[i] = element()
	}
	return values
}
