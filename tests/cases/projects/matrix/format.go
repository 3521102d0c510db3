package matrix

import (
	"fmt"
	"strings"
)

// String writes rows in lines.
func (m *Matrix) String() string {
	lines := make([]string, 0, m.rows)
	for r := 0; r < m.rows; r++ {
		words := make([]string, 0, m.cols)
		for c := 0; c < m.cols; c++ {
			words = append(words, fmt.Sprintf("%g", m.At(r, c)))
		}
		lines = append(lines, strings.Join(words, " "))
	}
	return strings.Join(lines, "\n")
}
