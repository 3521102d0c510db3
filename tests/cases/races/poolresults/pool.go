// Package poolresults works on jobs with several workers.
package poolresults

import "sync"

const workers = 4

// Squares returns the squares of all numbers, in any order.
func Squares(numbers []int) []int {
	jobs := make(chan int)
	var results []int
	var wg sync.WaitGroup
	for w := 0; w < workers; w++ {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for n := range jobs {
				results = append(results, n*n)
			}
		}()
	}
	for _, n := range numbers {
		jobs <- n
	}
	close(jobs)
	wg.Wait()
	return results
}
