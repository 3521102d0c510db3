"""Where the text of an accepted suggestion stands: found when it is there, and not before."""

from __future__ import annotations

from pathlib import Path

import pytest

from ducktypist.domain import Document, Span, TextEdit
from ducktypist.features.afterwards import Suggested
from ducktypist.features.locating import MAX_AWAY_CHARS, is_whole_body, located

BEFORE = "def one():\n    return 1\n\n\ndef two():\n    \n\n\ndef three():\n    return 3\n"
AT = BEFORE.index("def two():\n    ") + len("def two():\n    ")


def document(text: str, language: str = "python") -> Document:
    """Return a text as a document."""
    return Document(
        uri="file:///w/a.py", path=Path("/w/a.py"), language=language, version=1, text=text
    )


def suggested(new: str, *, end: int = AT, before: str = BEFORE) -> Suggested:
    """Return a suggestion for the empty function."""
    span = Span(start=AT, end=end)
    edit = TextEdit(span=span, old_text=span.of(before), new_text=new)
    return Suggested(suggestion_id="s", document=document(before), edit=edit)


def found(one: Suggested, now: str, *, n_chars: int | None = None) -> str | None:
    """Return the text that is taken for the suggestion, behind the line number where it begins."""
    span = located(one, now, n_chars=n_chars)
    return None if span is None else f"{now.count(chr(10), 0, span.start)}:{span.of(now)}"


def test_the_edit_itself() -> None:
    """Nothing else has changed, so it stands where it was to be; without the blanks around it."""
    one = suggested("return 3\n")
    assert found(one, one.edit.apply(BEFORE)) == "5:return 3"


def test_what_stood_there_before_is_not_it() -> None:
    """The editor has not made the edit yet, and another function reads the same."""
    assert found(suggested("return 3"), BEFORE) is None
    assert found(suggested("return 3"), "import os\n" + BEFORE) is None
    assert found(suggested("return 4"), BEFORE) is None
    assert found(suggested(" \n"), BEFORE) is None


@pytest.mark.parametrize(
    ("first", "second", "line"),
    [("", "", 5), ("import os\n\n", "", 7), ("", "# the end\n", 5), ("import os\n", "x = 1\n", 6)],
)
def test_other_lines_may_have_come_or_gone(first: str, second: str, line: int) -> None:
    """Of several that read the same the nearest one counts."""
    one = suggested("return 3")
    assert found(one, first + one.edit.apply(BEFORE) + second) == f"{line}:return 3"


def test_editors_indent_anew() -> None:
    """Blanks between its words may be others."""
    one = suggested("if x:\n    return 4\nreturn 5")
    now = one.edit.apply(BEFORE).replace("\n    return 4", "\n\t\treturn  4") + "\n"
    assert found(one, now) == "5:if x:\n\t\treturn  4\nreturn 5"


def test_a_part_of_it() -> None:
    """What was taken so far, and no more."""
    one = suggested("total = 4\n    return total")
    part = BEFORE[:AT] + "total = 4" + BEFORE[AT:]
    assert found(one, part, n_chars=len("total = 4")) == "5:total = 4"
    assert found(one, part) is None


def test_far_away_it_is_another_text() -> None:
    """Somebody wrote the same elsewhere."""
    far = "y = 0\n" * MAX_AWAY_CHARS
    assert found(suggested("return 4"), BEFORE + far + "return 4\n" + far) is None


def test_what_replaces_a_text() -> None:
    """A fix takes something away as well."""
    one = suggested("pass", end=len(BEFORE))
    assert found(one, BEFORE[:AT] + "pass") == "5:pass"


@pytest.mark.parametrize(
    ("text", "part", "is_whole"),
    [
        ("def f(n):\n    return n\n", "return n", True),
        ("def f(n):\n    return n\n", "    return n\n", True),
        ("def f(n):\n    m = n\n    return m\n", "return m", False),
        ("def f(n):\n    m = n\n", "m = n", False),
        ('def f(n):\n    """Say."""\n    m = n\n', "m = n", True),
        ("def f(n): return n\n", "return n", True),
        ("return n\n", "return n", False),
    ],
)
def test_what_is_a_whole_body(text: str, part: str, *, is_whole: bool) -> None:
    """All that a function does; without a docstring only what ends it."""
    start = text.index(part)
    assert is_whole_body(document(text), Span(start=start, end=start + len(part))) == is_whole
    assert not is_whole_body(document(text, "plaintext"), Span(start=start, end=start + 1))
