package httpapi

import (
	"errors"
	"fmt"
	"net/http"

	"github.com/seed-54b7607b/orchestrator"
)

// listInventory answers GET /inventory: the nodes that are known to be connected, save for those
// that the principal may not ask about.
func (h *handler) listInventory(c *call) error {
	if err := h.may(c, Action{Verb: VerbInventory}); err != nil {
		return err
	}
	all, err := h.inventory(c, nil)
	if err != nil {
		return err
	}
	s := c.inventoryList()
	for i := range all {
		err := h.may(c, Action{Verb: VerbInventory, Nodes: named([]string{all[i].Name})})
		if errors.Is(err, ErrForbidden) {
			continue
		}
		if err != nil {
			return err
		}
		s.nodeStatus(&all[i])
		if !s.more() {
			break
		}
	}
	return s.inventoryEnd()
}

// askInventory answers POST /inventory: whether the nodes that the body names are connected.
func (h *handler) askInventory(c *call) error {
	body, err := h.body(c)
	if err != nil {
		return err
	}
	if !body.has("nodes") {
		return invalid("nodes", nil, "must be given")
	}
	nodes, err := body.strings("nodes")
	if err != nil {
		return err
	}
	if len(nodes) > h.opts.MaxLimit {
		return invalid("nodes", len(nodes), fmt.Sprintf("must not hold more than %d nodes", h.opts.MaxLimit))
	}
	for i, name := range nodes {
		if err := validNode(fmt.Sprintf("nodes[%d]", i), name); err != nil {
			return err
		}
	}
	statuses, err := h.statuses(c, nodes)
	if err != nil {
		return err
	}
	s := c.inventoryList()
	for i := range statuses {
		s.nodeStatus(&statuses[i])
		if !s.more() {
			break
		}
	}
	return s.inventoryEnd()
}

// showInventory answers GET /inventory/:node: whether one node is connected.
func (h *handler) showInventory(c *call) error {
	name := c.params.ByName("node")
	if err := validNode("node", name); err != nil {
		return err
	}
	statuses, err := h.statuses(c, []string{name})
	if err != nil {
		return err
	}
	return c.send(http.StatusOK, func(e *encoder) { e.nodeStatus(&statuses[0]) })
}

// statuses returns the status of each of the nodes, in their order, if the principal may ask about
// all of them. One that the runner does not know is not connected.
func (h *handler) statuses(c *call, nodes []string) ([]orchestrator.NodeStatus, error) {
	if err := h.may(c, Action{Verb: VerbInventory, Nodes: named(nodes)}); err != nil {
		return nil, err
	}
	known, err := h.inventory(c, nodes)
	if err != nil {
		return nil, err
	}
	byName := make(map[string]*orchestrator.NodeStatus, len(known))
	for i := range known {
		byName[known[i].Name] = &known[i]
	}
	statuses := make([]orchestrator.NodeStatus, len(nodes))
	for i, name := range nodes {
		statuses[i] = orchestrator.NodeStatus{Name: name}
		if status := byName[name]; status != nil {
			statuses[i] = *status
		}
	}
	return statuses, nil
}

// inventory asks the runner. Whatever its error is, it is none of the client's: the original answers
// 500 when its broker cannot be reached.
func (h *handler) inventory(c *call, nodes []string) ([]orchestrator.NodeStatus, error) {
	statuses, err := h.o.Inventory(c.context(), nodes)
	if err != nil && c.context().Err() == nil {
		return nil, fmt.Errorf("runner: %v", err)
	}
	return statuses, err
}

// inventoryList begins a list of nodes' statuses, and inventoryEnd ends it.
func (c *call) inventoryList() *stream {
	s := c.stream()
	s.open('{')
	s.key("items")
	s.open('[')
	return s
}

func (s *stream) inventoryEnd() error {
	s.close(']')
	s.close('}')
	return s.end()
}

// nodeStatus appends whether a node is connected. Through what and since when is there only if it
// is, the time with milliseconds: both as documented.
func (e *encoder) nodeStatus(n *orchestrator.NodeStatus) {
	e.open('{')
	e.key("name")
	e.string(n.Name)
	e.key("connected")
	e.bool(n.Connected)
	if n.Connected && n.Broker != "" {
		e.key("broker")
		e.string(n.Broker)
	}
	if n.Connected && !n.Since.IsZero() {
		e.key("timestamp")
		e.formatted(n.Since, milliLayout)
	}
	e.close('}')
}

// validNode returns nil if a name can be that of a node, or else the error for the field it is in.
func validNode(field, name string) error {
	wrong, ok := errors.AsType[*orchestrator.InvalidError](orchestrator.ValidNodeName(name))
	if !ok {
		return nil
	}
	return invalid(field, name, wrong.Reason)
}
