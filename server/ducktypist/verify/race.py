"""Refuses a patch against a data race by its looks, and judges one by its runs. Pure.

A race is also gone when nothing runs at the same time any more, or when nothing is shared. What is
refused here is a patch that gets rid of the race in such a way; whether a race is left is found
out by running, and by nothing else.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ducktypist.domain import Outcome, TestReport, Verdict
from ducktypist.syntax.edits import normal_form
from ducktypist.syntax.go_concurrency import Concurrency, concurrency, is_declared, writers
from ducktypist.syntax.go_scopes import Variable, VariableKind
from ducktypist.syntax.race.checks import torn_apart
from ducktypist.verify.guard import is_protected
from ducktypist.verify.race_reports import has_race
from ducktypist.verify.verdict import judge_fix

_DELAYS = ("time.Sleep", "time.After", "time.Tick", "time.NewTimer", "runtime.Gosched")
_CALLS = {
    "runtime.GOMAXPROCS": "changes how many processors are used",
    "runtime.LockOSThread": "ties goroutines to threads",
    "runtime.Goexit": "ends goroutines early",
    "os.Exit": "ends the program",
    "log.Fatal": "ends the program",
    "log.Fatalf": "ends the program",
    "panic": "panics",
    "recover": "swallows panics",
    "SetLimit": "limits how many goroutines run",
}
_IMPORTS = {
    "testing": "knows that it is tested",
    "flag": "reads flags",
    "unsafe": "leaves the memory model",
    "C": "leaves Go",
    "syscall": "talks to the system",
    "os/exec": "starts programs",
    "os/signal": "handles signals",
    "runtime/debug": "changes how the program runs",
    "runtime/race": "talks to the race detector",
    "internal/race": "talks to the race detector",
    "plugin": "loads programs",
    "reflect": "goes round the types",
}
_TEXTS = ("GORACE", "GOMAXPROCS", "DUCKTYPIST_", ".test")


@dataclass(frozen=True, slots=True, kw_only=True)
class Shared:
    """What a race is about in the file that is patched."""

    variables: tuple[Variable, ...]
    """In the text before the patch."""
    writers: frozenset[str]
    """Qualified names of the functions on whose lines it was written, where that is known."""


def race_refusals(before: str, after: str, *, path: Path, shared: Shared) -> tuple[str, ...]:
    """Return why a patch is no way to remove a race; empty when nothing speaks against it.

    Args:
        before: The Go file as the user has it.
        after: The file with the patch.
        path: The file's path, relative to the workspace's root.
        shared: What races.
    """
    if path.name.endswith("_test.go") or is_protected(path, Path()):
        return (f"it touches {path}, which no patch may",)
    if normal_form(before, "go") == normal_form(after, "go") and _same_directives(before, after):
        return ("it changes nothing but comments and layout",)
    old, new = concurrency(before), concurrency(after)
    if old is None or new is None:
        return ("the file cannot be read",)
    return (
        *_of_goroutines(old, new),
        *_of_waiting(old, new, shared),
        *_of_delays(old, new),
        *_of_environment(before, after, old, new),
        *_of_numbers(old, new),
        *_of_sharing(before, after, old, new, shared),
    )


def judge_race(
    *,
    target: str,
    before: TestReport,
    after: Sequence[TestReport],
    suite_before: TestReport | None,
    suite_after: TestReport | None,
    repeats: int,
    level: int,
    goroutines: tuple[int | None, int | None] = (None, None),
) -> Verdict:
    """Judge a patch for a race by runs that were all made under the race detector.

    Args:
        target: The node id of the test that showed the race.
        before: A run without the patch.
        after: Runs of the target with the patch, each repeating it, with canaries.
        suite_before: All tests of the package without the patch; None: not run.
        suite_after: All of them with it.
        repeats: How often each run repeated the target.
        level: The sandbox level.
        goroutines: The fewest that the test started without the patch and the most that it
            started with it; None where they could not be counted.
    """
    verdict = judge_fix(
        target=target,
        before=before,
        after=after,
        suite_before=suite_before,
        suite_after=suite_after,
        level=level,
    )
    still = sum(shows_race(report) for report in after)
    if still and verdict.outcome in {Outcome.PLAUSIBLE, Outcome.STILL_FAILING, Outcome.FLAKY}:
        why = f"-race still reports a race in {still} of {len(after)} runs"
        return replace(verdict, outcome=Outcome.STILL_FAILING, summary=f"still failing: {why}")
    if verdict.outcome is not Outcome.PLAUSIBLE:
        return verdict
    fewest, most = goroutines
    if fewest is not None and most is not None and most < fewest:
        why = f"refused: the test started {fewest} goroutines and now starts {most}"
        return replace(verdict, outcome=Outcome.TAMPERED, summary=why)
    runs = f"{len(after)} of {len(after)} runs"
    clean = f"-race -count={repeats} clean in {runs}"
    return replace(verdict, summary=verdict.summary.replace(runs, clean, 1))


def shows_race(report: TestReport) -> bool:
    """Tell whether anything that a run said tells of a data race."""
    texts = [result.message for result in (*report.results, *report.collection_errors)]
    return any(has_race(text) for text in (report.output_tail, *texts))


def _same_directives(before: str, after: str) -> bool:
    old, new = concurrency(before), concurrency(after)
    return old is not None and new is not None and old.directives == new.directives


def _of_goroutines(old: Concurrency, new: Concurrency) -> list[str]:
    found = []
    if new.n_starts < old.n_starts:
        found.append(f"it starts goroutines in {new.n_starts} places instead of {old.n_starts}")
    if new.n_idle > old.n_idle:
        found.append("it starts a goroutine that does nothing")
    lost = sorted(old.called - new.called)
    if lost:
        found.append(f"`{lost[0]}` is no longer called from a goroutine")
    if old.loops - new.loops:
        header = next(iter(old.loops - new.loops))
        found.append(f"it changes the loop that starts goroutines, `{header}`")
    if new.n_conditions > old.n_conditions:
        found.append("it starts a goroutine only under a new condition")
    if new.n_waits_between > old.n_waits_between:
        found.append("it waits for each goroutine before it starts the next")
    if new.n_handed_locks > old.n_handed_locks:
        found.append("it holds a lock from one goroutine's start to its end")
    return found


def _of_waiting(old: Concurrency, new: Concurrency, shared: Shared) -> list[str]:
    """Find a function that now waits for what it starts, although it is not its own result."""
    own = {item.owner for item in shared.variables if item.kind is VariableKind.LOCAL}
    return [
        f"`{name}` now waits for the goroutine that it starts"
        for name, n_waits in new.waiting.items()
        if name not in own and n_waits > old.waiting[name]
    ]


def _of_delays(old: Concurrency, new: Concurrency) -> list[str]:
    found = [
        f"it adds `{name}`, which delays a race and does not remove it"
        for name in _DELAYS
        if new.calls[name] > old.calls[name]
    ]
    if new.n_spins > old.n_spins:
        found.append("it adds a loop that does nothing but run")
    return found


def _of_environment(before: str, after: str, old: Concurrency, new: Concurrency) -> list[str]:
    found = [f"it adds the directive `{text}`" for text in new.directives - old.directives]
    found += [f"it drops the directive `{text}`" for text in old.directives - new.directives]
    for name, what in _CALLS.items():
        if _count(new, name) > _count(old, name):
            found.append(f"it adds `{name}`, which {what}")
    for path in sorted(new.imports - old.imports):
        if path in _IMPORTS:
            found.append(f'it imports "{path}", which {_IMPORTS[path]}')
    found += [
        f"it adds the text `{text}`" for text in _TEXTS if after.count(text) > before.count(text)
    ]
    if after.count("os.Args") + after.count("os.Getenv") + after.count("os.Setenv") > (
        before.count("os.Args") + before.count("os.Getenv") + before.count("os.Setenv")
    ):
        found.append("it looks at how the program was started")
    return found


def _count(found: Concurrency, name: str) -> int:
    if "." in name or name.islower():
        return found.calls[name]
    return sum(n for called, n in found.calls.items() if called.endswith(f".{name}"))


def _of_numbers(old: Concurrency, new: Concurrency) -> list[str]:
    """Find a number that became smaller: fewer goroutines, fewer rounds, a smaller channel."""
    lost = [_value(text) for text in (old.numbers - new.numbers)]
    added = [_value(text) for text in (new.numbers - old.numbers)]
    for number in lost:
        smaller = [other for other in added if other < number]
        if smaller:
            return [f"it makes {smaller[0]} of {number}"]
    return []


def _value(text: str) -> int:
    try:
        return int(text.replace("_", ""), 0)
    except ValueError:
        return int(text.replace("_", ""), 8)


def _of_sharing(
    before: str, after: str, old: Concurrency, new: Concurrency, shared: Shared
) -> list[str]:
    found = []
    turned = sorted(new.value_receivers & (old.functions - old.value_receivers))
    found += [f"`{name}` now works on a copy" for name in turned[:1]]
    if new.copies - old.copies:
        found.append(f"it works on a copy, `{next(iter(new.copies - old.copies))}`")
    for variable in shared.variables:
        if not is_declared(after, variable):
            found.append(f"`{variable.name}` is gone")
            continue
        found += [
            f"`{name}` checks `{variable.name}` and changes it later, without one lock over both"
            for name in torn_apart(before, after, variable)
        ]
        was, was_captured = writers(before, variable)
        now, now_captured = writers(after, variable)
        # A new function that writes it may do so for those that did.
        has_new = bool(now & (new.functions - old.functions))
        missing = sorted((was & shared.writers or was) - now)
        if missing and not has_new:
            found.append(f"`{missing[0]}` no longer writes `{variable.name}`, which was shared")
        elif (
            variable.kind is VariableKind.LOCAL
            and was_captured - now_captured
            and new.n_sends <= old.n_sends
        ):
            found.append(f"no goroutine writes `{variable.name}` any more, which was shared")
    return found
