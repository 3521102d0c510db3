package ratelimit

import "time"

// Bucket holds tokens that come back with time.
type Bucket struct {
	capacity int
	every    time.Duration
	tokens   int
	last     time.Time
}

// NewBucket returns a full bucket that gets a token after each interval.
func NewBucket(capacity int, every time.Duration, now time.Time) *Bucket {
	return &Bucket{capacity: capacity, every: every, tokens: capacity, last: now}
}

func (b *Bucket) refill(now time.Time) {
	added := int(now.Sub(b.last) / b.every)
	if added <= 0 {
		return
	}
	b.tokens = min(b.capacity, added)
	b.last = b.last.Add(time.Duration(added) * b.every)
}

// Take removes n tokens when they are there.
func (b *Bucket) Take(n int, now time.Time) bool {
	b.refill(now)
	if n > b.tokens {
		return false
	}
	b.tokens -= n
	return true
}

// Wait returns how long it takes until n tokens are there.
func (b *Bucket) Wait(n int, now time.Time) time.Duration {
	b.refill(now)
	missing := n - b.tokens
	if missing <= 0 {
		return 0
	}
	return b.last.Add(time.Duration(missing) * b.every).Sub(now)
}
