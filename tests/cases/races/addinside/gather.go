// Package addinside gathers lengths.
package addinside

import "sync"

// Lengths returns the length of every text by the text.
func Lengths(texts []string) map[string]int {
	var mu sync.Mutex
	var wg sync.WaitGroup
	found := map[string]int{}
	for _, text := range texts {
		go func(text string) {
			wg.Add(1)
			defer wg.Done()
			mu.Lock()
			found[text] = len(text)
			mu.Unlock()
		}(text)
	}
	wg.Wait()
	return found
}
