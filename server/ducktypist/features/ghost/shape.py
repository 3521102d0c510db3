"""From what a model said to the edit that may be shown: tidied up, ended, and checked.

Pure functions of text. Nothing is run; what would add a syntax error, or repeat what stands around
the cursor, is no edit.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from ducktypist.domain import Document, Rung, TextEdit
from ducktypist.features.ghost.hole import Hole, HoleKind
from ducktypist.prompting import postprocess, repeats
from ducktypist.prompting.standing import n_left_open, without_closers
from ducktypist.syntax.checks import (
    new_arity_errors,
    new_syntax_errors,
    new_undefined_names,
    static_rung,
)
from ducktypist.syntax.lines import column_of, newline_style, with_newlines

_CLOSING = ")]}"
_WORD_TYPED = re.compile(r"\w{2,}\Z")
_INVISIBLE_END = re.compile(r"\s*\Z")


@dataclass(frozen=True, slots=True, kw_only=True)
class Shaped:
    """What an answer amounts to."""

    edit: TextEdit
    """Its new text is empty where there is nothing to show."""
    rung: Rung
    is_broken: bool
    """Whether it would add a syntax error."""
    is_doubtful: bool
    """Whether it uses names or arguments that nobody knows."""

    @property
    def is_usable(self) -> bool:
        """Whether it may be shown."""
        return bool(self.edit.new_text.strip()) and not self.is_broken

    @property
    def is_good(self) -> bool:
        """Whether nothing can be said against it."""
        return self.is_usable and not self.is_doubtful


def shaped(
    hole: Hole, answer: str, document: Document, *, max_lines: int, is_whole: bool = True
) -> Shaped:
    """Return the edit that an answer amounts to.

    Args:
        hole: What was to be filled.
        answer: What the model said.
        document: Where.
        max_lines: A longer answer is cut at the end of a line.
        is_whole: Whether the answer came to its end, so that its last line is a whole one.
    """
    text = document.text
    tidy = _tidied(hole, answer, document)
    lines = tidy.split("\n")
    if not is_whole:
        lines.pop()
    edit, is_broken = _edit(hole, document, ""), False
    for part in _parts(hole, lines[:max_lines], document.language):
        tried = _edit(hole, document, part)
        is_broken = new_syntax_errors(text, tried.apply(text), document.language)
        if not is_broken:
            edit = tried
            break
    if not edit.new_text:
        return Shaped(edit=edit, rung=Rung.UNVERIFIED, is_broken=is_broken, is_doubtful=True)
    patched = edit.apply(text)
    return Shaped(
        edit=edit,
        rung=static_rung(text, patched, document.language),
        is_broken=False,
        is_doubtful=_is_doubtful(text, patched, document.language),
    )


def is_complete(hole: Hole, answer: str, document: Document, *, max_lines: int) -> bool:
    """Tell whether an answer that has come to the end of a line need not go on.

    For the rest of a line only; where a block or a body ends, the stop rule says.
    """
    if hole.kind is not HoleKind.LINE:
        return False
    if answer.strip(" \t") and says_nothing(hole, answer):
        goes_on = not hole.typed.strip() or bool(hole.standing.n_open)
        return not goes_on or answer.count("\n") > 1
    tidy = _tidied(hole, answer, document)
    if not tidy.strip():
        # It was taken away, and so would be what follows.
        return bool(answer.strip())
    if tidy.count("\n") + 1 >= max_lines or len(tidy) < len(answer.rstrip()) - len(hole.typed):
        return True
    if _is_open(hole, tidy, document.language):
        return False
    return shaped(hole, answer.rstrip("\n"), document, max_lines=max_lines).is_usable


def says_nothing(hole: Hole, answer: str) -> bool:
    """Tell whether an answer is that nothing belongs here: blanks, or a line that is complete."""
    if not answer.strip():
        return True
    is_over = answer.lstrip(" \t").startswith("\n") and not hole.standing.n_open
    return hole.kind is HoleKind.LINE and bool(hole.typed.strip()) and is_over


def _tidied(hole: Hole, answer: str, document: Document) -> str:
    """Return what is left of an answer: no fences, no echoes, nothing that is closed already."""
    text, language, n_open = document.text, document.language, hole.standing.n_open or 0
    said = ""
    if hole.function is not None and hole.function.docstring is not None:
        said = hole.function.docstring.of(text)
    if hole.kind is HoleKind.LINE:
        new = _line(hole, postprocess.fragment(answer))
    else:
        new = postprocess.body_from(answer, language=language, indent=hole.indent)
        if hole.kind is HoleKind.BODY and hole.function is not None:
            signature = hole.function.signature.of(text)
            new = postprocess.without_head(new, signature=signature, language=language)
    new = repeats.without_runaway(new)
    new = without_closers(new, before=hole.typed, n_open=n_open, language=language)
    rest = hole.rest.strip()
    if rest and rest[0] not in _CLOSING:
        new = repeats.without_rest(new, hole.rest)
    start, end = hole.span.start - len(hole.typed), hole.span.end
    if hole.lead.startswith("\n"):
        start = hole.span.start
    new = repeats.without_echo(
        new,
        typed=hole.typed,
        above=with_newlines(text[:start], "\n"),
        after=with_newlines(text[end:], "\n"),
        said=with_newlines(said, "\n"),
    )
    return _INVISIBLE_END.sub("", new)


def _line(hole: Hole, answer: str) -> str:
    """Return the answer from the place of the cursor on."""
    if not hole.typed.strip():
        skipped = answer[: len(answer) - len(answer.lstrip())]
        indent = skipped[skipped.rfind("\n") + 1 :]
        # A line further down is meant for another place, unless it stands as deep as the cursor.
        if "\n" in skipped and column_of(indent) != column_of(hole.typed):
            return ""
        # At the margin nobody has said yet how deep the line is to stand.
        return answer.lstrip() if hole.typed else indent + answer.lstrip()
    if hole.typed[-1].isspace():
        answer = answer.lstrip(" \t")
    word = _WORD_TYPED.search(hole.typed)
    if word is not None:
        # The word that is being typed, from its beginning.
        answer = answer.removeprefix(word[0])
    if answer.startswith("\n") and not hole.standing.n_open:
        return ""
    return answer


def _parts(hole: Hole, lines: list[str], language: str) -> Iterator[str]:
    """Yield what might be shown of an answer, the most wanted first."""
    ends = range(1, len(lines) + 1)
    if hole.kind is not HoleKind.LINE:
        ends = range(len(lines), 0, -1)
    for end in ends:
        part = "\n".join(lines[:end]).rstrip()
        if not part.strip() or (end > 1 and not lines[end - 1].strip()):
            continue
        is_last = end == len(lines)
        if hole.kind is HoleKind.LINE and not is_last and _is_open(hole, part, language):
            continue
        yield part


def _is_open(hole: Hole, part: str, language: str) -> bool:
    """Tell whether a part of an answer leaves brackets open that nobody else closes."""
    n_open = hole.standing.n_open or 0
    return n_left_open(part, before=hole.typed, n_open=n_open, language=language) > 0


def _edit(hole: Hole, document: Document, new: str) -> TextEdit:
    """Return the edit that puts a text into a hole."""
    if new and hole.lead.startswith("\n"):
        new = "\n" + new
    elif hole.kind is not HoleKind.LINE:
        new = new.removeprefix(hole.typed)
    new = with_newlines(new, newline_style(document.text))
    return TextEdit(span=hole.span, old_text=hole.span.of(document.text), new_text=new)


def _is_doubtful(before: str, after: str, language: str) -> bool:
    return bool(
        new_undefined_names(before, after, language) or new_arity_errors(before, after, language)
    )
