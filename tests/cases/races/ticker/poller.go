// Package ticker asks for something again and again.
package ticker

import "time"

// Poller calls a function at each tick until it is stopped.
type Poller struct {
	ask   func() error
	done  chan struct{}
	polls int
	last  error
}

// Start begins to ask.
func Start(every time.Duration, ask func() error) *Poller {
	p := &Poller{ask: ask, done: make(chan struct{})}
	go p.run(every)
	return p
}

func (p *Poller) run(every time.Duration) {
	ticks := time.NewTicker(every)
	defer ticks.Stop()
	for {
		select {
		case <-ticks.C:
			p.last = p.ask()
			p.polls++
		case <-p.done:
			return
		}
	}
}

// Status returns how often it asked and what it was told last.
func (p *Poller) Status() (int, error) {
	return p.polls, p.last
}

// Stop ends it.
func (p *Poller) Stop() {
	close(p.done)
}
