// Package doublecheck connects when a connection is first needed.
package doublecheck

import "sync"

// Conn is a connection.
type Conn struct {
	Name string
	Open bool
}

// Registry makes one connection and gives it to everybody.
type Registry struct {
	mu    sync.Mutex
	conn  *Conn
	dials int
}

// Conn returns the connection.
func (r *Registry) Conn() *Conn {
	if r.conn == nil {
		r.mu.Lock()
		if r.conn == nil {
			r.dials++
			r.conn = &Conn{Name: "main"}
			r.conn.Open = true
		}
		r.mu.Unlock()
	}
	return r.conn
}

// Dials returns how often a connection was made.
func (r *Registry) Dials() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.dials
}
