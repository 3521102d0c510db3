"""Where in a document the text of a suggestion stands that was just accepted.

An editor says that it was accepted before or after it changes the document, may indent it anew, and
other lines may have come above it meanwhile. Pure functions of texts; who waits for a change of the
document is not their business.
"""

from __future__ import annotations

import re

from ducktypist.domain import Document, Span, TextEdit
from ducktypist.features.afterwards import Suggested, is_finished
from ducktypist.syntax.parse import grammar_of
from ducktypist.syntax.regions import function_at

MAX_AWAY_CHARS = 4000
"""Further from where it was to be, it is another text that reads the same."""
MAX_TOKENS = 4000
_TOKEN = re.compile(r"\w+|[^\w\s]")


def taken_text(suggested: Suggested, n_chars: int | None) -> str:
    """Return the part of a suggestion that was accepted.

    Args:
        suggested: The suggestion.
        n_chars: How many characters of it were taken; None means all.
    """
    new = suggested.edit.new_text
    return new if n_chars is None else new[:n_chars]


def located(suggested: Suggested, now: str, *, n_chars: int | None = None) -> Span | None:
    """Return where the accepted text stands in a document now; None where it does not (yet).

    A text that stood there before is not taken for it: there must be one more of it than there was.

    Args:
        suggested: The suggestion.
        now: The document's text.
        n_chars: How many characters of it were taken; None means all.
    """
    text = taken_text(suggested, n_chars)
    if not text.strip():
        return None
    before, span = suggested.document.text, suggested.edit.span
    if TextEdit(span=span, old_text="", new_text=text).apply(before) == now:
        start = span.start + len(text) - len(text.lstrip())
        return Span(start=start, end=start + len(text.strip()))
    # Counted from the beginning, or from the end where lines were put in or taken out above.
    expected = (span.start, len(now) - (len(before) - span.end) - len(text))
    for find in (_exactly, _but_for_blanks):
        places = find(text, now)
        if not places:
            continue
        if len(places) <= len(find(text, before)):
            return None
        nearest = min(places, key=lambda place: _away(place, expected))
        if _away(nearest, expected) <= MAX_AWAY_CHARS:
            return nearest
    return None


def offset_now(suggested: Suggested, now: str) -> int | None:
    """Return where in a document the place is for which a suggestion was made; None if unsure.

    Sure is what everything before it, or everything behind it, still reads as it did.

    Args:
        suggested: The suggestion, whether it was accepted or not.
        now: The document's text.
    """
    before, span = suggested.document.text, suggested.edit.span
    if now.startswith(before[: span.start]):
        return span.start
    behind = before[span.end :]
    if behind.strip() and now.endswith(behind):
        return max(0, len(now) - len(behind) - len(span))
    return None


def is_whole_body(document: Document, span: Span) -> bool:
    """Tell whether a text is all that the function around it does. Parses the document.

    Of a function without a docstring nobody knows what is still to come, unless its last statement
    leaves it.
    """
    if grammar_of(document.language) is None:
        return False
    text, part = document.text, span.of(document.text)
    function = function_at(text, document.language, span.start + len(part) - len(part.lstrip()))
    if function is None or function.is_empty or function.body.of(text).strip() != part.strip():
        return False
    return function.docstring is not None or is_finished(text, function)


def _away(place: Span, expected: tuple[int, int]) -> int:
    return min(abs(place.start - at) for at in expected)


def _exactly(text: str, now: str) -> list[Span]:
    wanted = text.strip()
    places, at = [], now.find(wanted)
    while at >= 0:
        places.append(Span(start=at, end=at + len(wanted)))
        at = now.find(wanted, at + 1)
    return places


def _but_for_blanks(text: str, now: str) -> list[Span]:
    """Return where the same tokens stand in a row, with whatever blanks in between."""
    wanted = _TOKEN.findall(text)[:MAX_TOKENS]
    found = list(_TOKEN.finditer(now))
    words = [one.group() for one in found]
    places = []
    first = -1
    while wanted:
        try:
            first = words.index(wanted[0], first + 1)
        except ValueError:
            break
        if words[first : first + len(wanted)] == wanted:
            last = found[first + len(wanted) - 1]
            places.append(Span(start=found[first].start(), end=last.end()))
    return places
