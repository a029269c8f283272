package inventory

import "sync"

// Names of the group that every node is in.
const (
	everyNode   = "all"
	everyNodeID = "00000000-0000-4000-8000-000000000000" // what the original's classifier calls it
)

// fleet is what a file says. Only what is known of its connections changes.
type fleet struct {
	knownHosts string

	nodes  []Node
	byName map[string]int      // places in nodes
	groups map[string][]string // the names of the nodes in a group, in the order of the file, by the group's name and by its id

	mu      sync.Mutex
	reached map[string]reached // by the name of the node
}

// node returns the node with a name.
func (f *fleet) node(name string) (Node, bool) {
	i, ok := f.byName[name]
	if !ok {
		return Node{}, false
	}
	return f.nodes[i], true
}

// names returns the names of all nodes.
func (f *fleet) names() []string {
	names := make([]string, len(f.nodes))
	for i := range f.nodes {
		names[i] = f.nodes[i].Name
	}
	return names
}
