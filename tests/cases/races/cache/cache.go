// Package cache keeps what was loaded.
package cache

// Loader fetches the value of a key.
type Loader func(key string) string

// Cache keeps values; every key is loaded once.
type Cache struct {
	load   Loader
	values map[string]string
	loads  int
}

// New returns an empty cache.
func New(load Loader) *Cache {
	return &Cache{load: load, values: map[string]string{}}
}

// Get returns the value of a key.
func (c *Cache) Get(key string) string {
	if value, ok := c.values[key]; ok {
		return value
	}
	value := c.load(key)
	c.values[key] = value
	c.loads++
	return value
}

// Loads returns how often something was loaded.
func (c *Cache) Loads() int {
	return c.loads
}
