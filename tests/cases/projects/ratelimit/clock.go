// Package ratelimit says who has to wait.
package ratelimit

import "time"

// Clock tells the time; tests have one of their own.
type Clock interface {
	Now() time.Time
}

// ManualClock is moved by hand.
type ManualClock struct {
	now time.Time
}

// NewManualClock starts at some time.
func NewManualClock() *ManualClock {
	return &ManualClock{now: time.Unix(1_700_000_000, 0)}
}

// Now returns the time that was set.
func (c *ManualClock) Now() time.Time {
	return c.now
}

// Forward moves the clock.
func (c *ManualClock) Forward(d time.Duration) {
	c.now = c.now.Add(d)
}
