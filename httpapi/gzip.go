package httpapi

import (
	"compress/flate"
	"encoding/binary"
	"hash/crc32"
	"strings"
	"sync"
)

// zipFrom is from which length on an answer that goes out in one piece is compressed. A shorter one
// is no more than a packet anyway.
const zipFrom = 1400

// takesGzip reports whether the client would rather have an answer in gzip than as it is. One that
// says nothing of the kind has it as it is.
func (c *call) takesGzip() bool {
	values := c.r.Header.Values("Accept-Encoding")
	if len(values) == 0 {
		return false
	}
	var gzip, plain wish
	for part := range strings.SplitSeq(strings.Join(values, ","), ",") {
		switch name, q := accepted(part); strings.ToLower(name) {
		case "gzip", "x-gzip":
			gzip.add(wish{q, true})
		case "*":
			gzip.add(wish{q, false})
		case "identity":
			plain.add(wish{q, true})
		}
	}
	return gzip.q > 0 && gzip.q >= plain.q
}

// zipper makes the parts of an answer into one text in gzip. Each part is compressed by itself and
// can be read when it is there. Between two parts nothing is kept but the checksum: a compressor has
// about a megabyte, too much for every client that is slow, or never takes the rest.
type zipper struct {
	begun bool
	sum   uint32
	size  uint32 // modulo 2^32, as it stands in the trailer
}

// gzipHeader is the one of a text without a name or a time, compressed fast, on no particular system.
const gzipHeader = "\x1f\x8b\x08\x00\x00\x00\x00\x00\x04\xff"

// lastBlock is an empty block of compressed text behind which there are no more.
const lastBlock = "\x03\x00"

// part appends a part of the text to b, compressed.
func (z *zipper) part(b, text []byte) []byte {
	if !z.begun {
		z.begun = true
		b = append(b, gzipHeader...)
	}
	z.sum = crc32.Update(z.sum, crc32.IEEETable, text)
	z.size += uint32(len(text))
	d := deflaters.Get().(*deflater)
	defer deflaters.Put(d)
	return d.append(b, text)
}

// end appends what comes behind the last part.
func (z *zipper) end(b []byte) []byte {
	b = append(b, lastBlock...)
	b = binary.LittleEndian.AppendUint32(b, z.sum)
	return binary.LittleEndian.AppendUint32(b, z.size)
}

// deflaters are the compressors that nobody uses.
var deflaters = sync.Pool{New: func() any { return newDeflater() }}

// deflater compresses one text at a time.
type deflater struct {
	compressor *flate.Writer
	out        []byte
}

func newDeflater() *deflater {
	d := new(deflater)
	d.compressor, _ = flate.NewWriter(d, flate.BestSpeed) // there is this level
	return d
}

// append appends a text to b in blocks none of which is the last, up to the end of a byte. They do not
// refer to what came before.
func (d *deflater) append(b, text []byte) []byte {
	d.out = b
	d.compressor.Reset(d)
	_, _ = d.compressor.Write(text) // what is written to memory does not fail
	_ = d.compressor.Flush()
	b, d.out = d.out, nil
	return b
}

// Write takes what the compressor gives.
func (d *deflater) Write(p []byte) (int, error) {
	d.out = append(d.out, p...)
	return len(p), nil
}
