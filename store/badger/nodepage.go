package badger

import "github.com/seed-54b7607b/orchestrator"

// nodePage is a page of nodes being put together: first what their heads say, and then what they say.
type nodePage struct {
	brief   bool
	nodes   []orchestrator.Node
	bytes   int // of all of them
	sayings sayings
}

func newNodePage(q orchestrator.NodeQuery) nodePage {
	return nodePage{brief: q.Brief, sayings: sayings{results: arena{reuse: q.Borrow}}}
}

// begin begins a page, which takes the place of the one before. It will have n nodes at most.
func (p *nodePage) begin(n int) {
	if p.nodes == nil {
		p.nodes = make([]orchestrator.Node, 0, max(0, min(n, pageRows)))
	}
	p.nodes, p.bytes = p.nodes[:0], 0
	p.sayings.begin()
}

// full reports whether the page takes no more nodes.
func (p *nodePage) full() bool { return len(p.nodes) >= pageRows || p.bytes >= pageBytes }

// add adds a node.
func (p *nodePage) add(h *head, index int, name string) {
	if !p.brief && h.says > 0 {
		p.sayings.all = append(p.sayings.all, saying{event: h.event, at: len(p.nodes)})
		p.bytes += h.says
	}
	p.nodes = append(p.nodes, h.node(index, name))
	p.bytes += len(name)
}

// finish reads what the nodes say, and returns them. Their heads were read from the same snapshot.
func (p *nodePage) finish(sn *snapshot, of *headsOf) ([]orchestrator.Node, error) {
	if len(p.sayings.all) == 0 {
		return p.nodes, nil
	}
	if !of.small() {
		return p.nodes, p.sayings.read(sn, of.job, p.nodes)
	}
	for _, s := range p.sayings.all {
		n := &p.nodes[s.at]
		said := &of.few[n.Index].Node
		n.Message, n.Result = said.Message, said.Result
	}
	return p.nodes, nil
}
