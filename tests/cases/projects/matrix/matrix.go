// Package matrix computes with small matrices.
package matrix

import "errors"

// ErrShape says that two shapes do not fit.
var ErrShape = errors.New("shapes do not fit")

// Matrix has rows of equal length.
type Matrix struct {
	rows, cols int
	data       []float64
}

// New returns a matrix of zeros.
func New(rows, cols int) *Matrix {
	return &Matrix{rows: rows, cols: cols, data: make([]float64, rows*cols)}
}

// From returns a matrix with these rows.
func From(rows ...[]float64) (*Matrix, error) {
	if len(rows) == 0 {
		return nil, ErrShape
	}
	m := New(len(rows), len(rows[0]))
	for r, row := range rows {
		if len(row) != m.cols {
			return nil, ErrShape
		}
		copy(m.data[r*m.cols:], row)
	}
	return m, nil
}

// At returns one number.
func (m *Matrix) At(r, c int) float64 {
	return m.data[r*m.cols+c]
}

// Set changes one number.
func (m *Matrix) Set(r, c int, value float64) {
	m.data[r*m.cols+c] = value
}

// Identity returns ones on the diagonal.
func Identity(n int) *Matrix {
	m := New(n, n)
	for i := 0; i < n; i++ {
		m.Set(i, i, 1)
	}
	return m
}
