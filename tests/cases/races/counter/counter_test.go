package counter

import (
	"sync"
	"testing"
)

func TestRecordFromManyGoroutines(t *testing.T) {
	hits := New()
	var wg sync.WaitGroup
	for i := 0; i < 40; i++ {
		wg.Add(1)
		go func() {
			defer wg.Done()
			hits.Record("/")
		}()
	}
	wg.Wait()
	if hits.Total() != 40 || hits.Of("/") != 40 {
		t.Errorf("total %d, of / %d, want 40 and 40", hits.Total(), hits.Of("/"))
	}
}

func TestRecordByPath(t *testing.T) {
	hits := New()
	hits.Record("/a")
	hits.Record("/b")
	if hits.Of("/a") != 1 || hits.Total() != 2 {
		t.Errorf("of /a %d, total %d", hits.Of("/a"), hits.Total())
	}
}
