// Package readlock is an address book that knows how much it is used.
package readlock

import "sync"

// Book holds numbers by name.
type Book struct {
	mu      sync.RWMutex
	numbers map[string]string
	lookups int
}

// New returns a book with these numbers.
func New(numbers map[string]string) *Book {
	return &Book{numbers: numbers}
}

// Find returns a number.
func (b *Book) Find(name string) (string, bool) {
	b.mu.RLock()
	defer b.mu.RUnlock()
	b.lookups++
	number, ok := b.numbers[name]
	return number, ok
}

// Lookups returns how often somebody looked.
func (b *Book) Lookups() int {
	b.mu.RLock()
	defer b.mu.RUnlock()
	return b.lookups
}
