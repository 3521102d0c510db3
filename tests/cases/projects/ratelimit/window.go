package ratelimit

import "time"

// Window counts what happened lately.
type Window struct {
	length time.Duration
	times  []time.Time
}

// NewWindow looks back for so long.
func NewWindow(length time.Duration) *Window {
	return &Window{length: length}
}

// Add notes an event.
func (w *Window) Add(now time.Time) {
	w.drop(now)
	w.times = append(w.times, now)
}

// Count returns how many events are recent.
func (w *Window) Count(now time.Time) int {
	w.drop(now)
	return len(w.times)
}

func (w *Window) drop(now time.Time) {
	oldest := now.Add(-w.length)
	n := 0
	for n < len(w.times) && !w.times[n].After(oldest) {
		n++
	}
	w.times = w.times[n:]
}
