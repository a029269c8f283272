package httpapi

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

// Every byte is seen at every place of a text that is looked through by words, and behind its last word.
func TestEveryByteAtEveryPlace(t *testing.T) {
	for c := range 256 {
		for at := range 19 {
			text := []byte(strings.Repeat("x", 19))
			text[at] = byte(c)
			want := ' ' <= c && c < 0x80 && c != '"' && c != '\\'
			assert.Equal(t, want, plain(string(text)), "%q", text)

			quoted := append(append([]byte(`"`), text...), '"', '"')
			end, escaped := stringEnd(quoted, 0)
			switch c {
			case '"':
				assert.Equal(t, at+1, end, "%q", quoted)
			case '\\':
				assert.Equal(t, at < 18, end == len(quoted)-2, "%q", quoted)
			default:
				assert.Equal(t, len(quoted)-2, end, "%q", quoted)
			}
			assert.Equal(t, c == '\\', escaped, "%q", quoted)
		}
	}
}

func TestWhole(t *testing.T) {
	for text, want := range map[string]string{
		"0": "0", "7": "7", "123456789": "123456789", "2147483647": "2147483647", "-2147483648": "-2147483648", "-5": "-5",
		"-0": "", "2147483648": "", "-2147483649": "", "12345678901": "", "1.0": "", "1e3": "", "true": "", `"1"`: "", "": "", "-": "",
	} {
		assert.Equal(t, want, string(whole([]byte(text))), text)
	}
}

func TestIsURL(t *testing.T) {
	for text, want := range map[string]bool{
		`"http://h"`: true, `"https://h/p?q#f"`: true, `"https://[::1]:8143"`: true,
		``: false, `null`: false, `""`: false, `"http://"`: false, `"https:///p"`: false, `"http://?q"`: false, `"http://#"`: false, `"http://:80"`: false,
		`"ftp://h"`: false, `"/p"`: false, `"http://h/\n"`: false, `"http://h/a b"`: false, `"HTTP://h"`: false,
	} {
		assert.Equal(t, want, isURL([]byte(text)), text)
	}
}

// The scanner finds each counter under its own name.
func TestMetricKeys(t *testing.T) {
	for i, text := range metricKeys {
		key := strings.Trim(text, `{,":`)
		assert.Equal(t, i, metric([]byte(key)), key)
	}
	assert.Equal(t, -1, metric([]byte("other")))
}

// Of a key that is there twice the last value counts, as for encoding/json.
func TestRunOfTwice(t *testing.T) {
	r := runOf([]byte(`{"hash":"a","metrics":{"total":1,"failed":2},"hash":"b","metrics":{"failed":3}}`))
	assert.Equal(t, `"b"`, string(r.hash))
	assert.Nil(t, r.counters[metric([]byte("total"))])
	assert.Equal(t, "3", string(r.counters[metric([]byte("failed"))]))
}
