// Package closeflag is a queue that can be closed.
package closeflag

import "errors"

// ErrClosed is what a push to a closed queue returns.
var ErrClosed = errors.New("the queue is closed")

// Queue takes items until it is closed.
type Queue struct {
	closed bool
	items  []int
}

// Push adds an item.
func (q *Queue) Push(item int) error {
	if q.closed {
		return ErrClosed
	}
	q.items = append(q.items, item)
	return nil
}

// Close refuses all further items and returns how many there are.
func (q *Queue) Close() int {
	q.closed = true
	return len(q.items)
}

// Len returns how many items there are.
func (q *Queue) Len() int {
	return len(q.items)
}
