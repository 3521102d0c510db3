package matrix

import "errors"

// ErrSingular says that there is no inverse.
var ErrSingular = errors.New("matrix is singular")

// Determinant develops along the first row.
func Determinant(m *Matrix) (float64, error) {
	if m.rows != m.cols {
		return 0, ErrShape
	}
	if m.rows == 1 {
		return m.At(0, 0), nil
	}
	if m.rows == 2 {
		return m.At(0, 0)*m.At(1, 1) - m.At(0, 1)*m.At(1, 0), nil
	}
	total, sign := 0.0, 1.0
	for c := 0; c < m.cols; c++ {
		part, err := Determinant(Minor(m, 0, c))
		if err != nil {
			return 0, err
		}
		total += sign * m.At(0, c) * part
		sign = -sign
	}
	return total, nil
}

// Inverse returns the matrix that undoes m.
func Inverse(m *Matrix) (*Matrix, error) {
	determinant, err := Determinant(m)
	if err != nil {
		return nil, err
	}
	if determinant == 0 {
		return nil, ErrSingular
	}
	if m.rows == 1 {
		return From([]float64{1 / determinant})
	}
	inverse := New(m.rows, m.cols)
	for r := 0; r < m.rows; r++ {
		for c := 0; c < m.cols; c++ {
			part, err := Determinant(Minor(m, r, c))
			if err != nil {
				return nil, err
			}
			if (r+c)%2 == 1 {
				part = -part
			}
			inverse.Set(c, r, part/determinant)
		}
	}
	return inverse, nil
}
