package inventory

import (
	"cmp"
	"fmt"
	"slices"
)

// fleet puts nodes, groups and defaults together.
func (p *parser) fleet() (*fleet, error) {
	f := &fleet{
		knownHosts: p.knownHosts,
		nodes:      make([]Node, len(p.nodes)),
		byName:     make(map[string]int, len(p.nodes)),
		groups:     make(map[string][]string, 2*len(p.groups)+2),
		reached:    make(map[string]reached),
	}
	for i, e := range p.nodes {
		if other, twice := f.byName[e.name]; twice {
			return nil, fmt.Errorf("line %d: node: name: is on line %d already (given: %s)", e.line, p.nodes[other].line, quoted(e.name))
		}
		if e.address == "" && checkAddress(e.name) != "" {
			return nil, fmt.Errorf("line %d: node: address: must be given, since the name cannot be one (given: %s)", e.line, quoted(e.name))
		}
		f.byName[e.name] = i
		f.nodes[i] = Node{Name: e.name, Address: cmp.Or(e.address, e.name), HostKeyAlias: e.keyAlias}
	}
	groupsOf, err := p.groupsOf(f.byName)
	if err != nil {
		return nil, err
	}
	members := make([][]string, len(p.groups))
	for i := range f.nodes {
		n, said := &f.nodes[i], p.nodes[i].settings
		slices.Sort(groupsOf[i])
		for _, g := range slices.Compact(groupsOf[i]) {
			said = said.or(p.groups[g].settings)
			n.Groups = append(n.Groups, p.groups[g].name)
			members[g] = append(members[g], n.Name)
		}
		said.or(p.defaults).apply(n)
	}
	for i, g := range p.groups {
		f.groups[g.name] = members[i]
		if g.id != "" {
			f.groups[g.id] = members[i]
		}
	}
	f.groups[everyNode] = f.names()
	f.groups[everyNodeID] = f.groups[everyNode]
	return f, nil
}

// groupsOf returns the places of the groups of each node.
func (p *parser) groupsOf(nodes map[string]int) ([][]int, error) {
	byName, err := p.groupsByName()
	if err != nil {
		return nil, err
	}
	groupsOf := make([][]int, len(p.nodes))
	for i, e := range p.nodes {
		for _, r := range e.others {
			g, known := byName[r.name]
			if !known {
				return nil, wrong(r.at, "node: groups: is not the name of a group under groups (given: %s)", quoted(r.name))
			}
			groupsOf[i] = append(groupsOf[i], g)
		}
	}
	for i, g := range p.groups {
		for _, r := range g.others {
			n, known := nodes[r.name]
			if !known {
				return nil, wrong(r.at, "group: nodes: is not the name of a node under nodes (given: %s)", quoted(r.name))
			}
			groupsOf[n] = append(groupsOf[n], i)
		}
	}
	return groupsOf, nil
}

// groupsByName returns the places of the groups by their names. No name or id stands for two groups.
func (p *parser) groupsByName() (map[string]int, error) {
	byName, taken := make(map[string]int, len(p.groups)), make(map[string]int, 2*len(p.groups))
	for i, g := range p.groups {
		for _, name := range []string{g.name, g.id} {
			if other, twice := taken[name]; twice && name != "" && other != i {
				return nil, fmt.Errorf("line %d: group: the name or id is that of the group on line %d already (given: %s)", g.line, p.groups[other].line, quoted(name))
			}
			taken[name] = i
		}
		byName[g.name] = i
	}
	return byName, nil
}
