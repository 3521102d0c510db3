package metrics

import (
	"fmt"
	"sync"
	"testing"
)

func TestSumWhileAdding(t *testing.T) {
	r := New()
	r.Add("start", 1)
	var wg sync.WaitGroup
	for i := 0; i < 20; i++ {
		wg.Add(2)
		go func(i int) {
			defer wg.Done()
			r.Add(fmt.Sprintf("n%d", i), 1)
		}(i)
		go func() {
			defer wg.Done()
			if got := Sum(r); got < 1 || got > 21 {
				t.Errorf("sum %d", got)
			}
		}()
	}
	wg.Wait()
	if got := Sum(r); got != 21 {
		t.Errorf("sum %d, want 21", got)
	}
}

func TestSnapshotStaysAsItWas(t *testing.T) {
	r := New()
	r.Add("a", 1)
	if got := r.Snapshot(); got["a"] != 1 || len(got) != 1 {
		t.Errorf("got %v", got)
	}
}
