package cache

import (
	"fmt"
	"strings"
	"sync"
	"testing"
)

func TestEachKeyIsLoadedOnce(t *testing.T) {
	c := New(strings.ToUpper)
	var wg sync.WaitGroup
	for i := 0; i < 60; i++ {
		wg.Add(1)
		go func(key string) {
			defer wg.Done()
			if got := c.Get(key); got != strings.ToUpper(key) {
				t.Errorf("got %q for %q", got, key)
			}
		}(fmt.Sprintf("k%d", i%3))
	}
	wg.Wait()
	if c.Loads() != 3 {
		t.Errorf("%d loads, want 3", c.Loads())
	}
}

func TestGetReturnsTheLoadedValue(t *testing.T) {
	c := New(strings.ToUpper)
	if c.Get("a") != "A" || c.Get("a") != "A" || c.Loads() != 1 {
		t.Errorf("%d loads", c.Loads())
	}
}
