package limiter

import (
	"sync"
	"sync/atomic"
	"testing"
)

func TestNoMoreThanThePermitsGoThrough(t *testing.T) {
	l := New(10)
	var through atomic.Int64
	var wg sync.WaitGroup
	for i := 0; i < 60; i++ {
		wg.Add(1)
		go func() {
			defer wg.Done()
			if l.Allow() {
				through.Add(1)
			}
		}()
	}
	wg.Wait()
	if through.Load() != 10 || l.Refused() != 50 {
		t.Errorf("%d went through and %d were refused", through.Load(), l.Refused())
	}
}

func TestNoPermits(t *testing.T) {
	if New(0).Allow() {
		t.Error("nobody may go through")
	}
}
