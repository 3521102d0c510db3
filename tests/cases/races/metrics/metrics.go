// Package metrics keeps named numbers.
package metrics

import "sync"

// Registry keeps numbers by name.
type Registry struct {
	mu     sync.Mutex
	values map[string]int
}

// New returns an empty registry.
func New() *Registry {
	return &Registry{values: map[string]int{}}
}

// Add adds to a number.
func (r *Registry) Add(name string, n int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.values[name] += n
}

// Snapshot returns all numbers as they are now.
func (r *Registry) Snapshot() map[string]int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.values
}

// Sum returns the sum of all numbers.
func Sum(r *Registry) int {
	sum := 0
	for _, n := range r.Snapshot() {
		sum += n
	}
	return sum
}
