package earlysignal

import "testing"

func TestResultIsThereWhenItIsDone(t *testing.T) {
	for i := 1; i <= 50; i++ {
		if got := Start(func() int { return i * 2 }).Result(); got != i*2 {
			t.Fatalf("got %d, want %d", got, i*2)
		}
	}
}
