"""Ranks lines by which tests ran them: spectrum-based fault localisation. Pure.

Ochiai, after Abreu, Zoeteweij and van Gemund, "On the Accuracy of Spectrum-based Fault
Localization", TAIC PART 2007. What a line has to do with the failure's trace or the test's words
is not asked here; ``features.fix.localise`` does.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from ducktypist.domain import TestOutcome, TestReport, TestResult

Place = tuple[Path, int]
"""A file, absolute as reports have it, and a 1-based line."""
SAME_CAUSE = 0.35
"""Another red test that shares less of its lines with the target tells nothing of its cause."""
N_TOP_LINES = 3
_RED = frozenset({TestOutcome.FAILED, TestOutcome.ERROR})


def ochiai(results: Sequence[TestResult], target: str) -> Mapping[Place, float]:
    """Return how suspicious each line is that the target ran, 0 to 1; no line is without a number.

    For one line, over the tests whose lines are known:

    * ``ef``: failing tests that run it, ``nf``: failing tests that do not,
    * ``ep``: passing tests that run it, ``np``: passing tests that do not (Ochiai leaves them out),
    * suspicion: ``ef / sqrt((ef + nf) * (ef + ep))``.

    The target counts as one failing test. Another red test may have another cause, and would make
    lines that both causes share look worse than the cause itself: it counts by how much of what
    the two ran they have in common (Jaccard), fully when both ended at the same line of the code,
    and not at all below :data:`SAME_CAUSE`. Skipped and expected failures count for nothing.

    Args:
        results: Of one traced run, or several with the same lines; the target's among them.
        target: Its node id. Empty when nothing is known of its lines.
    """
    by_id = {result.node_id: result for result in results}
    mine = lines_run(by_id[target]) if target in by_id else {}
    if not mine:
        return {}
    failing: defaultdict[Place, float] = defaultdict(float)
    passing: Counter[Place] = Counter()
    n_failing = 0.0
    for node_id, result in by_id.items():
        ran = mine if node_id == target else lines_run(result)
        common = [(path, line) for path in ran.keys() & mine for line in ran[path] & mine[path]]
        if node_id == target:
            weight = 1.0
        elif result.outcome in _RED and ran:
            weight = _shared_cause(by_id[target], result, n_common=len(common), mine=mine, ran=ran)
        else:
            passing.update(common if result.outcome is TestOutcome.PASSED else ())
            continue
        n_failing += weight
        for place in common:
            failing[place] += weight
    return {
        place: ran_red / math.sqrt(n_failing * (ran_red + passing[place]))
        for place, ran_red in failing.items()
    }


def function_score(lines: Collection[float]) -> tuple[float, float]:
    """Return what functions are ordered by: their worst line, then the mean of the worst three."""
    worst = sorted(lines, reverse=True)[:N_TOP_LINES]
    return (worst[0], math.fsum(worst) / len(worst)) if worst else (0.0, 0.0)


def impacted(
    report: TestReport, paths: Collection[Path], lines: Collection[int]
) -> tuple[str, ...]:
    """Return the node ids of the tests that ran one of these lines, in report order.

    A test whose lines are not known is among them unless it was skipped: nobody can say that it
    is not concerned.

    Args:
        report: Of a traced run.
        paths: The absolute names of one file.
        lines: 1-based. Lines of modules and classes, and lines that no statement begins on, are
            run by no test; name those around them as well.
    """
    wanted = frozenset(lines)
    found = []
    for result in report.results:
        ran = lines_run(result)
        is_unknown = not ran and result.outcome is not TestOutcome.SKIPPED
        if is_unknown or any(ran.get(path, frozenset()) & wanted for path in paths):
            found.append(result.node_id)
    return tuple(found)


def lines_run(result: TestResult) -> dict[Path, frozenset[int]]:
    """Return which lines of which files a test ran."""
    found = {file.path: frozenset(file.lines) for file in result.covered}
    if not found:
        by_path: defaultdict[Path, set[int]] = defaultdict(set)
        for frame in result.executed:
            by_path[frame.path].add(frame.line)
        found = {path: frozenset(lines) for path, lines in by_path.items()}
    return found


def _shared_cause(
    target: TestResult,
    other: TestResult,
    *,
    n_common: int,
    mine: Mapping[Path, frozenset[int]],
    ran: Mapping[Path, frozenset[int]],
) -> float:
    if target.frames and other.frames:
        one, two = target.frames[-1], other.frames[-1]
        # An assertion stands in a test of its own; what several run is the code under test.
        if (one.path, one.line) == (two.path, two.line):
            return 1.0
    n_all = sum(map(len, mine.values())) + sum(map(len, ran.values())) - n_common
    shared = n_common / n_all
    return shared if shared >= SAME_CAUSE else 0.0
