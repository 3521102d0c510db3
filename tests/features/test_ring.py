from __future__ import annotations

from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from ducktypist.features.context.ring import CHUNK_LINES, Ring, similarity, tokens_of

ONE, TWO = "file:///w/one.py", "file:///w/two.py"


def text_of(prefix: str, n_lines: int = 200) -> str:
    """Return lines that are told apart by their numbers and from others by their words."""
    return "".join(f"{prefix}_{n} = make_{prefix}_{n}(of={n})\n" for n in range(n_lines))


def at(text: str, line: int) -> int:
    """Return the offset of a line's beginning."""
    return sum(len(one) for one in text.splitlines(keepends=True)[:line])


def visit(ring: Ring, text: str, line: int, *, uri: str = ONE) -> None:
    """Go to a line of a document."""
    ring.visited(uri, Path(uri.removeprefix("file://")), "python", text, at(text, line))


def first_lines(ring: Ring) -> list[str]:
    """Return the first line of each chunk."""
    return [chunk.text.split("\n", 1)[0].split(" ")[0] for chunk in ring.chunks()]


def test_nothing_is_taken_while_one_stays() -> None:
    """Typing within 32 lines of one place leaves the ring as it is."""
    ring, text = Ring(max_chunks=16), text_of("a")
    for line in (50, 60, 82, 18, 50):
        visit(ring, text, line)
    assert len(ring) == 0


def test_a_jump_takes_the_place_that_was_left() -> None:
    """The lines around the old place come in, and no more than 64 of them."""
    ring, text = Ring(max_chunks=16), text_of("a")
    visit(ring, text, 50)
    visit(ring, text, 83)
    (chunk,) = ring.chunks()
    lines = chunk.text.split("\n")
    assert len(lines) == CHUNK_LINES
    assert lines[0].startswith("a_18 ")
    assert lines[-1].startswith("a_81 ")


def test_slow_wandering_counts_as_a_jump_in_the_end() -> None:
    """The distance is measured from where something was taken last, not from keystroke before."""
    ring, text = Ring(max_chunks=16), text_of("a")
    for line in range(10, 100, 10):
        visit(ring, text, line)
    assert first_lines(ring) == ["a_0", "a_18"]


def test_another_document_takes_the_first_ones_place() -> None:
    """Who goes to another document leaves a chunk of the first one behind."""
    ring = Ring(max_chunks=16)
    visit(ring, text_of("a"), 100)
    visit(ring, text_of("b"), 0, uri=TWO)
    (chunk,) = ring.chunks()
    assert (chunk.uri, chunk.path) == (ONE, Path("/w/one.py"))
    assert ring.n_left == 1


def test_opening_saving_and_closing_take_a_chunk() -> None:
    """Each of them is a sign that the place matters."""
    ring = Ring(max_chunks=16)
    a, b = text_of("a"), text_of("b")
    ring.opened(ONE, Path("/w/one.py"), "python", a)
    assert first_lines(ring) == ["a_0"]
    visit(ring, b, 100, uri=TWO)
    ring.saved(TWO, b.replace("b_100 ", "saved "))
    assert "saved " in ring.chunks()[-1].text
    visit(ring, b, 120, uri=TWO)
    ring.closed(TWO)
    assert ring.n_left == 1
    ring.closed(TWO)
    assert ring.n_left == 1


def test_saving_a_document_elsewhere_takes_nothing() -> None:
    """Saving all files does not fill the ring with places where nobody was."""
    ring = Ring(max_chunks=16)
    visit(ring, text_of("a"), 100)
    ring.saved(TWO, text_of("b"))
    assert len(ring) == 0


def test_a_new_chunk_replaces_one_that_is_nearly_the_same() -> None:
    """The newer text of the same lines stands for both."""
    ring, text = Ring(max_chunks=16), text_of("a")
    ring.opened(ONE, None, "python", text)
    ring.opened(TWO, None, "python", text_of("b"))
    ring.opened(ONE, None, "python", text.replace("a_3 ", "changed "))
    assert [chunk.uri for chunk in ring.chunks()] == [TWO, ONE]
    assert "changed " in ring.chunks()[-1].text


def test_the_oldest_leaves_when_there_are_too_many() -> None:
    """The ring holds as many chunks as it is told to."""
    ring = Ring(max_chunks=2)
    for name in ("a", "b", "c"):
        ring.opened(f"file:///{name}", None, "python", text_of(name))
    assert first_lines(ring) == ["b_0", "c_0"]
    assert not Ring(max_chunks=0).chunks()


def test_the_number_of_chunks_can_change() -> None:
    """Fewer chunks are the newest ones, and none is none."""
    ring = Ring(max_chunks=3)
    for name in ("a", "b", "c"):
        ring.opened(f"file:///{name}", None, "python", text_of(name))
    ring.resize(2)
    assert first_lines(ring) == ["b_0", "c_0"]
    ring.resize(0)
    assert len(ring) == 0


def test_a_ring_of_none_takes_nothing() -> None:
    """Zero chunks switch it off."""
    ring = Ring(max_chunks=0)
    ring.opened(ONE, None, "python", text_of("a"))
    assert len(ring) == 0


def test_what_the_model_sees_anyway_is_left_out() -> None:
    """A chunk that is mostly in the current text would be repeated by the model."""
    ring = Ring(max_chunks=16)
    ring.opened(ONE, None, "python", text_of("a"))
    ring.opened(TWO, None, "python", text_of("b"))
    around = text_of("a", 70)
    assert [chunk.uri for chunk in ring.chunks(besides=around)] == [TWO]
    long = text_of("c") + text_of("a", 70) + text_of("d")
    assert [chunk.uri for chunk in ring.chunks(besides=long)] == [TWO]


def test_the_newest_chunks_are_kept_under_a_limit() -> None:
    """Fewer chunks are the newer ones."""
    ring = Ring(max_chunks=16)
    for name in ("a", "b", "c"):
        ring.opened(f"file:///{name}", None, "python", text_of(name))
    assert [chunk.uri for chunk in ring.chunks(limit=2)] == ["file:///b", "file:///c"]


def test_secrets_never_enter() -> None:
    """Neither a file that is one nor a text that holds one."""
    ring, text = Ring(max_chunks=16), "".join(f"TOKEN_{n}=value\n" for n in range(20))
    ring.opened("file:///w/.env", Path("/w/.env"), "shellscript", text)
    ring.opened(ONE, None, "python", text + f"KEY = '{'ghp_'}{'a' * 36}'\n")
    assert len(ring) == 0


def test_the_caller_says_what_else_may_not_enter() -> None:
    """The predicate is asked with the document's path."""
    ring = Ring(max_chunks=16, may_enter=lambda path: path != Path("/w/one.py"))
    ring.opened(ONE, Path("/w/one.py"), "python", text_of("a"))
    ring.opened(TWO, Path("/w/two.py"), "python", text_of("b"))
    assert [chunk.uri for chunk in ring.chunks()] == [TWO]


def test_a_forgotten_document_is_gone() -> None:
    """Its chunks leave, and the place where the person is."""
    ring = Ring(max_chunks=16)
    ring.opened(ONE, None, "python", text_of("a"))
    visit(ring, text_of("b"), 10)
    ring.forget(ONE)
    ring.closed(ONE)
    assert len(ring) == 0


def test_data_is_no_code() -> None:
    """Very long lines are left out, and a place with hardly any line is not taken."""
    ring = Ring(max_chunks=16)
    ring.opened(ONE, None, "python", "x" * 1000 + "\n" + "a = 1\n\n\n\n\nb = 2\n")
    assert len(ring) == 0


@settings(deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, 3), st.text("ab \n", max_size=300), st.integers(0, 400)),
        max_size=12,
    )
)
def test_any_walk_keeps_the_ring_small_and_its_chunks_short(
    walk: list[tuple[int, str, int]],
) -> None:
    """Whatever is visited, with offsets beyond the text as well."""
    ring = Ring(max_chunks=3)
    for document, text, offset in walk:
        ring.visited(f"file:///{document}", None, "python", text, offset)
        ring.saved(f"file:///{document}", text)
    assert len(ring) <= 3
    assert all(chunk.text.count("\n") < CHUNK_LINES for chunk in ring.chunks())


@settings(deadline=None)
@given(st.text("ab (\n", max_size=60), st.text("ab (\n", max_size=60))
def test_similarity_is_symmetric_and_between_zero_and_one(one: str, other: str) -> None:
    """Equal bags of tokens are alike, whatever their order."""
    a, b = tokens_of(one), tokens_of(other)
    assert 0 <= similarity(a, b) == similarity(b, a) <= 1
    assert similarity(a, a) == 1
