package own1

import (
	"sync"
	"testing"
)

type till struct {
	sum int
}

func (t *till) pay(amount int) {
	t.sum += amount
}

func many(t *till) {
	var group sync.WaitGroup
	for i := 0; i < 8; i++ {
		group.Add(1)
		go func() {
			defer group.Done()
			t.pay(1)
		}()
	}
	group.Wait()
}

func TestOwn1(t *testing.T) {
	many(&till{})
}
