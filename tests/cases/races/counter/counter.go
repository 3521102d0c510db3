// Package counter counts requests.
package counter

// Hits counts requests, all of them and by path.
type Hits struct {
	total  int
	byPath map[string]int
}

// New returns a counter at zero.
func New() *Hits {
	return &Hits{byPath: make(map[string]int)}
}

// Record counts one request.
func (h *Hits) Record(path string) {
	h.total++
	h.byPath[path]++
}

// Total returns how many requests there were.
func (h *Hits) Total() int {
	return h.total
}

// Of returns how many requests there were for a path.
func (h *Hits) Of(path string) int {
	return h.byPath[path]
}
