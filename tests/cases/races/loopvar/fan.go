// Package loopvar does something with every name at the same time.
package loopvar

import (
	"strings"
	"sync"
)

// Upper returns the names in capitals, in their order.
func Upper(names []string) []string {
	found := make([]string, len(names))
	var wg sync.WaitGroup
	for i := 0; i < len(names); i++ {
		wg.Add(1)
		go func() {
			defer wg.Done()
			found[i%len(names)] = strings.ToUpper(names[i%len(names)])
		}()
	}
	wg.Wait()
	return found
}
