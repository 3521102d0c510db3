// Package mapwrites counts words.
package mapwrites

import (
	"strings"
	"sync"
)

// Count returns how often each word occurs in the texts together.
func Count(texts []string) map[string]int {
	counts := map[string]int{}
	var wg sync.WaitGroup
	for _, text := range texts {
		wg.Add(1)
		go func(text string) {
			defer wg.Done()
			for _, word := range strings.Fields(text) {
				tally(counts, word)
			}
		}(text)
	}
	wg.Wait()
	return counts
}

func tally(counts map[string]int, word string) {
	counts[strings.ToLower(word)]++
}
