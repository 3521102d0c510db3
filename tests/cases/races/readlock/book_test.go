package readlock

import (
	"sync"
	"testing"
)

func TestLookupsAreCounted(t *testing.T) {
	book := New(map[string]string{"ann": "1"})
	var wg sync.WaitGroup
	for i := 0; i < 50; i++ {
		wg.Add(1)
		go func() {
			defer wg.Done()
			if number, ok := book.Find("ann"); !ok || number != "1" {
				t.Errorf("found %q", number)
			}
		}()
	}
	wg.Wait()
	if book.Lookups() != 50 {
		t.Errorf("%d lookups, want 50", book.Lookups())
	}
}

func TestUnknownName(t *testing.T) {
	if _, ok := New(nil).Find("bob"); ok {
		t.Error("found somebody who is not there")
	}
}
