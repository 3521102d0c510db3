"""Where the lines of a text went in one change of it. Knows texts, and nothing of what is on them.

What an editor says of a change (this range became that text) tells where every line outside of the
range went. Inside of it, and where an editor sends its whole text, lines are compared.
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass, replace

from ducktypist.domain import Span
from ducktypist.lsp.convert import Mapper

MAX_COMPARED_LINES = 2000
"""More lines than that, replaced at once, are not compared; they count as gone."""
ALIKE = 0.5
"""How much of two lines must be the same (a ratio) for one to be the other, edited."""


@dataclass(frozen=True, slots=True)
class Place:
    """A line that is followed, by where what it said begins."""

    line: int
    """Counts from 0."""
    column: int | None = None
    """Characters before what is followed; None is the line's first that is no blank."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LineMove:
    """Which line each line of the text before became. Lines and columns count from 0."""

    first: int
    """The lines before this one stay."""
    columns: tuple[int, ...]
    """Where the lines from ``first`` on began, the last of the change included."""
    covered: tuple[Place | None, ...]
    """Where each of them went if its beginning was in what was replaced; None is gone."""
    span: tuple[Place, Place]
    """What was replaced: from, to."""
    end: Place
    """The end of what took its place."""
    shift: int
    """By how much the lines after those moved."""
    at: int
    """The line of the new text where the change is: what is gone was here."""

    def concerns(self, line: int) -> bool:
        """Tell whether the change is in a line."""
        return self.first <= line < self.first + len(self.columns)

    def of(self, line: int) -> int | None:
        """Return where a line is now, None when its text is gone."""
        place = self.of_place(Place(line))
        return place.line if place is not None else None

    def of_place(self, place: Place) -> Place | None:
        """Return where a line that is followed is now, None when its text is gone.

        What is typed before it on its line moves it to the right, so that a line break after that
        moves it down.
        """
        if place.line < self.first:
            return place
        if not self.concerns(place.line):
            return replace(place, line=place.line + self.shift)
        index = place.line - self.first
        column = self.columns[index] if place.column is None else place.column
        start, end = self.span
        here = place.line, column
        if here < (start.line, start.column or 0):
            return Place(place.line, column)
        if here < (end.line, end.column or 0):
            return self.covered[index]
        if place.line > end.line:
            return Place(place.line + self.shift, column)
        return Place(self.end.line, (self.end.column or 0) + column - (end.column or 0))


def line_move(before: Mapper, span: Span, after: Mapper) -> LineMove:
    """Return where lines went when ``span`` of ``before`` was replaced.

    A line is followed by what it says, blanks at its ends aside: it is where its beginning is,
    where what is left of it is if its beginning was replaced, and gone if nothing is left.
    """
    span, shift = _least(before, span, after)
    span = _trimmed(before, span, after, shift)
    first, last = before.line_at(span.start), before.line_at(span.end)
    compared: dict[int, int] | None = None
    columns: list[int] = []
    covered: list[Place | None] = []
    for line in range(first, last + 1):
        content = _content(before, line)
        columns.append(content.start - before.line_span(line).start)
        if content.start < span.start:
            covered.append(_place(after, span.start))
        elif span.end < content.end:
            covered.append(_place(after, max(span.end, content.start) + shift))
        else:
            if compared is None:
                compared = _compared(before, span, after, shift)
            found = compared.get(line)
            covered.append(None if found is None else Place(found))
    return LineMove(
        first=first,
        columns=tuple(columns),
        covered=tuple(covered),
        span=(_place(before, span.start), _place(before, span.end)),
        end=_place(after, span.end + shift),
        shift=after.n_lines - before.n_lines,
        at=after.line_at(span.start),
    )


def _place(text: Mapper, offset: int) -> Place:
    line = text.line_at(offset)
    return Place(line, offset - text.line_span(line).start)


def whole_move(before: Mapper, after: Mapper) -> LineMove:
    """Return where lines went when all that is known is the text before and after."""
    return line_move(before, Span(start=0, end=len(before.text)), after)


def _least(before: Mapper, span: Span, after: Mapper) -> tuple[Span, int]:
    """Leave whole lines out of ``span`` that were replaced by themselves.

    Returns:
        The rest, and how far what comes after it moved. Whole lines only: that a line begins or
        ends like another one does not make it that one.
    """
    shift = len(after.text) - len(before.text)
    same = _n_same(
        before.text, after.text, span.start, span.start, min(len(span), len(span) + shift)
    )
    start = max(span.start, before.line_span(before.line_at(span.start + same)).start)
    room = min(span.end, span.end + shift) - start
    same = _n_same_end(before.text, after.text, span.end, span.end + shift, room)
    # From the first line on that the common end has the whole of, its break before it included.
    first = before.line_at(span.end - same)
    if before.line_span(first).start < span.end - same:
        first += 1
    end = min(span.end, before.line_span(first).start) if first < before.n_lines else span.end
    return Span(start=start, end=max(start, end)), shift


def _trimmed(before: Mapper, span: Span, after: Mapper, shift: int) -> Span:
    """Leave out what was replaced by itself of lines that the change left a part of."""
    last, first = before.line_at(span.end), before.line_at(span.start)
    start, end = span.start, span.end
    room = min(len(span), len(span) + shift)
    if _content(before, last).end > end:
        in_line = min(room, end - before.line_span(last).start)
        same = _n_same_end(before.text, after.text, end, end + shift, in_line)
        end, room = end - same, room - same
    if _content(before, first).start < start:
        in_line = min(room, max(0, before.line_span(first).end - start))
        start += _n_same(before.text, after.text, start, start, in_line)
    return Span(start=start, end=end)


def _n_same(before: str, after: str, at: int, at_after: int, limit: int) -> int:
    """Return how many characters are the same; halving takes few comparisons of long strings."""
    low, high = 0, max(0, limit)
    while low < high:
        middle = (low + high + 1) // 2
        if before[at : at + middle] == after[at_after : at_after + middle]:
            low = middle
        else:
            high = middle - 1
    return low


def _n_same_end(before: str, after: str, end: int, end_after: int, limit: int) -> int:
    """Return how many characters before two places are the same."""
    low, high = 0, max(0, limit)
    while low < high:
        middle = (low + high + 1) // 2
        if before[end - middle : end] == after[end_after - middle : end_after]:
            low = middle
        else:
            high = middle - 1
    return low


def _content(text: Mapper, line: int) -> Span:
    """Return a line without the blanks at its ends; an empty one lies where the line begins."""
    span = text.line_span(line)
    whole = span.of(text.text)
    start = span.start + len(whole) - len(whole.lstrip())
    end = span.start + len(whole.rstrip())
    return Span(start=start, end=end) if start < end else Span(start=span.start, end=span.start)


def _compared(before: Mapper, span: Span, after: Mapper, shift: int) -> dict[int, int]:
    """Return where lines that were replaced as a whole are found again.

    Lines that say the same are found by comparing; where as many lines took the place of others,
    each is taken for the one that it replaced.
    """
    old = range(before.line_at(span.start), before.line_at(span.end) + 1)
    new = range(after.line_at(span.start), after.line_at(span.end + shift) + 1)
    if max(len(old), len(new)) > MAX_COMPARED_LINES:
        return {}
    told = [_content(before, line).of(before.text) for line in old]
    tells = [_content(after, line).of(after.text) for line in new]
    found: dict[int, int] = {}
    matcher = difflib.SequenceMatcher(None, told, tells, autojunk=False)
    for tag, i1, i2, j1, j2 in matcher.get_opcodes():
        if tag in {"equal", "replace"} and i2 - i1 == j2 - j1:
            for i, j in zip(range(i1, i2), range(j1, j2), strict=True):
                if tells[j] and (i2 - i1 == 1 or _is_like(told[i], tells[j])):
                    found[old[i]] = new[j]
    return found


def _is_like(one: str, other: str) -> bool:
    return one == other or difflib.SequenceMatcher(None, one, other).ratio() >= ALIKE
