"""A model of the cache: which sequence holds which tokens, and how many cells that takes.

Pure bookkeeping, the scheduler's: the backend's cache is changed by the same operations. A cell
holds the keys and values of one token; sequences that were copied from one another share the cells
of their common beginning, as llama.cpp's unified cache does.
"""

from __future__ import annotations

from collections.abc import Sequence


class Cells:
    """The cells of all sequences."""

    def __init__(self, *, n_cells: int, n_sequences: int) -> None:
        self.n_cells = n_cells
        self.n_sequences = n_sequences
        self._tokens: list[list[int]] = [[] for _ in range(n_sequences)]
        self._cells: list[list[int]] = [[] for _ in range(n_sequences)]
        self._n_owners: dict[int, int] = {}
        self._n_made = 0

    @property
    def n_used(self) -> int:
        """How many cells hold something."""
        return len(self._n_owners)

    def length(self, sequence: int) -> int:
        """Return how many tokens a sequence holds."""
        return len(self._tokens[sequence])

    def n_own(self, sequence: int) -> int:
        """Return how many cells no other sequence shares: what forgetting it would free."""
        return sum(1 for cell in self._cells[sequence] if self._n_owners[cell] == 1)

    def append(self, sequence: int, tokens: Sequence[int]) -> None:
        """Take note that tokens were read."""
        if self.n_used + len(tokens) > self.n_cells:
            raise ValueError(f"{len(tokens)} tokens more do not fit into {self.n_cells} cells")
        fresh = range(self._n_made, self._n_made + len(tokens))
        self._n_made += len(tokens)
        self._tokens[sequence] += tokens
        self._cells[sequence] += fresh
        self._n_owners.update(dict.fromkeys(fresh, 1))

    def trim(self, sequence: int, n_tokens: int) -> None:
        """Take note that a sequence was cut back to its first ``n_tokens``."""
        for cell in self._cells[sequence][n_tokens:]:
            if self._n_owners[cell] == 1:
                del self._n_owners[cell]
            else:
                self._n_owners[cell] -= 1
        del self._cells[sequence][n_tokens:]
        del self._tokens[sequence][n_tokens:]

    def copy(self, source: int, target: int, n_tokens: int) -> None:
        """Take note that an empty sequence now shares the beginning of another."""
        if self._tokens[target] or n_tokens > len(self._tokens[source]):
            raise ValueError(f"sequence {target} must be empty and {source} have {n_tokens} tokens")
        self._tokens[target] = self._tokens[source][:n_tokens]
        self._cells[target] = self._cells[source][:n_tokens]
        for cell in self._cells[target]:
            self._n_owners[cell] += 1

    def n_common(self, sequence: int, tokens: Sequence[int]) -> int:
        """Return how many tokens a sequence and another have in common at the beginning."""
        return n_common(self._tokens[sequence], tokens)


def n_common(one: Sequence[int], other: Sequence[int]) -> int:
    """Return the length of the common beginning; both must be lists or both tuples to be fast."""
    low, high = 0, min(len(one), len(other))
    if not high or one[0] != other[0]:
        return 0
    # Comparing slices is done in C, so halving beats a loop over the tokens.
    while low < high:
        middle = (low + high + 1) // 2
        if one[low:middle] == other[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low
