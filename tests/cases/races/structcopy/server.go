// Package structcopy counts what a server does.
package structcopy

// Stats are a server's numbers.
type Stats struct {
	Requests int
	Bytes    int
}

// Server handles requests.
type Server struct {
	name  string
	stats Stats
}

// NewServer returns a server.
func NewServer(name string) *Server {
	return &Server{name: name}
}

// Handle handles one request of so many bytes.
func (s *Server) Handle(n int) string {
	s.stats.Requests++
	s.stats.Bytes += n
	return s.name
}

// Stats returns the numbers as they are now.
func (s *Server) Stats() Stats {
	return s.stats
}
