package structcopy

import (
	"sync"
	"testing"
)

func TestStatsBelongTogether(t *testing.T) {
	s := NewServer("a")
	var wg sync.WaitGroup
	for i := 0; i < 30; i++ {
		wg.Add(2)
		go func() {
			defer wg.Done()
			s.Handle(10)
		}()
		go func() {
			defer wg.Done()
			if got := s.Stats(); got.Bytes != 10*got.Requests {
				t.Errorf("%d requests and %d bytes", got.Requests, got.Bytes)
			}
		}()
	}
	wg.Wait()
	if got := s.Stats(); got.Requests != 30 || got.Bytes != 300 {
		t.Errorf("got %+v", got)
	}
}

func TestHandleSaysWho(t *testing.T) {
	if NewServer("a").Handle(1) != "a" {
		t.Error("not a")
	}
}
