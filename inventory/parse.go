package inventory

import (
	"maps"
	"path/filepath"
	"strings"

	"go.yaml.in/yaml/v3"
)

// parser collects what a file says.
type parser struct {
	dir  string // what paths in the file start from
	home string // what ~ stands for

	knownHosts    string
	defaults      settings
	groups, nodes []item
}

// item is a node or a group as the file has it.
type item struct {
	name     string
	id       string      // of a group
	address  string      // of a node
	keyAlias string      // of a node
	others   []reference // the groups of a node, the nodes of a group
	settings settings
	line     int
}

// reference is the name of a node or a group, where the file mentions it.
type reference struct {
	name string
	at   *yaml.Node
}

// parse reads the text of an inventory. Paths that are not absolute start from dir, or from home if
// they begin with ~/.
func parse(text []byte, dir, home string) (*fleet, error) {
	p := parser{dir: dir, home: home}
	doc, err := document(text)
	if err != nil {
		return nil, err
	}
	if doc != nil && doc.ShortTag() != "!!null" {
		if err := p.file(doc); err != nil {
			return nil, err
		}
	}
	return p.fleet()
}

func (p *parser) file(n *yaml.Node) error {
	return keys{
		"known_hosts": p.intoPath(&p.knownHosts, "known_hosts"),
		"defaults":    func(n *yaml.Node) error { return p.settings(&p.defaults, "defaults", nil).read(n, "defaults") },
		"groups":      func(n *yaml.Node) error { return list(n, "groups", p.group) },
		"nodes":       func(n *yaml.Node) error { return list(n, "nodes", p.node) },
	}.read(n, "inventory")
}

// settings returns the keys of settings, and more.
func (p *parser) settings(to *settings, what string, more keys) keys {
	all := keys{
		"port":          intoPort(&to.port, what+": port"),
		"user":          into(&to.user, what+": user", checkUser),
		"identity_file": p.intoPath(&to.identityFile, what+": identity_file"),
		"sudo":          intoBool(&to.sudo, what+": sudo"),
	}
	maps.Copy(all, more)
	return all
}

// intoPath returns what reads a value as the path of a file.
func (p *parser) intoPath(to *string, what string) func(*yaml.Node) error {
	read := into(to, what, checkPath)
	return func(n *yaml.Node) error {
		if err := read(n); err != nil {
			return err
		}
		rest, fromHome := strings.CutPrefix(*to, "~/")
		switch {
		case fromHome && p.home == "":
			return wrong(n, "%s: there is no home directory that ~ could stand for (given: %s)", what, shown(n))
		case fromHome:
			*to = filepath.Join(p.home, rest)
		case !filepath.IsAbs(*to):
			*to = filepath.Join(p.dir, *to)
		}
		return nil
	}
}

func (p *parser) group(n *yaml.Node) error {
	var g item
	err := p.item(&g, n, "group", checkGroup, keys{
		"id":    into(&g.id, "group: id", checkGroup),
		"nodes": func(n *yaml.Node) error { return references(&g.others, n, "group: nodes", checkNode) },
	})
	p.groups = append(p.groups, g)
	return err
}

func (p *parser) node(n *yaml.Node) error {
	var e item
	err := p.item(&e, n, "node", checkNode, keys{
		"address":        into(&e.address, "node: address", checkAddress),
		"host_key_alias": into(&e.keyAlias, "node: host_key_alias", checkAddress),
		"groups":         func(n *yaml.Node) error { return references(&e.others, n, "node: groups", checkGroup) },
	})
	p.nodes = append(p.nodes, e)
	return err
}

// item reads a node or a group: a mapping with a name, settings and more, or the name alone.
func (p *parser) item(to *item, n *yaml.Node, what string, check func(string) string, more keys) error {
	to.line = n.Line
	name := into(&to.name, what+": name", check)
	if n.Kind != yaml.MappingNode {
		return name(n)
	}
	more["name"] = name
	err := p.settings(&to.settings, what, more).read(n, what)
	if err == nil && to.name == "" {
		err = wrong(n, "%s: name: must be given", what)
	}
	return err
}

// references reads a list of names.
func references(to *[]reference, n *yaml.Node, what string, check func(string) string) error {
	return list(n, what, func(item *yaml.Node) error {
		r := reference{at: item}
		if err := into(&r.name, what, check)(item); err != nil {
			return err
		}
		*to = append(*to, r)
		return nil
	})
}
