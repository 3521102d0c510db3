// Package pipeline sends numbers through two stages.
package pipeline

// Pipeline doubles numbers and then adds one.
type Pipeline struct {
	steps int
}

// Run returns the numbers after both stages, in their order.
func (p *Pipeline) Run(numbers []int) []int {
	doubled := make(chan int)
	ready := make(chan int)
	go func() {
		for _, n := range numbers {
			p.steps++
			doubled <- n * 2
		}
		close(doubled)
	}()
	go func() {
		for n := range doubled {
			p.steps++
			ready <- n + 1
		}
		close(ready)
	}()
	var found []int
	for n := range ready {
		found = append(found, n)
	}
	return found
}

// Steps returns how many steps were made.
func (p *Pipeline) Steps() int {
	return p.steps
}
