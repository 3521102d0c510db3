package closeflag

import (
	"sync"
	"testing"
)

func TestNothingIsTakenAfterClosing(t *testing.T) {
	var q Queue
	var wg sync.WaitGroup
	taken := make([]bool, 50)
	closedWith := 0
	for i := range taken {
		wg.Add(1)
		go func(i int) {
			defer wg.Done()
			taken[i] = q.Push(i) == nil
		}(i)
	}
	wg.Add(1)
	go func() {
		defer wg.Done()
		closedWith = q.Close()
	}()
	wg.Wait()
	n := 0
	for _, ok := range taken {
		if ok {
			n++
		}
	}
	if q.Len() != n || closedWith != n {
		t.Errorf("%d pushed, %d in the queue, %d when it was closed", n, q.Len(), closedWith)
	}
}

func TestPushToAClosedQueue(t *testing.T) {
	var q Queue
	q.Close()
	if q.Push(1) != ErrClosed || q.Len() != 0 {
		t.Error("a closed queue took an item")
	}
}
