package addinside

import (
	"strings"
	"testing"
)

func TestEveryTextHasItsLength(t *testing.T) {
	var texts []string
	for i := 1; i <= 20; i++ {
		texts = append(texts, strings.Repeat("x", i))
	}
	got := Lengths(texts)
	if len(got) != 20 || got["xxx"] != 3 {
		t.Errorf("%d lengths, of xxx %d", len(got), got["xxx"])
	}
}

func TestNoTexts(t *testing.T) {
	if got := Lengths(nil); len(got) != 0 {
		t.Errorf("got %v", got)
	}
}
