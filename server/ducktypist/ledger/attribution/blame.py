"""From test runs to outcomes: which run speaks for which suggestion, and what it says.

A pure function of the ledger's rows, whose order is that of writing: what is in the ledger already
is not said again, and without that it says everything once more. In short (``docs/attribution.md``
has it at length): a test speaks for a suggestion that is the whole body of the function which it
executed, as it was made. That it passes counts. That it fails counts if nobody else can be at
fault.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeAlias, TypeVar

from ducktypist.domain import Outcome
from ducktypist.ledger.attribution.cases import Cases, Trial
from ducktypist.ledger.attribution.evidence import Evidence
from ducktypist.ledger.events import (
    Judge,
    Label,
    Moment,
    Revised,
    Settled,
    Tier,
    Verified,
    Verifier,
)
from ducktypist.ledger.later import Placed, Sighted, TestRun, TestSeen

T_co = TypeVar("T_co", covariant=True)

Concluded: TypeAlias = Settled | Revised
Outcomes: TypeAlias = tuple[Verified | Settled | Revised, ...]

WORST_FIRST = (Outcome.FLAKY, Outcome.REGRESSED, Outcome.STILL_FAILING, Outcome.PLAUSIBLE)

PASSES = "test runs pass"
STAYS = "a further test run passes"
FAILS = "a test fails in it"
REGRESSES = "a test that passed before it was taken fails with it"
DISAGREES = "a test of the same code passes and fails"
REFUTED = "the test that failed also passes on the same function: the failure was not its own"
CHECKED = "a check of our own says so"


@dataclass(frozen=True, slots=True, kw_only=True)
class Dated(Generic[T_co]):
    """An event with the time at which the ledger wrote it, as ISO 8601 with ``Z``."""

    at_utc: str
    event: T_co


def attribute(
    placed: Iterable[Dated[Placed]],
    sighted: Iterable[Dated[Sighted]],
    runs: Iterable[Dated[TestRun]],
    seen: Iterable[TestSeen],
    *,
    known: Iterable[Dated[Verified | Settled | Revised]] = (),
    only: Collection[str] | None = None,
) -> Outcomes:
    """Return what follows from test runs and is not in the ledger yet.

    Takes time in proportion to the number of rows.

    Args:
        placed: The rows of the suggestions in question, each table in the order of writing.
        sighted: The same.
        runs: Every run that ``seen`` is of.
        seen: Every row of each test that executed a function in which they were sighted; of other
            functions too, because who else may be at fault is read from them.
        known: What the ledger holds of them: checks of our own, what was attributed, conclusions.
        only: The suggestions to speak of, where rows of others are incomplete; None is all.

    Returns:
        Verified events of runs, with the run's id, and conclusions by the rules; in the order in
        which they would have come if each run had been looked at when it was written.
    """
    suggestions = _suggestions(placed, sighted, only)
    blamed = _Blame(suggestions)
    old = list(known)
    own = [item for item in old if not _is_attributed(item.event)]
    rows: dict[str, list[TestSeen]] = {}
    for row in seen:
        rows.setdefault(row.run_id, []).append(row)
    steps: list[tuple[str, int, Callable[[], None]]] = [
        (item.at_utc, 0, _later(blamed.check, item.event)) for item in own
    ]
    for run in runs:
        trials = _trials(run.event, rows.get(run.event.run_id, []))
        steps.append((run.at_utc, 1, _later(blamed.run, run.event, trials)))
    for _, _, step in sorted(steps, key=lambda item: item[:2]):
        step()
    return blamed.new(item.event for item in old)


# --------------------------------------------------------------------------- what it is about


_Result: TypeAlias = tuple[Tier, Outcome]
_Said: TypeAlias = dict[tuple[int, bool], tuple[_Result, TestSeen]]
"""What each trial of one run says of one suggestion; a trial may have passed and failed."""


@dataclass(slots=True, kw_only=True, eq=False)
class _Suggestion:
    """One suggestion, as the runs so far show it."""

    suggestion_id: str
    placed_utc: str
    made: set[str] = field(default_factory=set)
    """The blocks that are it, as it was made."""
    evidence: Evidence = field(default_factory=Evidence)
    is_judged: bool = False
    """A person or a bench concluded; rules have no say any more."""
    concluded: Label | None = None
    was: Label = Label.UNVERIFIED
    """What the checks amounted to before."""
    said: dict[str, _Said] = field(default_factory=dict)
    """By run."""
    results: dict[tuple[str, Tier], Outcome] = field(default_factory=dict)
    """What each run says in each tier, as it is counted in the evidence."""


def _suggestions(
    placed: Iterable[Dated[Placed]],
    sighted: Iterable[Dated[Sighted]],
    only: Collection[str] | None,
) -> dict[str, list[_Suggestion]]:
    """Return the suggestions by the blocks in which they were sighted."""
    found: dict[str, _Suggestion] = {}
    bodies: dict[str, str] = {}
    for item in placed:
        key = item.event.suggestion_id
        if only is None or key in only:
            found.setdefault(key, _Suggestion(suggestion_id=key, placed_utc=item.at_utc))
            # Of one that was taken in parts, the last placing has all of it.
            bodies[key] = item.event.block_hash if item.event.is_body else ""
    blocks: dict[str, dict[str, _Suggestion]] = {}
    for look in sighted:
        event = look.event
        one = found.get(event.suggestion_id)
        if one is None or not event.block_hash:
            continue
        blocks.setdefault(event.block_hash, {})[one.suggestion_id] = one
        body = bodies[one.suggestion_id]
        if body and event.edit_ratio == 0 and (event.as_made or event.block_hash == body):
            one.made.add(event.block_hash)
    return {block: list(there.values()) for block, there in blocks.items()}


def _trials(run: TestRun, rows: Iterable[TestSeen]) -> list[Trial]:
    found: dict[tuple[str, str], Trial] = {}
    for row in rows:
        key = row.test_hash, row.test_block_hash
        trial = found.get(key)
        if trial is None:
            trial = found[key] = Trial(run=run, test_hash=key[0], test_block_hash=key[1])
        trial.rows.append(row)
    return list(found.values())


def _is_attributed(event: Verified | Concluded) -> bool:
    """Tell whether an event is one of those that are worked out here."""
    return bool(event.run_id) if isinstance(event, Verified) else event.by is Judge.RULES


def _later(call: Callable[..., None], *arguments: object) -> Callable[[], None]:
    return lambda: call(*arguments)


# --------------------------------------------------------------------------- what follows


class _Blame:
    """Goes through what happened, in order, and keeps what follows."""

    def __init__(self, suggestions: dict[str, list[_Suggestion]]) -> None:
        self._of_block = suggestions
        self._all = {one.suggestion_id: one for there in suggestions.values() for one in there}
        self._cases = Cases()
        self._made: list[Verified | Concluded] = []

    def check(self, event: Verified | Concluded) -> None:
        """Take in a check of our own, or what a person or a bench concluded."""
        one = self._all.get(event.suggestion_id)
        if one is None:
            return
        if not isinstance(event, Verified):
            one.is_judged, one.concluded = True, event.label
            return
        one.evidence.add(event)
        if one.concluded is None:
            one.was = one.evidence.label()
        else:
            self._conclude(one, reason=CHECKED)

    def run(self, run: TestRun, trials: Sequence[Trial]) -> None:
        """Take in a run."""
        todo = {id(trial): trial for trial in trials}
        for trial in trials:
            todo |= {id(item): item for item in self._cases.add(trial)}
        touched: dict[tuple[str, str], tuple[_Suggestion, TestRun]] = {}
        for trial in todo.values():
            for one in self._judge(trial):
                touched[one.suggestion_id, trial.run.run_id] = one, trial.run
        for one, its_run in touched.values():
            self._count(one, its_run)
        for one in {key: item for (key, _), (item, _) in touched.items()}.values():
            self._conclude(one)
        self._made += self._of_edited(run, trials)

    def new(self, known: Iterable[Verified | Concluded]) -> Outcomes:
        """Return what follows from all of it but is not known."""
        rows: set[tuple[object, ...]] = set()
        labels: dict[str, list[Label]] = {}
        for event in known:
            if isinstance(event, Verified):
                rows.add(_row(event))
            elif event.by is Judge.RULES:
                labels.setdefault(event.suggestion_id, []).append(event.label)
        mine: dict[str, list[Concluded]] = {}
        for event in self._made:
            if not isinstance(event, Verified):
                mine.setdefault(event.suggestion_id, []).append(event)
        wanted = {
            id(event)
            for key, events in mine.items()
            for event in _unsaid(events, labels.get(key, []))
        }
        return tuple(
            event
            for event in self._made
            if (_row(event) not in rows if isinstance(event, Verified) else id(event) in wanted)
        )

    def _judge(self, trial: Trial) -> Iterator[_Suggestion]:
        """Note what a trial says; give the suggestions of which it says something else now."""
        suspects = None
        for row in trial.rows:
            for one in self._of_block.get(row.block_hash, ()):
                if row.block_hash not in one.made or trial.run.ran_utc < one.placed_utc:
                    continue
                if suspects is None:
                    suspects = self._cases.suspects(trial)
                said = one.said.setdefault(trial.run.run_id, {})
                key = id(trial), row.passed
                result = self._result(trial, row, suspects, one.placed_utc)
                before = said.get(key)
                if (before and before[0]) == result:
                    continue
                if result is None:
                    del said[key]
                else:
                    said[key] = result, row
                yield one

    def _result(
        self, trial: Trial, row: TestSeen, suspects: frozenset[str], placed_utc: str
    ) -> _Result | None:
        if row.passed:
            return Tier.VISIBLE, Outcome.PLAUSIBLE
        cases = self._cases
        if cases.has_passed(trial, row.block_hash):
            # It passes on this very function: what fails is something else, or the test itself.
            return (Tier.VISIBLE, Outcome.FLAKY) if cases.disagrees(trial, row) else None
        first_utc = cases.passed_otherwise(trial, row)
        if first_utc:
            before = first_utc < placed_utc
            return (
                (Tier.REGRESSION, Outcome.REGRESSED)
                if before
                else (Tier.VISIBLE, Outcome.STILL_FAILING)
            )
        is_alone = row.is_direct and suspects == {row.block_hash}
        return (Tier.VISIBLE, Outcome.STILL_FAILING) if is_alone else None

    def _count(self, one: _Suggestion, run: TestRun) -> None:
        """Count what a run says by now in the place of what it said before."""
        said = one.said.get(run.run_id, {})
        for tier in (Tier.VISIBLE, Tier.REGRESSION):
            found = [(item[0][1], item[1]) for item in said.values() if item[0][0] is tier]
            outcome = _worst([item for item, _ in found]) if found else None
            before = one.results.pop((run.run_id, tier), None)
            if before is not None:
                one.evidence.count(_counted_as(run, tier, before), before, -1)
            if outcome is None:
                continue
            one.results[run.run_id, tier] = outcome
            one.evidence.count(_counted_as(run, tier, outcome), outcome, 1)
            if outcome is not before:
                self._made.append(_verified(one, run, tier, outcome, found))

    def _conclude(self, one: _Suggestion, *, reason: str = "") -> None:
        if one.is_judged:
            return
        label, before = one.evidence.label(), one.concluded or one.was
        one.was = label
        if label is Label.UNVERIFIED and before is Label.RIGHT:
            # A verifier that passed less than three times does not undo another one's three.
            label = Label.RIGHT
            if one.concluded is not None:
                return
            reason = STAYS
        elif label is before:
            return
        is_first = one.concluded is None and before in {Label.UNVERIFIED, label}
        one.concluded = label
        regressed = Outcome.REGRESSED in one.results.values()
        self._made.append(
            (Settled if is_first else Revised)(
                suggestion_id=one.suggestion_id,
                label=label,
                reason=reason or _reason(label, before, regressed=regressed),
                by=Judge.RULES,
            )
        )

    def _of_edited(self, run: TestRun, trials: Iterable[Trial]) -> list[Verified]:
        """Return what a run says of code that is the person's as well."""
        found: dict[str, tuple[_Suggestion, list[tuple[Outcome, TestSeen]]]] = {}
        for trial in trials:
            for row in trial.rows:
                outcome = Outcome.PLAUSIBLE if row.passed else Outcome.STILL_FAILING
                for one in self._of_block.get(row.block_hash, ()):
                    if row.block_hash not in one.made and run.ran_utc >= one.placed_utc:
                        found.setdefault(one.suggestion_id, (one, []))[1].append((outcome, row))
        edited = Moment.IN_EDITED_CODE
        return [
            _verified(one, run, Tier.VISIBLE, _worst([it for it, _ in rows]), rows, moment=edited)
            for one, rows in found.values()
        ]


def _worst(outcomes: Collection[Outcome]) -> Outcome:
    """Return what several tests of one run say together; there is at least one."""
    return next(worst for worst in WORST_FIRST if worst in outcomes)


def _counted_as(run: TestRun, tier: Tier, outcome: Outcome) -> tuple[Tier, Verifier, str]:
    """Return as what a run counts.

    Who is to blame for a failure was found out test by test, so passes of other tests in the same
    environment do not make it a test that disagrees with itself.
    """
    is_failure = outcome in {Outcome.STILL_FAILING, Outcome.REGRESSED}
    apart = f"\0{run.run_id}" if is_failure else ""
    return tier, Verifier.TARGET_TEST, run.environment_hash + apart


def _verified(
    one: _Suggestion,
    run: TestRun,
    tier: Tier,
    outcome: Outcome,
    found: Iterable[tuple[Outcome, TestSeen]],
    *,
    moment: Moment = Moment.AS_SUGGESTED,
) -> Verified:
    told = list(found)
    times_ms = [row.duration_ms for _, row in told if row.duration_ms is not None]
    return Verified(
        suggestion_id=one.suggestion_id,
        verifier=Verifier.TARGET_TEST,
        tier=tier,
        outcome=outcome,
        n_passed=sum(item is Outcome.PLAUSIBLE for item, _ in told),
        n_failed=sum(item is not Outcome.PLAUSIBLE for item, _ in told),
        duration_ms=sum(times_ms) if times_ms else None,
        environment_hash=run.environment_hash,
        moment=moment,
        run_id=run.run_id,
    )


def _row(event: Verified) -> tuple[object, ...]:
    """Return what tells an attributed event from the others."""
    return event.suggestion_id, event.run_id, event.tier, event.outcome, event.moment


def _unsaid(events: Sequence[Concluded], known: Sequence[Label]) -> Sequence[Concluded]:
    """Return the conclusions that are still to be said after those that are known."""
    labels = [event.label for event in events]
    if labels[: len(known)] == list(known):
        return events[len(known) :]
    return () if labels[-1] is known[-1] else events[-1:]


def _reason(label: Label, before: Label, *, regressed: bool) -> str:
    if label is Label.WRONG:
        return REGRESSES if regressed else FAILS
    if label is Label.FLAKY:
        return DISAGREES
    return REFUTED if before in {Label.WRONG, Label.FLAKY} else PASSES
