"""A history: what somebody did, in order, as an observer sees it, with the truth beside it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

from ducktypist.bench.attribution.tagged import Tagged
from ducktypist.domain import Span
from ducktypist.ledger.later import RunSource

Tree: TypeAlias = Mapping[str, Tagged]
"""Files by their paths."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Took:
    """A suggestion was accepted."""

    key: int
    path: str
    span: Span
    text: str
    is_body: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Edited:
    """An open document was edited."""

    path: str
    span: Span
    new_text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A document was opened."""

    path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Saved:
    """A document was saved."""

    path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Closed:
    """A document was closed; what the disk has counts from here on."""

    path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed:
    """Files changed on disk, by another program."""

    paths: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Renamed:
    """The editor says that a file has another name."""

    old: str
    new: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Committed:
    """There is a new commit."""

    commit: str
    files: Mapping[str, Tagged | None]
    """Those that it changed, None for those that it removed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Switched:
    """Something else was checked out."""

    paths: tuple[str, ...]
    """The files that it changed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stopped:
    """The editor was closed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Started:
    """It was opened again, with these documents."""

    opened: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """One test of a run executed one function."""

    test: str
    test_text: str
    function: str
    """Its block as it was then."""
    passed: bool
    is_direct: bool | None
    rest: str
    """The other functions that it executed; empty where nobody says."""
    blamed: int
    """The suggestion because of which it fails; 0 where it is something else."""
    is_flaky: bool
    """Whether this test fails by chance."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """Tests were run."""

    run: str
    source: RunSource
    ran_s: float
    environment: str
    seen: tuple[Seen, ...]


Observation: TypeAlias = (
    Took
    | Edited
    | Opened
    | Saved
    | Closed
    | Changed
    | Renamed
    | Committed
    | Switched
    | Stopped
    | Started
    | Ran
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One observation, and how everything is after it."""

    at_s: float
    what: Observation
    files: Tree
    """What the editor has where it has it, else what the disk has."""
    note: str
    """What it was that happened, for a person."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class History:
    """One made-up stretch of work."""

    seed: int
    steps: tuple[Step, ...]
    end_s: float
    texts: Mapping[int, str]
    """What each suggestion said."""
    truth: Mapping[int, str]
    """What each whole body turned out to be, by what made its tests pass and fail."""
