"""Where a failing test's bug may be: functions and lines, the most suspicious first.

From which tests run which lines (``verify.spectrum``), the traceback, the words of the failing
assertion and what calls what. A heuristic: running a patch is what decides. The bug is often not
where the trace ends.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ducktypist.domain import TestReport, TestResult
from ducktypist.features.fix.localise_hints import (
    Hints,
    Key,
    attributes_read,
    depths,
    feeding,
    names,
    parts,
    raises,
)
from ducktypist.features.grounds import Grounds
from ducktypist.syntax.edits import statement_lines
from ducktypist.syntax.lines import LineTable
from ducktypist.syntax.regions import FunctionRegion, functions, test_functions
from ducktypist.syntax.statements import Statements, statements
from ducktypist.verify.guard import is_protected
from ducktypist.verify.spectrum import function_score, lines_run, ochiai
from ducktypist.verify.spectrum import impacted as spectrum_impacted

MAX_FUNCTIONS = 8
MAX_LINES = 40
MAX_FILE_CHARACTERS = 400_000
UNKNOWN = 0.5
"""How suspicious a line is that the failing test ran when no other test's lines are known."""
OF_DECIDER = 0.98
"""How much of a statement's suspicion falls on the condition around it."""
_LANGUAGES = {".py": "python", ".pyi": "python", ".go": "go"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Suspect:
    """One function that the failing test ran, and which of its lines."""

    path: Path
    """Relative to the workspace's root."""
    text: str
    """The file's text, as it counts now."""
    function: FunctionRegion
    suspicion: float
    """0 to 1."""
    lines: Mapping[int, float]
    """1-based lines that may be replaced and how suspicious they are, 0 to 1, the worst first.
    Without those that did not run, unless nothing is known to have run."""


def suspects(
    failed: TestResult, grounds: Grounds, *, suite: TestReport | None = None
) -> tuple[Suspect, ...]:
    """Return the functions outside the tests that the failing run went through.

    Blocking: it reads files and parses them.

    Args:
        failed: The failing test, of a traced run.
        grounds: Whose files they are.
        suite: A traced run of other tests, with or without the failing one; None when there is
            none. A suite without lines does no harm.
    """
    scene = _scene(failed, grounds)
    others = () if suite is None else suite.results
    results = [failed, *(result for result in others if result.node_id != failed.node_id)]
    spectrum = ochiai(results, failed.node_id)
    hints = _hints(failed, grounds, scene)
    found = [
        (_suspect(place, scene, spectrum, hints), place.number) for place in scene.places.values()
    ]
    # Of equal ones the one that was entered last: it is nearer to the failure.
    found.sort(key=lambda item: (-item[0].suspicion, -item[1]))
    return tuple(suspect for suspect, _ in found if suspect.lines)[:MAX_FUNCTIONS]


def impacted(report: TestReport, path: Path, lines: Collection[int]) -> tuple[str, ...]:
    """Return the node ids of the tests that ran one of these lines, in report order.

    A test whose lines are not known is among them, unless it was skipped.

    Args:
        report: Of a traced run.
        path: Absolute; links are followed where the report did.
        lines: 1-based, of functions. A new line is run by no test: name those around it.
    """
    return spectrum_impacted(report, {path, path.resolve()}, lines)


@dataclass(slots=True)
class _Place:
    """One function that was run, and which of its lines."""

    path: Path
    """Relative to the root."""
    text: str
    function: FunctionRegion
    number: int
    """In the order of being entered."""
    ran: set[int] = field(default_factory=set)
    late: dict[int, float] = field(default_factory=dict)
    """How late a line ran for the first time, 0 to 1; empty when no order is known."""

    @property
    def key(self) -> Key:
        return str(self.path), self.function.qualified_name


@dataclass(slots=True)
class _Scene:
    """Everything of the workspace that the failing test ran, outside of tests."""

    root: Path
    places: dict[Key, _Place] = field(default_factory=dict)
    trace: list[tuple[_Place, int]] = field(default_factory=list)
    """The traceback's part in it, the innermost first."""
    is_traced: bool = False
    ended_in_code: bool = False
    """Whether the innermost frame of all is outside of the tests."""


class _Files:
    """Texts and functions of the files that may be changed, each read once."""

    def __init__(self, grounds: Grounds) -> None:
        self._grounds = grounds
        self._found: dict[Path, tuple[Path, str, list[tuple[int, int, FunctionRegion]]] | None] = {}

    def at(self, path: Path, line: int) -> tuple[Path, str, FunctionRegion] | None:
        """Return the innermost function around a line of a file that may be changed."""
        if path not in self._found:
            self._found[path] = self._read(path)
        file = self._found[path]
        if file is None:
            return None
        relative, text, regions = file
        inside = [item for item in regions if item[0] <= line <= item[1]]
        return (relative, text, max(inside, key=lambda item: item[0])[2]) if inside else None

    def _read(self, path: Path) -> tuple[Path, str, list[tuple[int, int, FunctionRegion]]] | None:
        relative = self._grounds.relative(path)
        if relative is None or is_protected(relative, self._grounds.root):
            return None
        language = _LANGUAGES.get(relative.suffix)
        try:
            text = self._grounds.text_of(relative) if language else ""
        except OSError:
            return None
        if not text or len(text) > MAX_FILE_CHARACTERS:
            return None
        table = LineTable(text)
        regions = [
            (
                table.line_of(function.signature.start) + 1,
                table.line_of(function.span.end) + 1,
                function,
            )
            for function in functions(text, str(language))
        ]
        return relative, text, regions


def _scene(failed: TestResult, grounds: Grounds) -> _Scene:
    files = _Files(grounds)
    ran = lines_run(failed)
    scene = _Scene(root=grounds.root, is_traced=bool(ran))

    def enter(path: Path, line: int) -> _Place | None:
        found = files.at(path, line)
        if found is None:
            return None
        relative, text, function = found
        place = scene.places.setdefault(
            (str(relative), function.qualified_name),
            _Place(path=relative, text=text, function=function, number=len(scene.places)),
        )
        place.ran.add(line)
        return place

    for number, frame in enumerate(failed.executed, start=1):
        place = enter(frame.path, frame.line)
        if place is not None:
            place.late.setdefault(frame.line, number / len(failed.executed))
    for path, lines in ran.items():
        for line in sorted(lines):
            enter(path, line)
    for number, frame in enumerate(reversed(failed.frames)):
        place = enter(frame.path, frame.line)
        if place is not None:
            scene.trace.append((place, frame.line))
            scene.ended_in_code |= number == 0
    return scene


def _suspect(
    place: _Place, scene: _Scene, spectrum: Mapping[tuple[Path, int], float], hints: Hints
) -> Suspect:
    language = _LANGUAGES[place.path.suffix]
    table = LineTable(place.text)
    found = statements(place.text, language, place.function.span)
    firsts = found.first_lines
    lines = {
        table.line_of(span.start) + 1: span.of(place.text)
        for span in statement_lines(place.text, language, place.function)
    }
    if scene.is_traced:
        # A statement of several lines runs as a whole, whichever of them was noted.
        ran = {firsts.get(line, line) for line in place.ran}
        lines = {line: code for line, code in lines.items() if firsts.get(line, line) in ran}
    basis = _of_statements(place, scene.root, spectrum, found)
    late = _by_statement(place.late, firsts)
    left = hints.of_lines(
        place.key, lines, {line: late.get(firsts.get(line, line), 1.0) for line in lines}
    )
    known = {line: basis.get(firsts.get(line, line), UNKNOWN) for line in lines}
    of_function = hints.of_function(place.key, place.function, lines)
    weighed = {line: known[line] * left[line] * of_function for line in lines}
    worst, mean = function_score(weighed.values())
    ordered = sorted(weighed.items(), key=lambda item: (-item[1], item[0]))[:MAX_LINES]
    return Suspect(
        path=place.path,
        text=place.text,
        function=place.function,
        # The mean decides between equal ones and must not outweigh any hint.
        suspicion=0.98 * worst + 0.02 * mean,
        lines=dict(ordered),
    )


def _by_statement(values: Mapping[int, float], firsts: Mapping[int, int]) -> dict[int, float]:
    """Return the highest value of each statement by its first line."""
    found: dict[int, float] = {}
    for line, value in values.items():
        first = firsts.get(line, line)
        found[first] = max(value, found.get(first, 0.0))
    return found


def _of_statements(
    place: _Place, root: Path, spectrum: Mapping[tuple[Path, int], float], found: Statements
) -> dict[int, float]:
    """Return the spectrum's suspicion by the first line of each statement.

    What decides whether a statement runs is nearly as suspicious as the statement: that the wrong
    branch was taken shows in the branch.
    """
    own = _by_statement(
        {
            line: spectrum[path, line]
            for path in {root / place.path, root.resolve() / place.path}
            for line in place.ran
            if (path, line) in spectrum
        },
        found.first_lines,
    )
    passed_on = dict(own)
    for line, suspicion in own.items():
        decider = found.deciders.get(line)
        left = suspicion
        while decider is not None and decider in own:
            left *= OF_DECIDER
            passed_on[decider] = max(passed_on[decider], left)
            decider = found.deciders.get(decider)
    return passed_on


def _hints(failed: TestResult, grounds: Grounds, scene: _Scene) -> Hints:
    body, asserted = _test_text(failed, grounds)
    said = names(body)
    trace: dict[Key, int] = {}
    trace_lines: dict[Key, int] = {}
    for place, line in scene.trace if scene.ended_in_code else ():
        trace.setdefault(place.key, len(trace))
        trace_lines.setdefault(place.key, line)
    texts = {
        place.key: (place.function.name, place.function.span.of(place.text))
        for place in scene.places.values()
    }
    ending, leading = _ending(scene)
    return Hints(
        said=said,
        asserted=names(asserted),
        words=frozenset(parts(failed.node_id.partition("::")[2])) - {"test"},
        trace=trace,
        trace_lines=trace_lines,
        read=attributes_read(leading),
        on_purpose=raises(ending),
        calls=depths(texts, said),
    )


def _ending(scene: _Scene) -> tuple[str, str]:
    """Return the line of the code at which the error was raised, and it with what leads to it."""
    if not scene.ended_in_code:
        return "", ""
    place, at = scene.trace[0]
    table = LineTable(place.text)
    first = table.line_of(place.function.signature.end)
    last = table.line_of(place.function.span.end)
    lines = {line + 1: table.text(line).strip() for line in range(first, last + 1)}
    leading = "\n".join(lines.get(line, "") for line in sorted(feeding(lines, at)))
    return lines.get(at, ""), leading


def _test_text(failed: TestResult, grounds: Grounds) -> tuple[str, str]:
    """Return the failing test and the statement in it that failed; empty what cannot be found."""
    file, _, suffix = failed.node_id.partition("::")
    language = _LANGUAGES.get(Path(file).suffix, "")
    suffix = suffix.split("[", 1)[0] if language == "python" else suffix.split("/", 1)[0]
    try:
        text = grounds.text_of(Path(file)) if language else ""
    except OSError:
        return "", ""
    for test in test_functions(text, language):
        if test.suffix != suffix:
            continue
        table = LineTable(text)
        firsts = statements(text, language, test.region.span).first_lines
        inside = (
            firsts.get(frame.line)
            for frame in reversed(failed.frames)
            if grounds.relative(frame.path) == Path(file)
        )
        at = next((line for line in inside if line is not None), None)
        same = [line for line, first in firsts.items() if first == at]
        asserted = "\n".join(table.text(line - 1) for line in sorted(same))
        return test.region.span.of(text), asserted
    return "", ""
