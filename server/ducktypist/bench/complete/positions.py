"""Ghost text at random places of right programs: what must never be shown is counted.

A right program needs no suggestion, so whatever repeats what stands below the cursor, or no longer
parses, is a nuisance that can be told without running anything. The judges are the bench's own.
"""

from __future__ import annotations

import asyncio
import random
import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace

from ducktypist.bench.complete.attempt import ghost_text
from ducktypist.bench.complete.judge import (
    N_BELOW,
    adds_syntax_error,
    repeated_below,
    repeated_docstring,
)
from ducktypist.bench.complete.place import Circumstances, Place, circumstances, place_for
from ducktypist.bench.complete.run import Plan
from ducktypist.bench.complete.tasks import CompleteTask, CompleteTaskFile, chosen
from ducktypist.bench.editor import Editor
from ducktypist.bench.figures import Figure, share_of
from ducktypist.bench.fix.attempt import opened
from ducktypist.bench.measure import load, quantile, since_ms
from ducktypist.bench.stage import ready
from ducktypist.bench.tasks import write_files
from ducktypist.domain import Json
from ducktypist.errors import DucktypistError
from ducktypist.syntax.lines import LineTable, indent_of, indent_unit
from ducktypist.syntax.regions import function_at

END, EMPTY, MIDDLE, TYPING = "end of a line", "empty line", "middle of a line", "typed so far"
KINDS = (END, EMPTY, MIDDLE, TYPING)
PER_FILE = 10
_TOKEN = re.compile(r"\w+|[^\w\s]")
_OPENERS = (":", "{", "(", "[")


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """One place to ask at."""

    task: str
    """Whose solution it is in."""
    kind: str
    text: str
    """The document at that moment."""
    offset: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What was shown at a place."""

    position: Position
    shown: str = ""
    """The text to be inserted; empty when nothing was shown."""
    took_ms: float = 0.0
    adds_error: bool = False
    below: str = ""
    """A line of it that stands below the cursor already."""
    docstring: str = ""
    """A line of it that the function's docstring has."""
    problem: str = ""
    """Why there is nothing to say."""


@dataclass(slots=True)
class PositionsReport:
    """Everything of one run."""

    plan: Plan
    circumstances: Circumstances
    seen: list[Seen] = field(default_factory=list)

    @property
    def figures(self) -> list[Figure]:
        """All counts, each of what was shown."""
        known = [item for item in self.seen if not item.problem]
        shown = [item for item in known if item.shown]
        times_ms = [item.took_ms for item in shown]
        n = len(known)
        found = [
            share_of("something shown", "of all positions", len(shown), n),
            _bad("adds a syntax error", "of those shown", shown, lambda item: item.adds_error),
            _bad(
                "repeats a line below the cursor",
                f"one of the next {N_BELOW} that hold a word; of all positions",
                known,
                lambda item: bool(item.below),
            ),
            _bad(
                "repeats the docstring",
                "a line of it; of all positions",
                known,
                lambda item: bool(item.docstring),
            ),
        ]
        for kind in KINDS:
            mine = [item for item in known if item.position.kind == kind]
            some = sum(bool(item.shown) for item in mine)
            found.append(share_of(f"shown, {kind}", "of those positions", some, len(mine)))
        found += [
            Figure(
                name=f"suggestion, p{share * 100:.0f}",
                what="from the request to what is shown",
                value=quantile(times_ms, share) if times_ms else float("nan"),
                unit="ms",
                n=len(times_ms),
            )
            for share in (0.5, 0.95)
        ]
        problems = [item for item in self.seen if item.problem]
        found.append(
            Figure(
                name="positions not measured",
                what="",
                value=float(len(problems)),
                unit="",
                n=len(self.seen),
                note="; ".join(sorted({item.problem for item in problems}))[:400],
            )
        )
        return found

    def as_json(self) -> dict[str, Json]:
        """Return what is needed to judge the run and to repeat it."""
        return {
            **self.circumstances.as_json(),
            "limit": self.plan.limit,
            "only": list(self.plan.only),
            "complete": self.plan.settings(),
            "n_positions": len(self.seen),
            "figures": [figure.as_json() for figure in self.figures],
            "seen": [_plain(item) for item in self.seen],
        }


async def run_positions(
    tasks: CompleteTaskFile,
    *,
    plan: Plan,
    n: int,
    backend: str | None = None,
    say: Callable[[str], None] = lambda _: None,
) -> PositionsReport:
    """Ask at ``n`` places.

    Raises:
        DucktypistError: Nothing can be run here.
    """
    wanted = chosen(tasks.tasks, limit=plan.limit, seed=plan.seed, only=plan.only)
    places = await asyncio.to_thread(drawn, wanted, n=n, seed=plan.seed)
    by_id = {task.id: task for task in wanted}
    async with place_for(backend) as place:
        found = PositionsReport(
            plan=plan,
            circumstances=await circumstances(
                place.stage, seed=plan.seed, tasks_sha256=tasks.sha256, ids=list(places)
            ),
        )
        for number, (name, positions) in enumerate(places.items(), start=1):
            found.seen += await _in_file(by_id[name], positions, place, plan.settings())
            bad = sum(bool(item.adds_error or item.below or item.docstring) for item in found.seen)
            some = sum(bool(item.shown) for item in found.seen)
            say(f"{number}/{len(places)} {name}: {len(found.seen)} asked, {some} shown, {bad} bad")
        after = await asyncio.to_thread(load)
        found.circumstances = replace(found.circumstances, after=after)
    return found


def drawn(tasks: Sequence[CompleteTask], *, n: int, seed: int) -> dict[str, list[Position]]:
    """Return random places in the solutions of tasks, by task; no solution is taken twice."""
    dice = random.Random(seed)  # noqa: S311 - the same draw each time
    files: dict[str, CompleteTask] = {}
    for task in tasks:
        if task.reference:
            files.setdefault(task.solution(), task)
    solutions = list(files.items())
    dice.shuffle(solutions)
    kept = solutions[: max(1, -(-n // PER_FILE))]
    found: dict[str, list[Position]] = {}
    for number in range(n if kept else 0):
        text, task = kept[number % len(kept)]
        kind = KINDS[dice.randrange(len(KINDS))]
        position = _at_random(task, text, kind, dice)
        if position is not None:
            found.setdefault(task.id, []).append(position)
    return found


def _at_random(task: CompleteTask, text: str, kind: str, dice: random.Random) -> Position | None:
    table = LineTable(text)
    lines = [number for number in range(len(table)) if not table.is_blank(number)]
    if not lines:
        return None
    span = table.span(dice.choice(lines))
    line = span.of(text).rstrip()
    end = span.start + len(line)
    if kind == EMPTY:
        deeper = indent_unit(text) if line.endswith(_OPENERS) else ""
        new = "\n" + indent_of(line) + deeper
        return Position(
            task=task.id,
            kind=kind,
            text=text[:end] + new + text[span.end :],
            offset=end + len(new),
        )
    if kind in {MIDDLE, TYPING}:
        ends = [match.end() for match in _TOKEN.finditer(line)][:-1]
        if ends:
            at = span.start + dice.choice(ends)
            left = text if kind == MIDDLE else text[:at] + text[span.end :]
            return Position(task=task.id, kind=kind, text=left, offset=at)
    return Position(task=task.id, kind=END, text=text, offset=end)


async def _in_file(
    task: CompleteTask, positions: Sequence[Position], place: Place, settings: Mapping[str, Json]
) -> list[Seen]:
    files = {**task.files, task.path: task.solution()}
    root = await asyncio.to_thread(
        lambda: write_files(files, place.stage.folder("positions") / "work")
    )
    try:
        async with opened(root, place.window(settings), []) as editor:
            await ready(editor)
            uri = editor.open(task.path)
            return [await _asked(item, editor, uri, task.language) for item in positions]
    except DucktypistError as error:
        return [Seen(position=item, problem=str(error)) for item in positions]


async def _asked(position: Position, editor: Editor, uri: str, language: str) -> Seen:
    text, offset = position.text, position.offset
    editor.replace(uri, 0, len(editor.texts[uri]), text)
    started = time.perf_counter()
    try:
        ghost = await ghost_text(editor, uri, offset)
    except DucktypistError as error:
        return Seen(position=position, problem=str(error))
    took_ms = since_ms(started)
    if ghost is None:
        return Seen(position=position, took_ms=took_ms)
    function = function_at(text, language, offset)
    docstring = function.docstring if function is not None else None
    is_inside = docstring is not None and docstring.covers(offset)
    return Seen(
        position=position,
        shown=ghost.text,
        took_ms=took_ms,
        adds_error=adds_syntax_error(text, ghost.applied(text), language),
        below=repeated_below(text, ghost.start, ghost.text, end=ghost.end),
        docstring=""
        if docstring is None or is_inside
        else repeated_docstring(docstring.of(text), ghost.text),
    )


def _bad(name: str, what: str, seen: Sequence[Seen], is_bad: Callable[[Seen], bool]) -> Figure:
    bad = [item for item in seen if is_bad(item)]
    examples = [f"{item.position.task}: {item.shown!r:.80}" for item in bad[:5]]
    return share_of(
        name, what, len(bad), len(seen), bar="0", is_met=not bad, note="; ".join(examples)
    )


def _plain(item: Seen) -> dict[str, Json]:
    found: dict[str, Json] = asdict(item)
    return found
