package badger

// nodeSet is a set of nodes, by their indexes.
type nodeSet []uint64

// newNodeSet returns an empty set with room for n nodes, or for many if n is absurd.
func newNodeSet(n int) nodeSet { return make(nodeSet, 0, min(n/64+1, 1<<16)) }

func (s nodeSet) has(i int) bool { return i>>6 < len(s) && s[i>>6]&(1<<(i&63)) != 0 }

func (s *nodeSet) add(i int) {
	for i>>6 >= len(*s) {
		*s = append(*s, 0)
	}
	(*s)[i>>6] |= 1 << (i & 63)
}
