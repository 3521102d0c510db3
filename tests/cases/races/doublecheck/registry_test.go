package doublecheck

import (
	"sync"
	"testing"
)

func TestOneConnectionForAll(t *testing.T) {
	var r Registry
	var wg sync.WaitGroup
	for i := 0; i < 40; i++ {
		wg.Add(1)
		go func() {
			defer wg.Done()
			if conn := r.Conn(); !conn.Open {
				t.Error("a connection that is not open")
			}
		}()
	}
	wg.Wait()
	if r.Dials() != 1 {
		t.Errorf("%d dials, want 1", r.Dials())
	}
}

func TestName(t *testing.T) {
	var r Registry
	if r.Conn().Name != "main" {
		t.Errorf("name %q", r.Conn().Name)
	}
}
