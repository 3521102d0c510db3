package loopvar

import (
	"strings"
	"testing"
)

func TestEveryNameIsThere(t *testing.T) {
	names := strings.Split("a b c d e f g h i j k l", " ")
	if got := strings.Join(Upper(names), " "); got != "A B C D E F G H I J K L" {
		t.Errorf("got %q", got)
	}
}

func TestNoNames(t *testing.T) {
	if got := Upper(nil); len(got) != 0 {
		t.Errorf("got %v", got)
	}
}
