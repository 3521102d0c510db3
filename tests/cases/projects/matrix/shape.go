package matrix

// Transpose swaps rows and columns.
func Transpose(m *Matrix) *Matrix {
	turned := New(m.cols, m.rows)
	for r := 0; r < m.rows; r++ {
		for c := 0; c < m.cols; c++ {
			turned.Set(c, r, m.At(r, c))
		}
	}
	return turned
}

// Minor leaves out one row and one column.
func Minor(m *Matrix, row, col int) *Matrix {
	minor := New(m.rows-1, m.cols-1)
	for r := 0; r < minor.rows; r++ {
		for c := 0; c < minor.cols; c++ {
			fromRow, fromCol := r, c
			if r >= row {
				fromRow++
			}
			if c > col {
				fromCol++
			}
			minor.Set(r, c, m.At(fromRow, fromCol))
		}
	}
	return minor
}
