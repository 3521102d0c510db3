"""Plants bugs into solved problems: which changes break a test that can be seen, told by running.

A task is kept when the right solution passes all tests, the hidden ones too, under two hash seeds,
and the planted change makes a visible one fail without hanging or breaking the import. The kinds of
change are taken in turn, so that no kind rules. The same data, seed and part give the same tasks.
"""

from __future__ import annotations

import asyncio
import json
import random
import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ducktypist.bench.fix.batch import Case, CaseReport, grounds_at, run_cases, runner_for
from ducktypist.bench.fix.inputs import further_calls
from ducktypist.bench.fix.operators_go import go_bugs
from ducktypist.bench.fix.operators_python import python_bugs
from ducktypist.bench.fix.plot import Planted
from ducktypist.bench.fix.problems import Problem, read_problems
from ducktypist.bench.fix.tasks import Task
from ducktypist.errors import DucktypistError
from ducktypist.features.grounds import Grounds
from ducktypist.verify.watchdog import Limits

N_FURTHER = 12
GROUP_SIZE = 16
MAX_PER_PROBLEM = 4
TRIED_PER_BUG = {"python": 5, "go": 3}
"""Changes run for each bug that is wanted of a problem."""
VALUES_LIMITS = Limits(
    timeout_s=120.0, max_memory_bytes=2 * 1024**3, max_processes=64, max_output_bytes=64 * 1024**2
)
_DRIVER = Path(__file__).with_name("values_driver.py")
_BUGS: dict[str, Callable[[str], Iterator[Planted]]] = {"python": python_bugs, "go": go_bugs}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Attempt:
    problem: Problem
    planted: Planted
    case: Case


async def plant(
    paths: Sequence[Path],
    *,
    n: int,
    seed: int,
    part: str,
    say: Callable[[str], None] = lambda _: None,
) -> list[Task]:
    """Return tasks, in equal shares from the data files as far as they reach, in a mixed order.

    Args:
        paths: Data files.
        n: How many tasks are wanted.
        seed: Decides what is planted, and which asserts can be seen.
        part: ``dev`` or ``held``; their problems are disjoint.
        say: Told how far it is.

    Raises:
        DucktypistError: A file cannot be read, or nothing can be run here.
    """
    with tempfile.TemporaryDirectory(prefix="dtb-") as folder:
        root = Path(folder) / "w"
        await asyncio.to_thread(root.mkdir)
        grounds = await grounds_at(root)
        shares: list[list[Task]] = []
        for number, path in enumerate(paths):
            missing = n - sum(len(share) for share in shares)
            wanted = -(-missing // (len(paths) - number))
            problems = await asyncio.to_thread(read_problems, path, part=part, seed=seed)
            random.Random(f"{seed} {path.stem}").shuffle(problems)  # noqa: S311 - repeatable
            say(f"{path.name}: {len(problems)} problems, {wanted} tasks wanted")
            shares.append(await _planted(problems, wanted, grounds, seed, say))
    tasks = [task for share in shares for task in share]
    random.Random(seed).shuffle(tasks)  # noqa: S311 - repeatable
    return tasks


async def _planted(
    problems: Sequence[Problem],
    wanted: int,
    grounds: Grounds,
    seed: int,
    say: Callable[[str], None],
) -> list[Task]:
    """Plant into the problems of one file."""
    if not problems or wanted <= 0:
        return []
    language = problems[0].language
    per_problem = -(-wanted // len(problems))
    problems = await _extended(problems, grounds, seed)
    attempts = _attempts(problems, per_problem * TRIED_PER_BUG[language], seed)
    reports: dict[str, CaseReport] = {}
    found: list[Task] = []
    n_sound = 0
    # A few problems at a time: once there are enough, no more is run.
    for start in range(0, len(problems), GROUP_SIZE):
        group = problems[start : start + GROUP_SIZE]
        sound = {problem.id for problem in await _sound(group, grounds)}
        n_sound += len(sound)
        cases = [item.case for item in attempts if item.problem.id in sound]
        reports.update(await run_cases(cases, runner=runner_for(grounds, language)))
        found = _chosen(attempts, reports, per_problem)
        say(
            f"{n_sound} of {start + len(group)} solutions pass their own tests; "
            f"{len(found)} tasks of {len(reports)} changes tried"
        )
        if len(found) >= wanted:
            break
    for more in range(per_problem + 1, MAX_PER_PROBLEM + 1):
        if len(found) < wanted:
            found = _chosen(attempts, reports, more)
    return found[:wanted]


async def _extended(problems: Sequence[Problem], grounds: Grounds, seed: int) -> list[Problem]:
    """Return the problems with hidden asserts for further inputs."""
    modules = {
        f"m{number}": (problem, further_calls(problem.calls, n=N_FURTHER, seed=f"{seed}"))
        for number, problem in enumerate(problems)
        if problem.more is not None
    }
    if not modules:
        return list(problems)
    files = {Path(f"{name}.py"): problem.code for name, (problem, _) in modules.items()}
    plan = json.dumps({name: calls for name, (_, calls) in modules.items()})
    values = [
        await _values({**files, Path("calls.json"): plan}, grounds, hash_seed=hash_seed)
        for hash_seed in (1, 2)
    ]
    asserts: dict[str, list[str]] = defaultdict(list)
    for (name, call), value in values[0].items():
        if values[1].get((name, call)) == value:
            asserts[modules[name][0].id].append(f"assert {call} == {value}")
    return [
        replace(
            problem,
            hidden={problem.more.path: problem.more.text(asserts[problem.id])},
            meta={**problem.meta, "n_further": len(asserts[problem.id])},
        )
        if problem.more is not None
        else problem
        for problem in problems
    ]


async def _values(
    files: dict[Path, str], grounds: Grounds, *, hash_seed: int
) -> dict[tuple[str, str], str]:
    interpreter = Path(sys.executable)
    result = await grounds.sandbox.run(
        argv=[str(interpreter), f"@support@/{_DRIVER.name}"],
        workspace=grounds.root.resolve(),
        overlay=files,
        environment={"PYTHONHASHSEED": str(hash_seed)},
        limits=VALUES_LIMITS,
        interpreter=interpreter,
        support={_DRIVER.name: _DRIVER},
    )
    if not result.reports:
        raise DucktypistError(f"no value came out of the sandbox: {result.output[-400:]}")
    rows = [json.loads(line) for line in result.reports.decode().splitlines() if line.endswith("]")]
    return {(name, call): value for name, call, value in rows}


async def _sound(problems: Sequence[Problem], grounds: Grounds) -> list[Problem]:
    """Return the problems whose solution passes all tests, with every hash seed that matters."""
    runner = runner_for(grounds, problems[0].language)
    keep = list(problems)
    for hash_seed in (1, 2) if runner.language == "python" else (1,):
        cases = [
            _case(problem, problem.code, f"s{number}", {**problem.visible, **problem.hidden})
            for number, problem in enumerate(keep)
        ]
        reports = await run_cases(cases, runner=runner, hash_seed=hash_seed)
        keep = [problem for number, problem in enumerate(keep) if reports[f"s{number}"].is_green]
    return keep


def _case(problem: Problem, code: str, key: str, tests: Mapping[str, str]) -> Case:
    files = {**problem.fixed, problem.source: code, **tests}
    return Case(key=key, language=problem.language, source=problem.source, files=files)


def _attempts(problems: Sequence[Problem], n_each: int, seed: int) -> list[_Attempt]:
    """Return the changes to try: of each problem different kinds, rare kinds first."""
    bugs = {}
    for problem in problems:
        found = list(_BUGS[problem.language](problem.code))
        random.Random(f"{seed} {problem.id}").shuffle(found)  # noqa: S311 - repeatable
        bugs[problem.id] = found
    taken: Counter[str] = Counter()
    attempts: list[_Attempt] = []
    for number, problem in enumerate(problems):
        left = bugs[problem.id]
        for at in range(n_each):
            if not left:
                break
            here = Counter(
                item.planted.operator for item in attempts if item.problem.id == problem.id
            )
            best = min(left, key=lambda item: (here[item.operator], taken[item.operator]))
            left.remove(best)
            taken[best.operator] += 1
            case = _case(problem, best.text, f"p{number}x{at}", problem.visible)
            attempts.append(_Attempt(problem=problem, planted=best, case=case))
    return attempts


def _chosen(
    attempts: Sequence[_Attempt], reports: dict[str, CaseReport], per_problem: int
) -> list[Task]:
    """Return the tasks among what was tried, the kinds taken in turn."""
    good: dict[str, list[_Attempt]] = defaultdict(list)
    for item in attempts:
        report = reports.get(item.case.key)
        if report and report.failing and not report.is_broken and not report.hangs:
            good[item.problem.id].append(item)
    taken: Counter[str] = Counter()
    tasks = []
    for candidates in good.values():
        lines: set[int] = set()
        for number in range(per_problem):
            left = [item for item in candidates if item.planted.line not in lines]
            if not left:
                break
            best = min(left, key=lambda item: taken[item.planted.operator])
            taken[best.planted.operator] += 1
            lines.add(best.planted.line)
            tasks.append(_task(best, reports[best.case.key], number))
    return tasks


def _task(item: _Attempt, report: CaseReport, number: int) -> Task:
    problem, planted = item.problem, item.planted
    return Task(
        id=problem.id if number == 0 else f"{problem.id}#{number + 1}",
        language=problem.language,
        files={**problem.fixed, problem.source: planted.text, **problem.visible},
        failing=report.failing[0],
        hidden=problem.hidden,
        function=planted.function,
        line=planted.line,
        operator=planted.operator,
        group=problem.group,
        meta={
            **problem.meta,
            "what": planted.what,
            "n_visible_failing": len(report.failing),
            "n_visible": len(report.outcomes),
        },
    )
