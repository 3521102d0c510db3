package poolresults

import "testing"

func TestNoResultIsLost(t *testing.T) {
	var numbers []int
	want := 0
	for i := 1; i <= 200; i++ {
		numbers = append(numbers, i)
		want += i * i
	}
	got := 0
	results := Squares(numbers)
	for _, r := range results {
		got += r
	}
	if len(results) != 200 || got != want {
		t.Errorf("%d results with sum %d, want 200 with %d", len(results), got, want)
	}
}

func TestNoNumbers(t *testing.T) {
	if got := Squares(nil); len(got) != 0 {
		t.Errorf("got %v", got)
	}
}
