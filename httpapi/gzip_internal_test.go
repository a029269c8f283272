package httpapi

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestTakesGzip(t *testing.T) {
	for accept, want := range map[string]bool{
		"":                              false,
		"identity":                      false,
		"br, deflate":                   false,
		"gzip":                          true,
		"GZip":                          true,
		"x-gzip":                        true,
		"gzip, deflate, br, zstd":       true,
		"br;q=1.0, gzip;q=0.8, *;q=0.1": true,
		"*":                             true,
		"*;q=0":                         false,
		"gzip;q=0":                      false,
		"gzip;q=0, *":                   false,
		"*, gzip;q=0":                   false,
		"gzip;q=0.001":                  true,
		"gzip;q=2":                      false,
		"gzip;q=x":                      false,
		"identity, gzip":                true,
		"identity, gzip;q=0.5":          false,
		"identity;q=0.5, gzip":          true,
		"identity;q=0, *":               true,
		"gzipped":                       false,
	} {
		c := &call{r: httptest.NewRequest(http.MethodGet, "/", nil)}
		c.r.Header.Set("Accept-Encoding", accept)
		assert.Equal(t, want, c.takesGzip(), accept)
	}
	c := &call{r: httptest.NewRequest(http.MethodGet, "/", nil)}
	assert.False(t, c.takesGzip(), "no such header")
	c.r.Header["Accept-Encoding"] = []string{"br", "gzip"}
	assert.True(t, c.takesGzip(), "two headers")
}

// A handler in front that compresses by itself is left to it.
func TestGzipInFront(t *testing.T) {
	for _, encoding := range []string{"", "br"} {
		w := httptest.NewRecorder()
		w.Header().Set("Content-Encoding", encoding)
		c := &call{ResponseWriter: w, r: httptest.NewRequest(http.MethodGet, "/", nil)}
		c.r.Header.Set("Accept-Encoding", "gzip")
		assert.Equal(t, encoding == "", c.stream().zip != nil, encoding)
		assert.Nil(t, c.liveStream().zip)
	}
}

// Whatever the parts are, unpacked they are the text again, and each of them as soon as it is there.
func FuzzZipper(f *testing.F) {
	f.Add([]byte(""), []byte("a"), []byte("second"))
	f.Add([]byte(`{"items":[`), bytes.Repeat([]byte(`{"name":"node"},`), 10_000), []byte("]}"))
	f.Add([]byte("\x00\xff"), []byte{}, []byte{})
	f.Fuzz(func(t *testing.T, a, b, c []byte) {
		var z zipper
		var zipped, text []byte
		for _, part := range [][]byte{a, b, c} {
			zipped = z.part(zipped, part)
			text = append(text, part...)
			got, err := unpacked(zipped)
			if err != io.ErrUnexpectedEOF || !bytes.Equal(got, text) { //nolint:errorlint // io.ReadAll returns it as it is
				t.Fatalf("%q, %v; want %q and no end", got, err, text)
			}
		}
		if got, err := unpacked(z.end(zipped)); err != nil || !bytes.Equal(got, text) {
			t.Fatalf("%q, %v; want %q", got, err, text)
		}
	})
}

func unpacked(zipped []byte) ([]byte, error) {
	r, err := gzip.NewReader(bytes.NewReader(zipped))
	if err != nil {
		return nil, err
	}
	r.Multistream(false)
	return io.ReadAll(r)
}
