package own2

import (
	"sync"
	"testing"
)

type safe struct {
	mu  sync.Mutex
	sum int
}

func (s *safe) add() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sum++
}

func TestOwn2(t *testing.T) {
	one := &safe{}
	done := make(chan bool)
	go func() {
		one.add()
		done <- true
	}()
	one.add()
	<-done
}
