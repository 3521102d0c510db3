package matrix

import (
	"errors"
	"testing"
)

func must(t *testing.T, rows ...[]float64) *Matrix {
	t.Helper()
	m, err := From(rows...)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func same(t *testing.T, got *Matrix, want string) {
	t.Helper()
	if got.String() != want {
		t.Fatalf("got\n%s\nwant\n%s", got, want)
	}
}

func TestFrom(t *testing.T) {
	same(t, must(t, []float64{1, 2}, []float64{3, 4}), "1 2\n3 4")
}

func TestRaggedRows(t *testing.T) {
	if _, err := From([]float64{1}, []float64{1, 2}); !errors.Is(err, ErrShape) {
		t.Fatalf("got %v", err)
	}
}

func TestAdd(t *testing.T) {
	sum, err := Add(must(t, []float64{1, 2}), must(t, []float64{3, 4}))
	if err != nil {
		t.Fatal(err)
	}
	same(t, sum, "4 6")
}

func TestAddShapes(t *testing.T) {
	if _, err := Add(New(1, 2), New(2, 1)); !errors.Is(err, ErrShape) {
		t.Fatalf("got %v", err)
	}
}

func TestScale(t *testing.T) {
	same(t, Scale(must(t, []float64{1, 2}), 3), "3 6")
}

func TestMultiply(t *testing.T) {
	product, err := Multiply(must(t, []float64{1, 2}, []float64{3, 4}), must(t, []float64{5}, []float64{6}))
	if err != nil {
		t.Fatal(err)
	}
	same(t, product, "17\n39")
}

func TestTranspose(t *testing.T) {
	same(t, Transpose(must(t, []float64{1, 2, 3})), "1\n2\n3")
}

func TestMinorOfLastColumn(t *testing.T) {
	m := must(t, []float64{1, 2, 3}, []float64{4, 5, 6}, []float64{7, 8, 9})
	same(t, Minor(m, 0, 2), "4 5\n7 8")
}

func TestDeterminant(t *testing.T) {
	got, err := Determinant(must(t, []float64{3, 1}, []float64{2, 4}))
	if err != nil || got != 10 {
		t.Fatalf("got %v, %v", got, err)
	}
}

func TestDeterminantShape(t *testing.T) {
	if _, err := Determinant(New(1, 2)); !errors.Is(err, ErrShape) {
		t.Fatalf("got %v", err)
	}
}

func TestSingular(t *testing.T) {
	if _, err := Inverse(must(t, []float64{1, 2}, []float64{2, 4})); !errors.Is(err, ErrSingular) {
		t.Fatalf("got %v", err)
	}
}

func TestInverseOfThree(t *testing.T) {
	m := must(t, []float64{2, 0, 0}, []float64{0, 0, 1}, []float64{0, 4, 0})
	inverse, err := Inverse(m)
	if err != nil {
		t.Fatal(err)
	}
	product, err := Multiply(m, inverse)
	if err != nil {
		t.Fatal(err)
	}
	same(t, product, Identity(3).String())
}
