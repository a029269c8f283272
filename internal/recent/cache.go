// Package recent keeps what was asked for lately, in bounded memory.
package recent

// Cache keeps values until others are asked for more. When the younger half of it is full, the older
// half is forgotten and the younger one takes its place; a value that is asked for becomes young again.
// It is not safe for use by many goroutines at once.
type Cache[K comparable, V any] struct {
	half, most int
	young, old map[K]entry[V]
	size       int // of what is young
}

type entry[V any] struct {
	value V
	size  int
}

// New returns a cache that keeps as many values as have the size all together, and none that has more
// than most. What a size is, is up to the caller.
func New[K comparable, V any](all, most int) *Cache[K, V] {
	return &Cache[K, V]{half: all / 2, most: min(most, all/2), young: make(map[K]entry[V])}
}

// Get returns the value of a key, and whether it is kept.
func (c *Cache[K, V]) Get(key K) (V, bool) {
	if e, ok := c.young[key]; ok {
		return e.value, true
	}
	e, ok := c.old[key]
	if ok {
		c.Add(key, e.value, e.size)
	}
	return e.value, ok
}

// Add keeps a value of a size, in place of the one that the key had.
func (c *Cache[K, V]) Add(key K, value V, size int) {
	c.Remove(key)
	if size > c.most {
		return
	}
	if c.size+size > c.half {
		c.old, c.young, c.size = c.young, make(map[K]entry[V]), 0
	}
	c.young[key] = entry[V]{value, size}
	c.size += size
}

// Remove forgets the value of a key.
func (c *Cache[K, V]) Remove(key K) {
	c.size -= c.young[key].size
	delete(c.young, key)
	delete(c.old, key)
}
