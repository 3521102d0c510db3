"""What the fair bench's report shows, as plain values; nothing is read or counted here."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from ducktypist.ledger.stats import MAX_HALF_WIDTH, too_few
from ducktypist.report.content import Flip


@dataclass(frozen=True, slots=True, kw_only=True)
class Portion:
    """So many of so many, with a 95 % interval."""

    k: int
    n: int
    low: float
    """A share; NaN where there is nothing."""
    high: float

    @property
    def share(self) -> float:
        """The share, NaN of nothing."""
        return self.k / self.n if self.n else math.nan

    @property
    def too_few(self) -> bool:
        """Whether it is too little to be called a result."""
        return too_few(self.n, self.k) or (self.high - self.low) / 2 > MAX_HALF_WIDTH


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One model in one column of one part of a family."""

    model: str
    """As the report calls it, unique within a group."""
    column: str
    """``raw``, ``product`` or ``name``."""
    family: str
    part: str
    """``whole``, ``foretold`` or ``recreated``."""
    right: Portion
    n_lucky: int
    n_wrong: int
    n_missing: int
    identical: Portion
    worded: Portion
    lost: Portion
    offered: Portion
    right_of_offered: Portion
    outcomes: Mapping[str, int]
    speed: str
    ttft_p50_ms: float
    total_p50_ms: float
    decode_tok_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """All figures of a family, models beside each other."""

    name: str
    n_tasks: int
    figures: tuple[Figure, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CurvePoint:
    """One quantisation of a model in one column."""

    label: str
    """The quantisation, such as ``Q4_K_M``."""
    n_bytes: int
    """Of the file."""
    column: str
    right: Portion


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """What the quantisations of one model are worth in one part of a family."""

    family: str
    part: str
    points: tuple[CurvePoint, ...]
    """From the smallest file on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """All quantisations of one model."""

    model: str
    panels: tuple[Panel, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Flips:
    """Two sides on the same tasks of one part of a family."""

    first: str
    second: str
    family: str
    part: str
    n: int
    first_right: int
    second_right: int
    only_first: tuple[str, ...]
    only_second: tuple[str, ...]
    p: float
    """Exact McNemar, two-sided, of this row alone."""
    p_holm: float
    """Adjusted for all rows of its question."""

    @property
    def counted(self) -> Flip:
        """The same as the ledger's report counts it."""
        n_first, n_second = len(self.only_first), len(self.only_second)
        n_both = self.first_right - n_first
        return Flip(
            first=self.first,
            second=self.second,
            kind=self.family,
            n_tasks=self.n,
            n_both=n_both,
            n_only_first=n_first,
            n_only_second=n_second,
            n_none=self.n - n_both - n_first - n_second,
            p=self.p,
            p_holm=self.p_holm,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What several pairs are to answer together."""

    title: str
    note: str
    rows: tuple[Flips, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Control:
    """Answers of nobody's model, and how many of them came out as they have to."""

    name: str
    meaning: str
    n_held: int
    n: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One result file: what it was made with and how to make it again."""

    file: str
    facts: tuple[tuple[str, str], ...]
    models: tuple[tuple[str, tuple[tuple[str, str], ...]], ...]
    """By the report's name."""
    controls: tuple[Control, ...]
    command: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Result files that asked the same tasks, so that they may stand side by side."""

    number: int
    """From 1, unique in the page."""
    tasks_sha256: str
    n_models: int
    families: tuple[Family, ...]
    curves: tuple[Curve, ...]
    lifts: tuple[Flips, ...]
    """The purpose alone against the explanation; the first is the one told less."""
    questions: tuple[Question, ...]
    sources: tuple[Source, ...]
    differing: tuple[str, ...]
    """What is not the same in all of its files, though their tasks are."""
