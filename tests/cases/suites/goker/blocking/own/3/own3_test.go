package own3

import "testing"

func TestOwn3(t *testing.T) {
	select {}
}
