// Package missingwait adds numbers in parts.
package missingwait

// Sum returns the sum of all numbers, computed in so many parts at the same time.
func Sum(numbers []int, parts int) int {
	partial := make([]int, parts)
	for p := 0; p < parts; p++ {
		go func(p int) {
			for i := p; i < len(numbers); i += parts {
				partial[p] += numbers[i]
			}
		}(p)
	}
	sum := 0
	for _, one := range partial {
		sum += one
	}
	return sum
}
