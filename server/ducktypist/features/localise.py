"""Where a failing test's bug may be: functions and lines, the most suspicious first.

From the traceback and the lines that the failing run executed. A heuristic: running a patch is
what decides.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ducktypist.domain import Frame, Span, TestResult
from ducktypist.features.grounds import Grounds
from ducktypist.syntax.edits import statement_lines
from ducktypist.syntax.lines import LineTable
from ducktypist.syntax.regions import FunctionRegion, functions
from ducktypist.verify.guard import is_protected

MAX_FUNCTIONS = 5
MAX_LINES = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Suspect:
    """One function that the failing test ran, and which of its lines."""

    path: Path
    """Relative to the workspace's root."""
    text: str
    """The file's text, as it counts now."""
    function: FunctionRegion
    lines: tuple[Span, ...]
    """Code of the suspicious lines, without indentation, in the order of the text."""


def suspects(failed: TestResult, grounds: Grounds) -> tuple[Suspect, ...]:
    """Return the functions outside the tests that the failing run went through.

    Functions on the traceback come first, the innermost before its callers; then the others in
    the order in which they were entered. Lines that did not run are left out.
    """
    texts: dict[Path, str] = {}
    ran: dict[tuple[Path, str], set[int]] = {}
    order: list[tuple[Path, str]] = []
    regions: dict[tuple[Path, str], FunctionRegion] = {}
    for frame in (*reversed(failed.frames), *failed.executed):
        found = _function_of(frame, grounds, texts)
        if found is None:
            continue
        relative, function = found
        key = (relative, function.qualified_name)
        if key not in ran:
            order.append(key)
        regions[key] = function
        ran.setdefault(key, set()).add(frame.line)
    return tuple(
        Suspect(
            path=path,
            text=texts[path],
            function=regions[path, name],
            lines=_lines(
                texts[path], regions[path, name], ran[path, name], traced=bool(failed.executed)
            ),
        )
        for path, name in order[:MAX_FUNCTIONS]
    )


def _function_of(
    frame: Frame, grounds: Grounds, texts: dict[Path, str]
) -> tuple[Path, FunctionRegion] | None:
    relative = grounds.relative(frame.path)
    if relative is None or is_protected(relative, grounds.root) or relative.suffix != ".py":
        return None
    if relative not in texts:
        try:
            texts[relative] = grounds.text_of(relative)
        except OSError:
            return None
    text = texts[relative]
    table = LineTable(text)
    if not 0 < frame.line <= len(table):
        return None
    line = table.content(frame.line - 1)
    inside = [
        function
        for function in functions(text, "python")
        if function.signature.start <= line.end and line.start <= function.span.end
    ]
    return (relative, max(inside, key=lambda item: item.span.start)) if inside else None


def _lines(text: str, function: FunctionRegion, ran: set[int], *, traced: bool) -> tuple[Span, ...]:
    table = LineTable(text)
    candidates = statement_lines(text, "python", function)
    if traced:
        hit = tuple(span for span in candidates if table.line_of(span.start) + 1 in ran)
        candidates = hit or candidates
    return candidates[:MAX_LINES]
