package mapwrites

import "testing"

func TestWordsOfAllTextsAreCounted(t *testing.T) {
	var texts []string
	for i := 0; i < 25; i++ {
		texts = append(texts, "one Two two")
	}
	got := Count(texts)
	if got["one"] != 25 || got["two"] != 50 || len(got) != 2 {
		t.Errorf("got %v", got)
	}
}

func TestNothingToCount(t *testing.T) {
	if got := Count(nil); len(got) != 0 {
		t.Errorf("got %v", got)
	}
}
