package httpapi

import (
	"encoding/binary"
	"math/bits"
)

// Texts are looked through eight bytes at a time: word reads them, and the others set the highest bit
// of the bytes that are looked for, exactly up to the first of them.
const (
	eachByte = 0x0101010101010101
	highBits = 0x8080808080808080
)

func word(text []byte) uint64 { return binary.LittleEndian.Uint64(text) }

// equal marks the bytes that are c.
func equal(w uint64, c byte) uint64 {
	w ^= eachByte * uint64(c)
	return (w - eachByte) &^ w & highBits
}

// less marks the bytes that are less than c, which is at most 0x80.
func less(w uint64, c byte) uint64 { return (w - eachByte*uint64(c)) &^ w & highBits }

// firstMark returns which byte is the first that is marked.
func firstMark(marks uint64) int { return bits.TrailingZeros64(marks) / 8 }
