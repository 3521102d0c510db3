package ratelimit

import (
	"fmt"
	"time"
)

// Limiter gives each key a bucket.
type Limiter struct {
	clock    Clock
	capacity int
	every    time.Duration
	buckets  map[string]*Bucket
	refused  map[string]*Window
}

// NewLimiter allows bursts of so many requests and one more after each interval.
func NewLimiter(clock Clock, capacity int, every time.Duration) *Limiter {
	return &Limiter{
		clock:    clock,
		capacity: capacity,
		every:    every,
		buckets:  map[string]*Bucket{},
		refused:  map[string]*Window{},
	}
}

func (l *Limiter) bucket(key string) *Bucket {
	found, ok := l.buckets[key]
	if !ok {
		found = NewBucket(l.capacity, l.every, l.clock.Now())
		l.buckets[key] = found
	}
	return found
}

// Allow tells whether a request may pass.
func (l *Limiter) Allow(key string) bool {
	if l.bucket(key).Take(1, l.clock.Now()) {
		return true
	}
	window, ok := l.refused[key]
	if !ok {
		window = NewWindow(time.Minute)
		l.refused[key] = window
	}
	window.Add(l.clock.Now())
	return false
}

// Refused returns how many requests of a key were refused in the last minute.
func (l *Limiter) Refused(key string) int {
	window, ok := l.refused[key]
	if !ok {
		return 0
	}
	return window.Count(l.clock.Now())
}

// Header returns what a client is told.
func (l *Limiter) Header(key string) string {
	wait := l.bucket(key).Wait(1, l.clock.Now())
	if wait == 0 {
		return "ok"
	}
	return fmt.Sprintf("retry-after: %d", int((wait+time.Second-1)/time.Second))
}
