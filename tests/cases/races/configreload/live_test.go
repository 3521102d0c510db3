package configreload

import (
	"fmt"
	"sync"
	"testing"
)

func TestReloadWhileReading(t *testing.T) {
	live := NewLive(&Config{Version: 0, Address: "host-0"})
	var wg sync.WaitGroup
	for i := 1; i <= 20; i++ {
		wg.Add(2)
		go func(i int) {
			defer wg.Done()
			live.Reload(&Config{Version: i, Address: fmt.Sprintf("host-%d", i)})
		}(i)
		go func() {
			defer wg.Done()
			got := live.Get()
			if got.Address != fmt.Sprintf("host-%d", got.Version) {
				t.Errorf("mixed: %+v", *got)
			}
		}()
	}
	wg.Wait()
	if live.Reloads() != 20 {
		t.Errorf("%d reloads, want 20", live.Reloads())
	}
}

func TestGetReturnsTheFirst(t *testing.T) {
	if NewLive(&Config{Version: 7}).Get().Version != 7 {
		t.Error("not the first")
	}
}
