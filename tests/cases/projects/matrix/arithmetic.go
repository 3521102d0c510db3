package matrix

// Add returns the sum.
func Add(a, b *Matrix) (*Matrix, error) {
	if a.rows != b.rows || a.cols != b.cols {
		return nil, ErrShape
	}
	sum := New(a.rows, a.cols)
	for i := range a.data {
		sum.data[i] = a.data[i] + b.data[i]
	}
	return sum, nil
}

// Scale returns a multiple.
func Scale(m *Matrix, by float64) *Matrix {
	scaled := New(m.rows, m.cols)
	for i, value := range m.data {
		scaled.data[i] = by * value
	}
	return scaled
}

// Multiply returns the product.
func Multiply(a, b *Matrix) (*Matrix, error) {
	if a.cols != b.rows {
		return nil, ErrShape
	}
	product := New(a.rows, b.cols)
	for r := 0; r < a.rows; r++ {
		for c := 0; c < b.cols; c++ {
			sum := 0.0
			for k := 0; k < a.cols; k++ {
				sum += a.At(r, k) * b.At(k, c)
			}
			product.Set(r, c, sum)
		}
	}
	return product, nil
}
