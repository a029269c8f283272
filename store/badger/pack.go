package badger

import "errors"

// The nodes of a job that has ended never change: their rows are put together in packs, so that a list
// of them takes fewer steps, and so does their removal. A row that is long stays where it is.

// nodesPerPack is how many nodes stand in one row, and maxPacked how long the value of a node that
// stands there may be. The former is part of the layout.
const (
	nodesPerPack = 8
	maxPacked    = (maxPiece - 64) / nodesPerPack
)

// wholePacks is not a pack, but the row that says that all packs have been written.
const wholePacks = 1<<32 - 1

// packOf returns the number of the pack that a node stands in.
func packOf(index int) uint32 { return uint32(index / nodesPerPack) }

// What a pack has of a node. A value has its length behind it.
const (
	noRow  = 0 // the node is as it was created
	ownRow = 1 // the value stands in a row of its own
	inPack = 2 // and more: the value follows
)

// packEntry is what a pack has of one node.
type packEntry struct {
	kind  byte
	value []byte
}

// pack reads the entries of a pack one after the other.
type pack struct{ decoder }

func openPack(value []byte) (pack, error) {
	p := pack{decode(value)}
	return p, p.err
}

// next returns the next entry, which shares the memory of the pack.
func (p *pack) next() (packEntry, error) {
	n := p.uvarint()
	if n < inPack {
		return packEntry{kind: byte(n)}, p.err
	}
	return packEntry{inPack, p.take(n - inPack)}, p.err
}

// failed returns the error of reading a pack: one of the pack itself says which it is.
func (p *pack) failed(key []byte, err error) error {
	if err != nil && errors.Is(err, p.err) {
		return corrupt(key, err)
	}
	return err
}

// packer puts the values of nodes together.
type packer struct {
	set   uint64
	packs []row
	bytes int // of the packs
	e     encoder
	next  int // the index of the next node; the pack is empty if it is the first of one
}

// add adds the value of a node, which comes after those added before. Those between have none.
func (p *packer) add(index int, value []byte) {
	if index/nodesPerPack != p.next/nodesPerPack {
		p.end()
		p.next = index - index%nodesPerPack
	}
	if p.next%nodesPerPack == 0 {
		p.e = encoder{b: make([]byte, 0, 1024)}
		p.e.byte(version)
	}
	for ; p.next < index; p.next++ {
		p.e.uvarint(noRow)
	}
	if len(value) > maxPacked {
		p.e.uvarint(ownRow)
	} else {
		p.e.uvarint(uint64(len(value)) + inPack)
		p.e.b = append(p.e.b, value...)
	}
	if p.next++; p.next%nodesPerPack == 0 {
		p.keep(packOf(index))
	}
}

// end ends the pack that is not full, if there is one.
func (p *packer) end() {
	if p.next%nodesPerPack == 0 {
		return
	}
	number := packOf(p.next)
	for ; p.next%nodesPerPack != 0; p.next++ {
		p.e.uvarint(noRow)
	}
	p.keep(number)
}

func (p *packer) keep(number uint32) {
	p.packs = append(p.packs, row{packKey(p.set, number), p.e.b})
	p.bytes += len(p.e.b)
}
