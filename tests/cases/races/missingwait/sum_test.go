package missingwait

import "testing"

func TestSumOfParts(t *testing.T) {
	numbers := make([]int, 1000)
	want := 0
	for i := range numbers {
		numbers[i] = i
		want += i
	}
	if got := Sum(numbers, 4); got != want {
		t.Errorf("got %d, want %d", got, want)
	}
}

func TestSumOfNothing(t *testing.T) {
	if got := Sum(nil, 1); got != 0 {
		t.Errorf("got %d", got)
	}
}
