"""A cache that holds no numbers and forgives nothing: what the scripted backend checks with.

It keeps which tokens each sequence holds, counts cells as llama.cpp does (a token shared by several
sequences is one cell) and raises as soon as it is used in a way that a real cache would answer with
nonsense. Not the scheduler's model of the cache: that one plans, this one finds it out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ducktypist.engine.backend import Capacity, Feed


class CacheMisuseError(AssertionError):
    """The cache was asked for something that a correct caller never asks for."""


@dataclass(slots=True, kw_only=True)
class Cell:
    """One token in the cache."""

    token: int
    before: Cell | None
    """The token that it follows; None at the beginning."""
    chain: int
    """Stands for this token and all before it: equal for equal texts."""
    n_holders: int = 1
    """How many sequences hold it."""


def chained(chain: int, token: int) -> int:
    """Return what stands for a text and one more token; the chain of no text is 0."""
    return hash((chain, token))


class StrictCache:
    """Sequences of tokens, and what may be done with them."""

    def __init__(self, capacity: Capacity) -> None:
        self._capacity = capacity
        self._sequences: dict[int, list[Cell]] = {}
        self._clean: dict[int, int] = {}
        """Sequences that must be cut back before their next use, each with to what length."""
        self.n_used_cells = 0

    def length(self, sequence: int) -> int:
        """Return how many tokens a sequence holds."""
        return len(self._sequences.get(sequence, ()))

    def tokens(self, sequence: int) -> tuple[int, ...]:
        """Return the tokens that a sequence holds."""
        return tuple(cell.token for cell in self.cells(sequence))

    def cells(self, sequence: int) -> Sequence[Cell]:
        """Return the cells that a sequence holds, also those that others hold as well."""
        return self._sequences.get(sequence, ())

    def check(self, feeds: Sequence[Feed]) -> None:
        """Raise unless these feeds are a batch that can be computed now.

        Raises:
            CacheMisuseError: They are not.
        """
        n_tokens = sum(len(feed.tokens) for feed in feeds)
        if not 0 < n_tokens <= self._capacity.n_batch_tokens:
            raise CacheMisuseError(
                f"a batch of {n_tokens} tokens; 1 to {self._capacity.n_batch_tokens} can be fed"
            )
        if n_tokens > self._capacity.n_cells - self.n_used_cells:
            raise CacheMisuseError(
                f"{n_tokens} tokens more than the {self.n_used_cells} in the cache, "
                f"which has {self._capacity.n_cells} cells"
            )
        n_rows = sum(feed.n_rows for feed in feeds)
        if n_rows > self._capacity.n_rows:
            raise CacheMisuseError(f"{n_rows} rows; {self._capacity.n_rows} can be wanted")
        if len({feed.sequence for feed in feeds}) < len(feeds):
            raise CacheMisuseError("the same sequence twice in one batch")
        for feed in feeds:
            self._check(feed)

    def append(self, feeds: Sequence[Feed]) -> list[Cell]:
        """Append checked feeds; return the cells of all of their tokens in order."""
        return [cell for feed in feeds for cell in self._extend(feed.sequence, feed.tokens)]

    def append_part(self, feeds: Sequence[Feed]) -> None:
        """Append some of it, as an interrupted step does: each sequence must then be trimmed."""
        for feed in feeds:
            self._clean[feed.sequence] = feed.start
        # The first half of the batch got through, as far as its feeds are whole.
        for feed in feeds[: (len(feeds) + 1) // 2]:
            self._extend(feed.sequence, feed.tokens)

    def spoil(self, feeds: Sequence[Feed]) -> None:
        """Make every sequence one that must be emptied, as a failed step does."""
        touched = [feed.sequence for feed in feeds]
        self._clean = dict.fromkeys([*self._sequences, *touched], 0)

    def copy(self, source: int, target: int, n_tokens: int) -> None:
        """Let ``target`` share the first ``n_tokens`` of ``source``.

        Raises:
            CacheMisuseError: It is not empty, or ``source`` is not so long.
        """
        self._check_usable(source)
        self._check_usable(target)
        if not self._capacity.can_fork:
            raise CacheMisuseError("sequences of this cache cannot be copied")
        if source == target or self.length(target):
            raise CacheMisuseError(f"sequence {target} is not empty, so nothing is copied into it")
        if not 0 <= n_tokens <= self.length(source):
            raise CacheMisuseError(
                f"{n_tokens} tokens of sequence {source}, which has {self.length(source)}"
            )
        shared = self._sequences.get(source, [])[:n_tokens]
        for cell in shared:
            cell.n_holders += 1
        if shared:
            self._sequences[target] = shared

    def trim(self, sequence: int, n_tokens: int) -> bool:
        """Cut a sequence back to its first ``n_tokens``; return whether that was possible.

        Raises:
            CacheMisuseError: It is shorter.
        """
        self._check_number(sequence)
        length = self.length(sequence)
        if not 0 <= n_tokens <= length:
            raise CacheMisuseError(
                f"sequence {sequence} cut back to {n_tokens} tokens; it has {length}"
            )
        is_possible = self._capacity.can_fork or n_tokens in {0, length}
        cells = self._sequences.get(sequence, [])
        for cell in cells[n_tokens if is_possible else 0 :]:
            cell.n_holders -= 1
            self.n_used_cells -= not cell.n_holders
        del cells[n_tokens if is_possible else 0 :]
        if len(cells) <= self._clean.get(sequence, -1):
            del self._clean[sequence]
        if not cells:
            self._sequences.pop(sequence, None)
        return is_possible

    def _extend(self, sequence: int, tokens: Sequence[int]) -> list[Cell]:
        cells = self._sequences.setdefault(sequence, [])
        n_before = len(cells)
        for token in tokens:
            before = cells[-1] if cells else None
            chain = chained(before.chain if before else 0, token)
            cells.append(Cell(token=token, before=before, chain=chain))
        self.n_used_cells += len(tokens)
        return cells[n_before:]

    def _check(self, feed: Feed) -> None:
        self._check_usable(feed.sequence)
        length = self.length(feed.sequence)
        if feed.start != length:
            raise CacheMisuseError(
                f"tokens for position {feed.start} of sequence {feed.sequence}, which has {length}"
            )
        if not feed.tokens or not 0 <= feed.n_rows <= len(feed.tokens):
            raise CacheMisuseError(
                f"{feed.n_rows} rows of {len(feed.tokens)} tokens for sequence {feed.sequence}"
            )
        if length + len(feed.tokens) > self._capacity.n_ctx_tokens:
            raise CacheMisuseError(
                f"sequence {feed.sequence} would have {length + len(feed.tokens)} tokens; "
                f"{self._capacity.n_ctx_tokens} fit into the context"
            )

    def _check_usable(self, sequence: int) -> None:
        self._check_number(sequence)
        if sequence in self._clean:
            raise CacheMisuseError(
                f"sequence {sequence} must be cut back to {self._clean[sequence]} tokens first"
            )

    def _check_number(self, sequence: int) -> None:
        if not 0 <= sequence < self._capacity.n_sequences:
            raise CacheMisuseError(
                f"sequence {sequence}; there are {self._capacity.n_sequences} of them"
            )
