"""The model of the cache."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ducktypist.engine.cells import Cells, n_common


def _cells(n_cells: int = 100, n_sequences: int = 4) -> Cells:
    return Cells(n_cells=n_cells, n_sequences=n_sequences)


def test_a_copied_beginning_takes_no_cells() -> None:
    """Two sequences that share a beginning hold it once."""
    cells = _cells()
    cells.append(0, [1, 2, 3, 4])
    cells.copy(0, 1, 3)
    assert (cells.n_used, cells.length(1)) == (4, 3)
    assert (cells.n_own(0), cells.n_own(1)) == (1, 0)
    cells.append(1, [9])
    assert cells.n_used == 5


def test_a_cell_is_free_when_its_last_owner_forgets_it() -> None:
    """Cutting one of two sharers back frees only what was its own."""
    cells = _cells()
    cells.append(0, [1, 2, 3, 4])
    cells.copy(0, 1, 3)
    cells.trim(0, 0)
    assert cells.n_used == 3
    cells.trim(1, 1)
    assert cells.n_used == 1
    cells.trim(1, 0)
    assert cells.n_used == 0


def test_more_than_there_is_does_not_fit() -> None:
    """Appending past the last cell, or copying onto a sequence that holds something, is refused."""
    cells = _cells(n_cells=3)
    cells.append(0, [1, 2])
    with pytest.raises(ValueError, match="do not fit"):
        cells.append(1, [1, 2])
    cells.append(1, [7])
    with pytest.raises(ValueError, match="empty"):
        cells.copy(0, 1, 1)


@given(
    st.lists(st.integers(0, 3), max_size=40),
    st.lists(st.integers(0, 3), max_size=40),
    st.integers(0, 40),
)
def test_the_common_beginning_is_what_a_loop_finds(
    one: list[int], other: list[int], shared: int
) -> None:
    """Comparing slices finds the same place as comparing token by token."""
    other = one[:shared] + other
    expected = 0
    while expected < min(len(one), len(other)) and one[expected] == other[expected]:
        expected += 1
    assert n_common(one, other) == expected
