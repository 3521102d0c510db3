from __future__ import annotations

import pytest

from ducktypist.domain import ModelIdentity, Outcome, Rung, Span, TextEdit, Verdict
from ducktypist.features.ghost.complete import Completion
from ducktypist.features.ghost.memory import MAX_REMEMBERED, Memory, Place
from support.cursor import at_cursor
from support.workbench import document_of

MODEL = ModelIdentity(name="m", sha256="", quantisation="", n_ctx_tokens=1024, has_fim=True)
VERDICT = Verdict(
    rung=Rung.PARSES, outcome=Outcome.NOT_RUN, repeats=0, passed=0, failed=0, summary=""
)


def completion(new_text: str, offset: int, *, suggestion_id: str = "one") -> Completion:
    """Return a suggestion that inserts a text."""
    edit = TextEdit(span=Span(start=offset, end=offset), old_text="", new_text=new_text)
    return Completion(suggestion_id=suggestion_id, edit=edit, verdict=VERDICT, model=MODEL)


def remembering(marked: str, new_text: str) -> Memory:
    """Return a memory of one suggestion."""
    text, offset = at_cursor(marked)
    memory = Memory()
    memory.keep(document_of(text), offset, completion(new_text, offset))
    return memory


def left(memory: Memory, marked: str) -> str | None:
    """Return what is left of a suggestion at the marked place; it fits the text there."""
    text, offset = at_cursor(marked)
    found = memory.find(document_of(text), offset)
    if found is None:
        return None
    edit = found[1].edit
    assert edit.span == Span(start=offset, end=offset)
    return edit.new_text


HOLDS = {
    "the same place": ("x = <CURSOR>\n", "value + 1"),
    "typed": ("x = val<CURSOR>\n", "ue + 1"),
    "all but one character": ("x = value + <CURSOR>\n", "1"),
}


@pytest.mark.parametrize("name", HOLDS)
def test_a_suggestion_holds_while_one_types_what_it_says(name: str) -> None:
    """What is left of it is served."""
    marked, rest = HOLDS[name]
    assert left(remembering("x = <CURSOR>\n", "value + 1"), marked) == rest


@pytest.mark.parametrize(
    "marked",
    [
        "x = w<CURSOR>\n",
        "x = value + 1<CURSOR>\n",
        "x =<CURSOR>\n",
        "y = <CURSOR>\n",
        "x = <CURSOR>\ny = 1\n",
        "x = val<CURSOR>x\n",
    ],
)
def test_it_does_not_hold_where_anything_else_has_changed(marked: str) -> None:
    """Another text before or after the cursor, or nothing left to say: nothing is served."""
    assert left(remembering("x = <CURSOR>\n", "value + 1"), marked) is None


def test_a_wrong_key_that_is_taken_back_brings_it_back() -> None:
    """The text is as it was, and so is the suggestion."""
    memory = remembering("x = <CURSOR>\n", "value")
    assert left(memory, "x = vs<CURSOR>\n") is None
    assert left(memory, "x = v<CURSOR>\n") == "alue"
    assert left(memory, "x = <CURSOR>\n") == "value"


@pytest.mark.parametrize(
    ("marked", "rest"),
    [("x = f(<CURSOR>)\n", "a"), ("x = f(a<CURSOR>)\n", None), ("x = f<CURSOR>\n", "(a)")],
)
def test_brackets_that_the_editor_closed_are_not_doubled(marked: str, rest: str | None) -> None:
    """The suggestion ends before a bracket that has come behind the cursor."""
    assert left(remembering("x = <CURSOR>\n", "f(a)"), marked) == rest


def test_several_lines_are_typed_through() -> None:
    """Line breaks and indentation count like any other key."""
    memory = remembering("for i in x:<CURSOR>\n", "\n    print(i)\n    y += i")
    assert left(memory, "for i in x:\n    <CURSOR>\n") == "print(i)\n    y += i"
    assert left(memory, "for i in x:\n    print(i)\n<CURSOR>\n") == "    y += i"


def test_the_newest_of_several_is_served() -> None:
    """Older ones come back when the newest does not hold."""
    memory = remembering("x = <CURSOR>\n", "value")
    text, offset = at_cursor("x = va<CURSOR>\n")
    memory.keep(document_of(text), offset, completion("st", offset, suggestion_id="two"))
    assert left(memory, "x = va<CURSOR>\n") == "st"
    assert left(memory, "x = val<CURSOR>\n") == "ue"


def test_that_nothing_is_useful_is_remembered_for_the_very_place() -> None:
    """The same question is not asked twice, another one is."""
    memory = Memory()
    assert not memory.knows_nothing(document_of("x = \n"), 4)
    memory.keep(document_of("x = \n"), 4, None)
    assert memory.knows_nothing(document_of("x = \n"), 4)
    assert not memory.knows_nothing(document_of("x = v\n"), 5)
    assert memory.find(document_of("x = \n"), 4) is None


def test_what_was_never_shown_is_given_up_once() -> None:
    """Each such suggestion is yielded once, of one document or of all; shown ones stay."""
    memory = remembering("x = <CURSOR>\n", "value")
    assert list(memory.outdated("file:///other")) == []
    assert [one.suggestion_id for one in memory.outdated("untitled:one")] == ["one"]
    assert list(memory.outdated()) == []
    assert left(memory, "x = <CURSOR>\n") is None


def test_the_memory_is_bounded() -> None:
    """Of many shown suggestions the oldest are forgotten."""
    memory = Memory()
    for number in range(MAX_REMEMBERED + 5):
        document = document_of(f"x{number} = \n")
        offset = len(document.text) - 1
        memory.keep(document, offset, completion("1", offset, suggestion_id=str(number)))
        found = memory.find(document, offset)
        assert found is not None
        found[0].is_shown = True
    assert list(memory.outdated()) == []
    assert memory.find(document_of("x0 = \n"), 5) is None
    assert memory.find(document_of("x9 = \n"), 5) is not None


def test_a_dismissed_suggestion_is_not_offered_again() -> None:
    """It is forgotten."""
    memory = remembering("x = <CURSOR>\n", "value")
    memory.forget("one")
    assert left(memory, "x = <CURSOR>\n") is None


def test_a_place_tells_what_was_typed_since() -> None:
    """Only typing at the place itself counts."""
    place = Place.of(document_of("ab"), 1)
    assert place.typed_since(document_of("axyb"), 3) == ("xy", "")
    assert place.typed_since(document_of("ax)b"), 2) == ("x", ")")
    assert place.typed_since(document_of("axb"), 1) is None
    assert place.typed_since(document_of("cxb"), 2) is None
