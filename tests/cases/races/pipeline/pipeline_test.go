package pipeline

import "testing"

func TestEveryStepIsCounted(t *testing.T) {
	var p Pipeline
	numbers := make([]int, 100)
	got := p.Run(numbers)
	if len(got) != 100 || got[99] != 1 {
		t.Errorf("%d numbers", len(got))
	}
	if p.Steps() != 200 {
		t.Errorf("%d steps, want 200", p.Steps())
	}
}

func TestOrder(t *testing.T) {
	var p Pipeline
	got := p.Run([]int{1, 2})
	if len(got) != 2 || got[0] != 3 || got[1] != 5 {
		t.Errorf("got %v", got)
	}
}
