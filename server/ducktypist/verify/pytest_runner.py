"""Runs pytest in the sandbox and says, test by test, what became of them.

The plugin ``pytest_probe`` reports from inside; this file starts it, reads it and does not believe
it more than it has to. What a report is worth is ``verdict``'s business.
"""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from ducktypist.domain import Frame, Killed, TestOutcome, TestReport, TestResult
from ducktypist.errors import RunnerError
from ducktypist.verify import canary
from ducktypist.verify.interpreter import require_pytest
from ducktypist.verify.pytest_options import kept_options
from ducktypist.verify.runner import RunRequest, Trials
from ducktypist.verify.sandbox import SUPPORT, RunResult, Sandbox
from ducktypist.verify.trials import cold_trials

PLUGIN = "_ducktypist_pytest_probe"
_SOURCE = Path(__file__).with_name("pytest_probe.py")
_OUTPUT_TAIL_CHARACTERS = 4000
_ARGUMENTS = (
    *("-p", PLUGIN, "-p", "no:cacheprovider", "-p", "no:randomly", "-p", "no:rerunfailures"),
    *("-o", "addopts=", "--rootdir=.", "--tb=long", "-q", "--color=no"),
    "--continue-on-collection-errors",
)


class PytestRunner:
    """Runs pytest (6 to 9) with one interpreter."""

    def __init__(self, *, sandbox: Sandbox, interpreter: Path) -> None:
        """Remember where and with what.

        Args:
            sandbox: Where every run takes place.
            interpreter: The Python to run with; never executed outside of the sandbox.
        """
        self._sandbox = sandbox
        self._interpreter = interpreter

    @property
    def name(self) -> str:
        """Return what people call it."""
        return "pytest"

    @property
    def language(self) -> str:
        """Return the language of what it tests."""
        return "python"

    def owns(self, relative: Path) -> bool:
        """Tell whether a file is one of Python's."""
        return relative.suffix == ".py"

    def trials(self, request: RunRequest) -> AbstractAsyncContextManager[Trials]:
        """Get ready to try many patches."""
        return cold_trials(self, request)

    async def run(self, request: RunRequest) -> TestReport:
        """Run tests once.

        Raises:
            RunnerError: pytest is missing or did not start, or a race was to be looked for.
            SandboxError: The run could not be isolated.
        """
        targets, overlay = request.targets, request.overlay
        if request.race:
            raise RunnerError("pytest finds no data races; only `go test` does")
        if any(target.startswith("-") for target in targets):
            raise RunnerError(f"{targets!r} holds an option; expected node ids or files")
        plan = await asyncio.to_thread(self._plan, request)
        result = await self._sandbox.run(
            argv=[
                *(str(self._interpreter), "-m", "pytest"),
                *_ARGUMENTS,
                *plan.options,
                *targets,
            ],
            workspace=plan.root,
            overlay={**overlay, **plan.canary_files},
            environment={
                "PYTHONPATH": SUPPORT,
                "PYTHONHASHSEED": str(request.hash_seed),
                "DUCKTYPIST_PROBE": plan.setup,
            },
            limits=request.limits,
            interpreter=self._interpreter,
            support={f"{PLUGIN}.py": _SOURCE},
        )
        events = list(_events(result.reports, plan.nonce))
        self._require_started(events, result)
        return _report(events, result, root=plan.root, bird=plan.bird)

    def _plan(self, request: RunRequest) -> _Plan:
        require_pytest(self._interpreter)
        real = request.root.resolve()
        originals = _originals(real, request.overlay) if request.canaries else {}
        return _Plan(
            root=real,
            options=kept_options(real, request.overlay),
            bird=canary.make(originals) if request.canaries else None,
            nonce=secrets.token_hex(16),
            trace=request.trace,
        )

    def _require_started(self, events: Sequence[Mapping[str, Any]], result: RunResult) -> None:
        if events or result.killed is not None:
            return
        tail = result.output.strip()[-800:]
        if "No module named pytest" in tail:
            raise RunnerError(
                f"{self._interpreter} has no pytest; install it with "
                f"`{self._interpreter} -m pip install pytest`"
            )
        raise RunnerError(
            f"pytest did not start with {self._interpreter} (status {result.exit_status}): "
            f"{tail or 'it said nothing'}"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Plan:
    """What is settled before a run, all of it read from the file system."""

    root: Path
    options: tuple[str, ...]
    bird: canary.Canary | None
    nonce: str
    trace: bool

    @property
    def setup(self) -> str:
        canary_name = self.bird.name if self.bird else ""
        return json.dumps({"nonce": self.nonce, "canary": canary_name, "trace": self.trace})

    @property
    def canary_files(self) -> dict[Path, str]:
        return {Path(self.bird.name): self.bird.text} if self.bird else {}


@dataclass(slots=True)
class _Phases:
    """What one test's phases reported so far."""

    outcomes: dict[str, TestOutcome] = field(default_factory=dict)
    duration_s: float = 0.0
    text: str = ""
    frames: tuple[Frame, ...] = ()

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


def _events(reports: bytes, nonce: str) -> Iterator[Mapping[str, Any]]:
    for line in reports.splitlines():
        try:
            event = json.loads(line)
        except ValueError:
            # A run that was killed may have stopped in the middle of a line.
            continue
        if isinstance(event, dict) and event.get("nonce") == nonce:
            yield event


def _report(
    events: Sequence[Mapping[str, Any]],
    result: RunResult,
    *,
    root: Path,
    bird: canary.Canary | None,
) -> TestReport:
    collected: list[str] = []
    phases: dict[str, _Phases] = {}
    uncollected: list[TestResult] = []
    executed: dict[str, tuple[Frame, ...]] = {}
    finished: int | None = None
    for event in events:
        frames = tuple(_frames(event.get("frames", ()), root=root, inside=result.root_inside))
        match event["event"]:
            case "collected":
                collected = [str(node_id) for node_id in event["ids"]]
            case "phase":
                phases.setdefault(str(event["id"]), _Phases()).add(event, frames)
            case "executed":
                executed[str(event["id"])] = frames
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
            replace(_result(node_id, item, result.killed), executed=executed.get(node_id, ()))
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
        frames=item.frames,
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


def _originals(root: Path, overlay: Mapping[Path, str]) -> dict[Path, str]:
    found = {}
    for path in overlay:
        try:
            found[path] = (root / path).read_text("utf-8", errors="replace")
        except OSError:
            found[path] = ""
    return found
