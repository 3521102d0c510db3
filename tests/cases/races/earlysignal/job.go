// Package earlysignal runs something in the background.
package earlysignal

// Job is something that runs.
type Job struct {
	done   chan struct{}
	result int
}

// Start begins to compute.
func Start(compute func() int) *Job {
	j := &Job{done: make(chan struct{})}
	go func() {
		value := compute()
		close(j.done)
		j.result = value
	}()
	return j
}

// Result waits for the result.
func (j *Job) Result() int {
	<-j.done
	return j.result
}
