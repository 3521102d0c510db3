"""Makes the report of a pytest run out of what ``pytest_probe`` said from inside.

Pure, but for following paths. What a report is worth is ``verdict``'s business.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from ducktypist.domain import Frame, Killed, TestOutcome, TestReport, TestResult
from ducktypist.verify import canary
from ducktypist.verify.line_reports import LineReports
from ducktypist.verify.sandbox import RunResult

_OUTPUT_TAIL_CHARACTERS = 4000


def read_events(lines: Iterable[bytes], nonce: str) -> Iterator[Mapping[str, Any]]:
    """Return what the run with this nonce said; everything else is left out."""
    for line in lines:
        try:
            event = json.loads(line)
        except ValueError:
            # A run that was killed may have stopped in the middle of a line.
            continue
        if isinstance(event, dict) and event.get("nonce") == nonce:
            yield event


def read_report(
    events: Sequence[Mapping[str, Any]],
    result: RunResult,
    *,
    root: Path,
    bird: canary.Canary | None,
) -> TestReport:
    """Return what a run's events add up to.

    Args:
        events: In the order in which they came.
        result: How the run ended.
        root: The workspace's folder out here.
        bird: The run's tests that must fail.
    """
    collected: list[str] = []
    phases: dict[str, _Phases] = {}
    uncollected: list[TestResult] = []
    lines = LineReports(root=root, inside=result.root_inside)
    finished: int | None = None
    for event in events:
        frames = tuple(_frames(event.get("frames", ()), root=root, inside=result.root_inside))
        match event["event"]:
            case "collected":
                collected = [str(node_id) for node_id in event["ids"]]
            case "phase":
                phases.setdefault(str(event["id"]), _Phases()).add(event, frames)
            case "executed":
                lines.add(event)
            case "stuck":
                lines.add(event)
                phases.setdefault(str(event["id"]), _Phases()).stuck = frames
            case "uncollected":
                uncollected.append(_failed_file(str(event["id"]), str(event["text"]), frames))
            case "finished":
                finished = int(event["status"])
    is_failure = result.exit_status not in {0, None, _NOTHING_COLLECTED}
    if is_failure and not collected and not uncollected:
        # A conftest that does not import, an unknown target or a bad setting.
        uncollected.append(_failed_file("", result.output.strip()[-_OUTPUT_TAIL_CHARACTERS:], ()))
    outcomes = {node_id: item.outcome() for node_id, item in phases.items()}
    is_own = bird.owns if bird else lambda _: False
    return TestReport(
        results=tuple(
            replace(
                _result(node_id, item, result.killed),
                executed=lines.executed(node_id),
                covered=lines.covered(node_id),
            )
            for node_id, item in phases.items()
            if not is_own(node_id)
        ),
        collected=tuple(node_id for node_id in collected if not is_own(node_id)),
        exit_status=result.exit_status,
        killed=result.killed,
        duration_ms=result.duration_ms,
        output_tail=result.output[-_OUTPUT_TAIL_CHARACTERS:],
        canaries_failed=None
        if bird is None
        else (
            finished == result.exit_status == 1
            and all(outcomes.get(node_id) is TestOutcome.FAILED for node_id in bird.node_ids)
        ),
        collection_errors=tuple(item for item in uncollected if not is_own(item.node_id)),
    )


@dataclass(slots=True)
class _Phases:
    """What one test's phases reported so far."""

    outcomes: dict[str, TestOutcome] = field(default_factory=dict)
    duration_s: float = 0.0
    text: str = ""
    frames: tuple[Frame, ...] = ()
    stuck: tuple[Frame, ...] = ()
    """Where it was when it had taken very long; what is left of a test that was ended."""

    def add(self, event: Mapping[str, Any], frames: tuple[Frame, ...]) -> None:
        when = str(event["when"])
        outcome = _phase_outcome(str(event["outcome"]), is_xfail=bool(event["xfail"]))
        # Subtests report as further calls of the same test; the worst one is what counts.
        before = self.outcomes.get(when, TestOutcome.PASSED)
        self.outcomes[when] = outcome if before is TestOutcome.PASSED else before
        self.duration_s += float(event["duration_s"])
        if outcome is not TestOutcome.PASSED and not self.text:
            self.text = str(event["text"])
            self.frames = frames

    def outcome(self) -> TestOutcome:
        call = self.outcomes.get("call")
        if call is TestOutcome.FAILED:
            return TestOutcome.FAILED
        around = [self.outcomes.get(when) for when in ("setup", "teardown")]
        if TestOutcome.FAILED in around:
            return TestOutcome.ERROR
        if call is None:
            skipped = around[0]
            return skipped if skipped in _SKIPS else TestOutcome.ERROR
        # Without its teardown a test has not come to its end, whatever the call said.
        return TestOutcome.ERROR if around[1] is None else call


_NOTHING_COLLECTED = 5
"""pytest's exit status for a run that found no test (``pytest.ExitCode``); that is no failure."""

_SKIPS = frozenset({TestOutcome.SKIPPED, TestOutcome.XFAILED})


def _phase_outcome(word: str, *, is_xfail: bool) -> TestOutcome:
    outcome = TestOutcome(word)
    if is_xfail and outcome is TestOutcome.SKIPPED:
        return TestOutcome.XFAILED
    if is_xfail and outcome is TestOutcome.PASSED:
        return TestOutcome.XPASSED
    return outcome


def _result(node_id: str, item: _Phases, killed: Killed | None) -> TestResult:
    outcome = item.outcome()
    message = item.text
    if outcome is TestOutcome.ERROR and not message:
        why = f" ({killed.value.replace('_', ' ')})" if killed else ""
        message = f"the run ended in the middle of this test{why}"
    return TestResult(
        node_id=node_id,
        outcome=outcome,
        duration_ms=item.duration_s * 1000,
        message=message,
        frames=item.frames or (item.stuck if outcome is TestOutcome.ERROR else ()),
    )


def _failed_file(node_id: str, text: str, frames: tuple[Frame, ...]) -> TestResult:
    return TestResult(
        node_id=node_id, outcome=TestOutcome.ERROR, duration_ms=0.0, message=text, frames=frames
    )


def _frames(raw: Sequence[Sequence[Any]], *, root: Path, inside: Path) -> Iterator[Frame]:
    for path, line, function in raw:
        found = Path(str(path))
        if found.is_relative_to(inside):
            yield Frame(
                path=root / found.relative_to(inside), line=int(line), function=str(function)
            )
