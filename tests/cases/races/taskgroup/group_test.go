package taskgroup

import (
	"errors"
	"testing"
)

func TestFailuresAreCounted(t *testing.T) {
	broken := errors.New("broken")
	var g Group
	for i := 0; i < 40; i++ {
		g.Run(func() error {
			if i%2 == 0 {
				return broken
			}
			return nil
		})
	}
	failed, err := g.Wait()
	if failed != 20 || err != broken {
		t.Errorf("%d failed with %v, want 20", failed, err)
	}
}

func TestNoTasks(t *testing.T) {
	var g Group
	if failed, err := g.Wait(); failed != 0 || err != nil {
		t.Errorf("%d failed with %v", failed, err)
	}
}
