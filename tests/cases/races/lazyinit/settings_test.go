package lazyinit

import (
	"sync"
	"testing"
)

func TestEverybodyGetsTheSame(t *testing.T) {
	got := make([]*Settings, 30)
	var wg sync.WaitGroup
	for i := range got {
		wg.Add(1)
		go func(i int) {
			defer wg.Done()
			got[i] = Current()
		}(i)
	}
	wg.Wait()
	for i, one := range got {
		if one == nil || one != got[0] || one.Limit != 10 {
			t.Fatalf("settings %d differ: %v and %v", i, one, got[0])
		}
	}
}

func TestName(t *testing.T) {
	if Current().Name != "default" {
		t.Errorf("name %q", Current().Name)
	}
}
