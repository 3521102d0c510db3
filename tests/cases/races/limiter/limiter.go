// Package limiter lets so many through and no more.
package limiter

// Limiter has a number of permits.
type Limiter struct {
	left    int
	refused int
}

// New returns a limiter with so many permits.
func New(permits int) *Limiter {
	return &Limiter{left: permits}
}

// Allow takes a permit and tells whether there was one.
func (l *Limiter) Allow() bool {
	if l.left <= 0 {
		l.note()
		return false
	}
	l.left--
	return true
}

func (l *Limiter) note() {
	l.refused++
}

// Refused returns how many were refused.
func (l *Limiter) Refused() int {
	return l.refused
}
