// Package taskgroup runs tasks and remembers what went wrong.
package taskgroup

import "sync"

// Group runs tasks side by side.
type Group struct {
	wg     sync.WaitGroup
	err    error
	failed int
}

// Run starts a task.
func (g *Group) Run(task func() error) {
	g.wg.Add(1)
	go func() {
		defer g.wg.Done()
		if err := task(); err != nil {
			if g.err == nil {
				g.err = err
			}
			g.failed++
		}
	}()
}

// Wait waits for all tasks and returns one error, and how many tasks failed.
func (g *Group) Wait() (int, error) {
	g.wg.Wait()
	return g.failed, g.err
}
