package ticker

import (
	"errors"
	"testing"
	"time"
)

func TestStatusWhilePolling(t *testing.T) {
	broken := errors.New("broken")
	p := Start(time.Millisecond, func() error { return broken })
	defer p.Stop()
	deadline := time.Now().Add(10 * time.Second)
	for time.Now().Before(deadline) {
		polls, last := p.Status()
		if polls > 0 && last != broken {
			t.Fatalf("after %d polls the status is %v", polls, last)
		}
		if polls >= 3 {
			return
		}
		time.Sleep(time.Millisecond)
	}
	t.Fatal("it does not poll")
}

func TestStop(t *testing.T) {
	p := Start(time.Hour, func() error { return nil })
	p.Stop()
}
