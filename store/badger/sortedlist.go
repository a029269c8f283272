package badger

import (
	"slices"
	"sort"
)

// sortedList is a list of nodes, by their indexes, in an order by which no two are equal. It consists
// of blocks, so that a change moves no more than one of them, and a place in the list is found by
// their lengths.
type sortedList struct {
	compare func(a, b int32) int
	blocks  [][]int32 // none is empty
	n       int
}

// maxBlock is how many nodes a block has before it is cut in two.
const maxBlock = 512

// newSortedList returns a list of nodes that are in its order.
func newSortedList(sorted []int32, compare func(a, b int32) int) *sortedList {
	l := &sortedList{compare: compare, n: len(sorted)}
	for block := range slices.Chunk(sorted, maxBlock/2) {
		l.blocks = append(l.blocks, slices.Clone(block))
	}
	return l
}

// block returns the first block whose last node is i or comes after it, and the place of i in it. If
// there is none, it returns the number of blocks.
func (l *sortedList) block(i int32) (block, at int, found bool) {
	block = sort.Search(len(l.blocks), func(b int) bool {
		return l.compare(l.blocks[b][len(l.blocks[b])-1], i) >= 0
	})
	if block < len(l.blocks) {
		at, found = slices.BinarySearchFunc(l.blocks[block], i, l.compare)
	}
	return block, at, found
}

// add adds a node that is not in the list.
func (l *sortedList) add(i int32) {
	block, at, _ := l.block(i)
	l.n++
	if block == len(l.blocks) {
		if block == 0 {
			l.blocks = [][]int32{{i}}
			return
		}
		block--
		at = len(l.blocks[block])
	}
	b := slices.Insert(l.blocks[block], at, i)
	l.blocks[block] = b
	if len(b) > maxBlock {
		l.blocks[block] = b[: maxBlock/2 : maxBlock/2]
		l.blocks = slices.Insert(l.blocks, block+1, slices.Clone(b[maxBlock/2:]))
	}
}

// remove takes out a node, if it is in the list. It must be called while the node is as it was when it
// was added.
func (l *sortedList) remove(i int32) {
	block, at, found := l.block(i)
	if !found {
		return
	}
	l.n--
	l.blocks[block] = slices.Delete(l.blocks[block], at, at+1)
	if len(l.blocks[block]) == 0 {
		l.blocks = slices.Delete(l.blocks, block, block+1)
	}
}

// part returns a copy of the nodes in the places from one to another, which is not in it.
func (l *sortedList) part(from, to int) []int32 {
	part := make([]int32, 0, max(to-from, 0))
	for _, b := range l.blocks {
		if from >= to {
			break
		}
		if from < len(b) {
			part = append(part, b[from:min(to, len(b))]...)
		}
		from, to = max(from-len(b), 0), to-len(b)
	}
	return part
}
