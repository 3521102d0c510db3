"""What a search for a body works with: the function, what may be run for it, and what was found.

Values and bookkeeping only; nothing here asks a model or runs anything.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ducktypist.config import CompleteConfig
from ducktypist.domain import (
    Document,
    FinishReason,
    Generation,
    Outcome,
    Rung,
    Source,
    TextEdit,
    Verdict,
)
from ducktypist.errors import EngineError
from ducktypist.features.grounds import Grounds, NotRunnable
from ducktypist.features.workbench import Tally, Workbench
from ducktypist.syntax.doc_checks import DocCheck
from ducktypist.syntax.regions import FunctionRegion

NEVER_OFFERED = frozenset({Outcome.BROKEN, Outcome.TAMPERED})
"""Whatever the settings say: code that does not parse or compile, and code that cheats."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BodyRequest:
    """Which function."""

    document: Document
    function: str
    """Its qualified name."""
    trusted: bool = False
    root: Path | None = None
    """The workspace folder to look around in; None: that of what may be run, if anything may."""
    buffers: Mapping[Path, str] = field(default_factory=dict)
    """Unsaved texts by path relative to ``root``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BodyCase:
    """What stays the same through one search."""

    document: Document
    path: Path
    """The document's, relative to the workspace where it lies in one."""
    function: FunctionRegion
    workbench: Workbench
    grounds: Grounds | NotRunnable
    tests: tuple[str, ...]
    """Node ids of the tests that name the function."""
    checks: tuple[DocCheck, ...]
    """What the documentation says that can be run."""
    config: CompleteConfig


@dataclass(frozen=True, slots=True, kw_only=True)
class BodyCandidate:
    """One possible body."""

    edit: TextEdit
    """To the document; covers the imports as well where some are added."""
    text: str
    """The document with it."""
    source: Source
    what: str
    """For a person."""
    static: Verdict
    """What is known of it without running it."""
    normal_form: str
    """Of the whole text; candidates that agree in it are the same program."""
    generation: Generation | None = None
    """None where no model was asked."""
    is_greedy: bool = False
    suspicion: float = 1.0
    """Of a mended one: how suspicious the place was."""
    n_tokens: int = 0
    ms: float = 0.0
    """Its share of its request's time."""
    mean_logprob: float | None = None

    @property
    def is_complete(self) -> bool:
        """Whether the model came to an end by itself."""
        made = self.generation
        return made is None or made.finish_reason is not FinishReason.LENGTH


@dataclass(slots=True)
class Standing:
    """One program and what is known of it."""

    candidate: BodyCandidate
    """As it came first."""
    verdict: Verdict
    n_answers: int = 1
    """How many answers were this program."""
    is_proven: bool = False
    """Whether all was run that there is to run, as often as the settings say."""
    stage: str = "static"
    """How far it came, see :class:`~ducktypist.domain.Trial`."""
    verify_ms: float = 0.0
    cluster: int | None = None
    """Which group of alike-behaving bodies it belongs to, 0 the weightiest."""

    @property
    def passes(self) -> bool:
        """Whether it passed all that was run so far."""
        return self.verdict.outcome is Outcome.PLAUSIBLE

    @property
    def is_unrun(self) -> bool:
        """Whether nothing speaks against it, because nothing could be run."""
        return self.verdict.outcome is Outcome.NOT_RUN

    def merit(self) -> tuple[float, ...]:
        """Return what orders standings: passing, compiling, checks passed, agreement, probability.

        A body with an undefined name never comes before one without.
        """
        verdict, candidate = self.verdict, self.candidate
        tier = 2 if self.passes else 1 if self.is_unrun else 0
        tier = -1 if verdict.outcome in NEVER_OFFERED else tier
        logprob = candidate.mean_logprob
        return (
            tier,
            candidate.static.rung.height,
            verdict.rung.height,
            candidate.is_complete,
            verdict.passed / max(1, verdict.passed + verdict.failed),
            self.n_answers,
            -10.0 if logprob is None else logprob,
            -len(candidate.edit.new_text),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """One answer that was a candidate, also where it was one that was known."""

    candidate: BodyCandidate
    is_new: bool


@dataclass(slots=True)
class BodySearch:
    """What a search has found so far."""

    started_s: float
    """On the event loop's clock."""
    deadline_s: float
    tally: Tally = field(default_factory=Tally)
    standings: dict[str, Standing] = field(default_factory=dict)
    """By normal form, in the order of coming."""
    answers: list[Answered] = field(default_factory=list)
    n_asked: int = 0
    """Answers of the model, those that were no body included."""
    engine_error: EngineError | None = None
    last: Generation | None = None
    """The model's latest answer."""

    @property
    def best(self) -> Standing | None:
        """The one that is highest on the ladder."""
        return max(self.standings.values(), key=Standing.merit, default=None)

    @property
    def passing(self) -> list[Standing]:
        """Those that passed all that was run."""
        return [one for one in self.standings.values() if one.passes]

    @property
    def n_programs(self) -> int:
        """How many different programs were found."""
        return len(self.standings)

    def left_s(self) -> float:
        """Return how much time there is."""
        return self.deadline_s - asyncio.get_running_loop().time()

    def end_in(self, seconds: float) -> None:
        """Go on for that long at most."""
        now_s = asyncio.get_running_loop().time()
        self.deadline_s = min(self.deadline_s, now_s + seconds)

    def added(self, candidate: BodyCandidate) -> Standing | None:
        """Count a candidate in; return its standing when the program is new."""
        known = self.standings.get(candidate.normal_form)
        self.answers.append(Answered(candidate=candidate, is_new=known is None))
        if known is not None:
            known.n_answers += 1
            return None
        standing = Standing(candidate=candidate, verdict=candidate.static)
        self.standings[candidate.normal_form] = standing
        return standing


def failing(standings: Sequence[Standing]) -> list[Standing]:
    """Return those that ran and did not pass, the most promising first."""
    found = [
        one
        for one in standings
        if one.verdict.outcome not in NEVER_OFFERED | {Outcome.PLAUSIBLE, Outcome.NOT_RUN}
        and one.candidate.static.rung.height >= Rung.RESOLVES.height
    ]
    return sorted(found, key=Standing.merit, reverse=True)
