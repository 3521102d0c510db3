package ratelimit

import (
	"testing"
	"time"
)

func allowed(l *Limiter, key string, n int) int {
	count := 0
	for i := 0; i < n; i++ {
		if l.Allow(key) {
			count++
		}
	}
	return count
}

func TestBurst(t *testing.T) {
	limiter := NewLimiter(NewManualClock(), 3, time.Second)
	if got := allowed(limiter, "a", 5); got != 3 {
		t.Fatalf("allowed %d, want 3", got)
	}
}

func TestKeysAreApart(t *testing.T) {
	limiter := NewLimiter(NewManualClock(), 1, time.Second)
	if !limiter.Allow("a") || !limiter.Allow("b") {
		t.Fatal("the first request of each key passes")
	}
}

func TestEmptyBucketFillsAgain(t *testing.T) {
	clock := NewManualClock()
	limiter := NewLimiter(clock, 3, time.Second)
	allowed(limiter, "a", 3)
	clock.Forward(2 * time.Second)
	if got := allowed(limiter, "a", 5); got != 2 {
		t.Fatalf("allowed %d, want 2", got)
	}
}

func TestNoMoreThanCapacity(t *testing.T) {
	clock := NewManualClock()
	limiter := NewLimiter(clock, 2, time.Second)
	clock.Forward(time.Hour)
	if got := allowed(limiter, "a", 5); got != 2 {
		t.Fatalf("allowed %d, want 2", got)
	}
}

func TestSavedTokensStay(t *testing.T) {
	clock := NewManualClock()
	limiter := NewLimiter(clock, 5, time.Second)
	allowed(limiter, "a", 2)
	clock.Forward(time.Second)
	if got := allowed(limiter, "a", 9); got != 4 {
		t.Fatalf("allowed %d, want 4", got)
	}
}

func TestHeader(t *testing.T) {
	clock := NewManualClock()
	limiter := NewLimiter(clock, 1, 10*time.Second)
	if got := limiter.Header("a"); got != "ok" {
		t.Fatalf("got %q", got)
	}
	limiter.Allow("a")
	clock.Forward(2500 * time.Millisecond)
	if got := limiter.Header("a"); got != "retry-after: 8" {
		t.Fatalf("got %q", got)
	}
}

func TestRefusedAreCounted(t *testing.T) {
	clock := NewManualClock()
	limiter := NewLimiter(clock, 1, time.Hour)
	allowed(limiter, "a", 4)
	if got := limiter.Refused("a"); got != 3 {
		t.Fatalf("refused %d, want 3", got)
	}
	clock.Forward(time.Minute)
	if got := limiter.Refused("a"); got != 0 {
		t.Fatalf("refused %d, want 0", got)
	}
	if got := limiter.Refused("b"); got != 0 {
		t.Fatalf("refused %d, want 0", got)
	}
}

func TestWindow(t *testing.T) {
	clock := NewManualClock()
	window := NewWindow(time.Second)
	window.Add(clock.Now())
	clock.Forward(600 * time.Millisecond)
	window.Add(clock.Now())
	clock.Forward(600 * time.Millisecond)
	if got := window.Count(clock.Now()); got != 1 {
		t.Fatalf("count %d, want 1", got)
	}
}

func TestKeyOf(t *testing.T) {
	for _, c := range []struct{ user, address, want string }{
		{"Ada", "10.0.0.1:80", "user:ada"},
		{"", "10.0.0.1:80", "address:10.0.0.1"},
		{"", "local", "address:local"},
	} {
		if got := KeyOf(c.user, c.address); got != c.want {
			t.Errorf("got %q, want %q", got, c.want)
		}
	}
}
