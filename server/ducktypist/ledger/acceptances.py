"""What became of accepted suggestions: the views ``acceptance`` and ``persistence`` as values.

Acceptance measures liking and is never called accuracy; nor is that the code still stands, or that
it still passes its checks afterwards, because by then it may be the person's.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from ducktypist.ledger.query import Rows
from ducktypist.ledger.reading import CellKey, Filter, read_sums


@dataclass(frozen=True, slots=True, kw_only=True)
class Acceptance:
    """The accepted suggestions of one model, quantisation, kind and language."""

    key: CellKey
    n_accepted: int
    n_partly: int
    """Those of which only a part was taken."""
    n_checked: int
    """Those whose examples or tests were run afterwards, on what stood in the editor."""
    n_hold: int
    """Those that passed the last such run."""
    n_checked_as_suggested: int
    """Those whose last such run was of the suggestion as it was made."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Persistence:
    """How much of what was accepted still stood, of one model, quantisation, kind and language.

    It still stands where at most half of it was changed (edit ratio up to 0.5).
    """

    key: CellKey
    n_accepted: int
    n_looked_30s: int
    """Those that were looked at half a minute after they were accepted; some never are."""
    n_still_in_30s: int
    n_looked_2min: int
    n_still_in_2min: int
    n_looked_10min: int
    n_still_in_10min: int
    n_looked_next_commit: int
    n_still_in_next_commit: int


_NO_FILTER = Filter()
_KEY = tuple(CellKey.__slots__)
_Row = TypeVar("_Row", Acceptance, Persistence)


def read_acceptances(ledger: Path | Rows, wanted: Filter = _NO_FILTER) -> list[Acceptance]:
    """Return what became of accepted suggestions, in the order of the keys.

    Raises:
        LedgerError: The file is missing, is not a ledger, or was made by a newer version.
    """
    return _read(ledger, "acceptance", Acceptance, wanted)


def read_persistences(ledger: Path | Rows, wanted: Filter = _NO_FILTER) -> list[Persistence]:
    """Return how much of what was accepted still stood, in the order of the keys.

    Raises:
        LedgerError: The file is missing, is not a ledger, or was made by a newer version.
    """
    return _read(ledger, "persistence", Persistence, wanted)


def _read(ledger: Path | Rows, view: str, made: type[_Row], wanted: Filter) -> list[_Row]:
    counts = tuple(item.name for item in dataclasses.fields(made) if item.name != "key")
    found = [
        made(
            key=CellKey(**{name: row[name] for name in _KEY}),
            **{name: row[name] for name in counts},
        )
        for row in read_sums(ledger, view, _KEY, counts, wanted)
    ]
    return sorted(found, key=lambda item: item.key)
