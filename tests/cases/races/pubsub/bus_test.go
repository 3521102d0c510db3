package pubsub

import (
	"sync"
	"testing"
)

func TestSubscribeWhilePublishing(t *testing.T) {
	bus := New()
	first := bus.Subscribe("news")
	var wg sync.WaitGroup
	for i := 0; i < 10; i++ {
		wg.Add(2)
		go func() {
			defer wg.Done()
			bus.Subscribe("news")
		}()
		go func() {
			defer wg.Done()
			if bus.Publish("news", "hello") < 1 {
				t.Error("the first subscriber was not there")
			}
		}()
	}
	wg.Wait()
	if len(first) != 10 {
		t.Errorf("the first subscriber got %d messages, want 10", len(first))
	}
	if bus.Count("news") != 11 {
		t.Errorf("%d subscribers, want 11", bus.Count("news"))
	}
}

func TestPublishToNobody(t *testing.T) {
	if New().Publish("news", "hello") != 0 {
		t.Error("nobody subscribed")
	}
}
