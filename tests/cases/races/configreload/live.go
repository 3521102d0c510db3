// Package configreload holds a configuration that can be replaced.
package configreload

// Config is one state of the settings; both fields belong together.
type Config struct {
	Version int
	Address string
}

// Live holds the configuration that counts now.
type Live struct {
	current *Config
	reloads int
}

// NewLive returns a holder of a first configuration.
func NewLive(first *Config) *Live {
	return &Live{current: first}
}

// Get returns the configuration that counts now.
func (l *Live) Get() *Config {
	return l.current
}

// Reload puts another one in its place.
func (l *Live) Reload(next *Config) {
	l.current = next
	l.reloads++
}

// Reloads returns how often it was replaced.
func (l *Live) Reloads() int {
	return l.reloads
}
