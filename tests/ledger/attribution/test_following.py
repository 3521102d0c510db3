"""The follower: where accepted text stands, through whatever happens to it."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ducktypist.domain import Span
from ducktypist.ledger.attribution.following import Follower, Resumed
from ducktypist.ledger.events import Checkpoint, Event, Persisted
from ducktypist.ledger.hashing import keyed_hash
from ducktypist.ledger.later import How, Placed, Sighted

ROOT = "/w"
HEAD = "def total(prices, tax):\n    "
BODY = (
    "amount = sum(price.value for price in prices)\n    if tax > 0:\n"
    "        amount = amount * (100 + tax) / 100\n    return round(amount, 2)"
)
OTHER = "\n\n\ndef label(name):\n    return name.title() + '!'\n"
TEXT = HEAD + BODY + OTHER
TIMES = (30.0, 120.0, 600.0)


def block_at(path: str, text: str, offset: int) -> str:
    """Return the function around an offset, by the next line that is not indented."""
    del path
    starts = [found.start() for found in re.finditer(r"^def ", text, re.MULTILINE)]
    starts = [start for start in starts if start <= offset]
    if not starts:
        return ""
    return text[starts[-1] :].partition("\n\n")[0].rstrip()


def new() -> Follower:
    """Return a follower with a key of its own."""
    return Follower(keyed=lambda text: keyed_hash(text, key=b"k" * 32), block_at=block_at)


class Editor:
    """One file, edited under a follower's eyes."""

    def __init__(self, text: str = TEXT, path: str = "a.py") -> None:
        self.follower, self.text, self.path = new(), text, path
        at = text.index(BODY)
        self.events: list[Event] = list(
            self.follower.took(
                0.0,
                suggestion_id="S",
                root=ROOT,
                path=path,
                span=Span(start=at, end=at + len(BODY)),
                text=BODY,
                document=text,
                is_body=True,
            )
        )

    def edit(self, start: int, end: int, new_text: str) -> None:
        """Replace a range."""
        self.text = self.text[:start] + new_text + self.text[end:]
        self.follower.edited(ROOT, self.path, Span(start=start, end=end), new_text)

    def look(self, at_s: float) -> list[Event]:
        """Look at the file as it is now."""
        events = list(self.follower.seen(at_s, ROOT, self.path, self.text))
        self.events += events
        return events

    def ratio(self, at_s: float = 1.0) -> float:
        """Return how much of it was edited, as it stands now."""
        self.look(at_s)
        looks = [event for event in self.events if isinstance(event, Sighted)]
        return looks[-1].edit_ratio


def persisted(events: list[Event]) -> dict[Checkpoint, float]:
    """Return the checkpoints that were said, each once."""
    found = [(it.checkpoint, it.edit_ratio) for it in events if isinstance(it, Persisted)]
    assert len(dict(found)) == len(found)
    return dict(found)


def test_what_is_left_alone_is_still_in_at_every_checkpoint() -> None:
    """Three looks at three times give three checkpoints, and a fourth look gives no fourth."""
    editor = Editor()
    placed, sighted = editor.events
    assert isinstance(placed, Placed)
    assert isinstance(sighted, Sighted)
    assert (sighted.how, sighted.edit_ratio, sighted.as_made) == (How.TRACKED, 0.0, True)
    assert placed.block_hash == sighted.block_hash != ""
    for at_s in (*TIMES, 700.0):
        due_s = editor.follower.next_due_s()
        assert due_s is None or due_s == at_s
        editor.look(at_s)
    assert list(persisted(editor.events).values()) == [0.0, 0.0, 0.0]
    assert editor.follower.due(800.0) == ()
    assert len(editor.events) == 5


def test_edits_above_and_inside_are_followed() -> None:
    """Text above moves the place, text inside counts, and taking it back counts no more."""
    editor = Editor()
    editor.edit(0, 0, "import os\n\n\n")
    assert editor.ratio() == 0
    at = editor.text.index("if tax")
    editor.edit(at, at, "log(amount)\n    ")
    assert 0 < editor.ratio() < 0.2
    (standing,) = editor.follower.standing(ROOT)
    assert standing.span.of(editor.text).startswith("amount = sum")
    assert not standing.as_made
    editor.edit(at, at + len("log(amount)\n    "), "")
    assert editor.ratio() == 0
    assert editor.follower.standing(ROOT)[0].as_made


def test_what_is_deleted_is_gone_and_undo_brings_it_back() -> None:
    """An empty place is known again when its text returns there."""
    editor = Editor()
    at = editor.text.index(BODY)
    editor.edit(at, at + len(BODY), "")
    assert editor.ratio() == 1
    assert editor.follower.standing(ROOT) == ()
    editor.edit(at, at, BODY)
    assert editor.ratio() == 0


def test_a_half_that_is_cut_out_and_put_back_is_whole() -> None:
    """The place of what was left takes in what returns beside it."""
    editor = Editor()
    at = editor.text.index("    return round")
    end = editor.text.index(OTHER)
    cut = editor.text[at:end]
    editor.edit(at, end, "")
    assert 0.1 < editor.ratio() < 0.5
    editor.edit(at, at, cut)
    assert editor.ratio() == 0


def test_what_is_moved_in_its_file_is_followed() -> None:
    """Cut here and pasted there, with a look between."""
    editor = Editor()
    function = HEAD + BODY
    editor.edit(0, len(function), "")
    assert editor.ratio() == 1
    editor.edit(len(editor.text), len(editor.text), f"\n\n{function}\n")
    assert editor.ratio() == 0
    assert editor.follower.standing(ROOT)[0].span.start > len(OTHER)


def test_what_is_moved_to_another_open_file_is_followed() -> None:
    """The other file is asked for, and then the checkpoint is said of what is there."""
    editor = Editor()
    at = editor.text.index(BODY)
    editor.edit(at, at + len(BODY), "pass")
    there = "x = 1\n\n\ndef total(prices, tax):\n    \n"
    editor.follower.edited(ROOT, "b.py", Span(start=len(there) - 1, end=len(there) - 1), BODY)
    assert editor.look(30.0) == []
    assert editor.follower.due(30.0) == ((ROOT, "b.py"),)
    events = editor.follower.seen(30.0, ROOT, "b.py", there[:-1] + BODY + "\n")
    assert persisted(list(events)) == {Checkpoint.AFTER_30_S: 0.0}
    assert [one.path for one in editor.follower.standing(ROOT)] == ["b.py"]


def test_a_copy_that_was_there_is_not_it() -> None:
    """When the accepted one is deleted, the same code elsewhere does not stand in for it."""
    twin = f"\n\n\ndef again(prices, tax):\n    {BODY}\n"
    editor = Editor(HEAD + BODY + OTHER + twin)
    at = editor.text.index(BODY)
    editor.edit(at, at + len(BODY), "pass")
    assert editor.ratio() > 0.5
    assert editor.follower.standing(ROOT) == ()


def test_a_formatter_that_replaces_everything_changes_nothing() -> None:
    """One edit of the whole text, other quotes and line breaks: still as it was made."""
    editor = Editor()
    after = editor.text.replace("'", '"').replace(
        "sum(price.value for price in prices)",
        "sum(\n        price.value for price in prices\n    )",
    )
    editor.edit(0, len(editor.text), f"\n{after}")
    assert editor.ratio() == 0
    (standing,) = editor.follower.standing(ROOT)
    assert standing.as_made
    assert standing.block_hash != editor.events[0].block_hash  # type: ignore[union-attr]


def test_another_head_is_no_longer_as_made() -> None:
    """The body is the suggestion, but what the function is asked for is not."""
    editor = Editor()
    editor.edit(editor.text.index(", tax"), editor.text.index(", tax") + 5, ", tax=0")
    assert editor.ratio() == 0
    assert not editor.follower.standing(ROOT)[0].as_made


def resumed(editor: Editor, *, age_s: float, **more: object) -> Resumed:
    """Return what a ledger would know of the suggestion."""
    placed, sighted = editor.events[:2]
    assert isinstance(placed, Placed)
    assert isinstance(sighted, Sighted)
    values: dict[str, object] = {
        "suggestion_id": "S",
        "root": ROOT,
        "path": placed.path,
        "block_hash": placed.block_hash,
        "is_body": True,
        "fingerprint": placed.fingerprint,
        "age_s": age_s,
        "last_block_hash": sighted.block_hash,
    }
    return Resumed(**(values | more))  # type: ignore[arg-type]


def test_a_restart_goes_on_with_the_checkpoints_that_are_open() -> None:
    """Found by what it says; what is in the ledger is not said again, what is too late never."""
    editor = Editor()
    follower = new()
    follower.resumed(1000.0, [resumed(editor, age_s=200.0, done=frozenset())])
    assert follower.due(1000.0) == ((ROOT, "a.py"),)
    events = list(follower.seen(1000.0, ROOT, "a.py", f"# new\n{editor.text}"))
    assert persisted(events) == {Checkpoint.AFTER_2_MIN: 0.0}
    assert [it.how for it in events if isinstance(it, Sighted)] == [How.CONTENT]
    assert follower.next_due_s() == 1400.0
    assert follower.standing(ROOT)[0].as_made


def test_after_a_restart_a_copy_is_told_apart_by_its_function() -> None:
    """Of two places that say the same it is the one in the function where it was seen last."""
    editor = Editor()
    follower = new()
    follower.resumed(0.0, [resumed(editor, age_s=30.0)])
    twin = f"def again(prices, tax):\n    {BODY}\n\n\n"
    follower.seen(0.0, ROOT, "a.py", twin + editor.text)
    assert follower.standing(ROOT)[0].span.start > len(twin)


def test_code_that_is_only_alike_is_not_it() -> None:
    """Brackets and keywords are in any code; without its names nothing is found blindly."""
    editor = Editor()
    follower = new()
    follower.resumed(0.0, [resumed(editor, age_s=30.0)])
    alike = TEXT
    for word in ("amount", "price", "prices", "tax", "value", "round", "sum", "total"):
        alike = re.sub(rf"\b{word}\b", f"{word}_of_another", alike)
    follower.seen(0.0, ROOT, "a.py", alike)
    assert follower.standing(ROOT) == ()


def test_a_file_that_is_gone_is_looked_for_in_new_ones() -> None:
    """Renamed without a word: found by what it says; told: followed by its name."""
    editor = Editor()
    events = editor.follower.seen(30.0, ROOT, "a.py", None, others={"c.py": editor.text})
    assert persisted(list(events)) == {Checkpoint.AFTER_30_S: 0.0}
    editor.follower.renamed(ROOT, "c.py", "d/c.py")
    assert [one.path for one in editor.follower.standing(ROOT)] == ["d/c.py"]
    events = editor.follower.seen(120.0, ROOT, "d/c.py", None)
    assert persisted(list(events)) == {Checkpoint.AFTER_2_MIN: 1.0}


def test_what_another_branch_does_not_have_is_away() -> None:
    """Its checkpoints wait until it is back."""
    editor = Editor()
    kept = editor.text
    editor.follower.switched(20.0, ROOT)
    assert editor.follower.due(20.0) == ((ROOT, "a.py"),)
    editor.edit(0, len(editor.text), OTHER)
    assert editor.look(20.0) == []
    assert editor.look(40.0) == []
    assert editor.follower.due(40.0) == ()
    editor.edit(0, len(editor.text), kept)
    editor.follower.switched(60.0, ROOT)
    assert persisted(editor.look(60.0)) == {Checkpoint.AFTER_30_S: 0.0}


def test_the_next_commit_is_the_one_that_has_it() -> None:
    """A commit of other files, and one that leaves it out, are not its commit."""
    editor = Editor()
    commit = editor.follower.committed
    assert commit(5.0, ROOT, "c1", {"z.py": "x = 1\n"}) == ()
    assert commit(6.0, ROOT, "c2", {"a.py": OTHER}) == ()
    sighted, said = commit(7.0, ROOT, "c3", {"a.py": TEXT})
    assert isinstance(sighted, Sighted)
    assert (sighted.how, sighted.commit_hash, sighted.as_made) == (How.COMMIT, "c3", True)
    assert isinstance(said, Persisted)
    assert (said.checkpoint, said.edit_ratio) == (Checkpoint.NEXT_COMMIT, 0.0)
    assert commit(8.0, ROOT, "c4", {"a.py": OTHER}) == ()


EDIT = st.tuples(
    st.integers(0, 400), st.integers(0, 60), st.sampled_from(["", "x", "\n    y = 1\n", BODY, TEXT])
)
DOING = st.one_of(
    st.tuples(st.just("edit"), EDIT),
    st.tuples(st.just("lost"), EDIT),
    st.tuples(st.sampled_from(["look", "gone", "switch", "commit", "rename", "close", "open"])),
    st.tuples(st.just("resume")),
)


def happen(editor: Editor, at_s: float, what: str, edit: tuple[int, int, str] = (0, 0, "")) -> None:
    """Let one thing happen to the file, or to who follows it."""
    follower, path, text = editor.follower, editor.path, editor.text
    start = min(edit[0], len(text))
    end = min(start + edit[1], len(text))

    def lose() -> None:
        editor.text = text[:start] + edit[2] + text[end:]

    def rename() -> None:
        follower.renamed(ROOT, path, f"{path}x")
        editor.path += "x"

    def resume() -> None:
        editor.follower = new()
        done = frozenset(persisted(editor.events))
        editor.follower.resumed(at_s, [resumed(editor, age_s=at_s, done=done, path=path)])

    def note(events: tuple[Event, ...]) -> None:
        editor.events += events

    {
        "edit": lambda: editor.edit(start, end, edit[2]),
        "lost": lose,
        "look": lambda: None,
        "gone": lambda: note(follower.seen(at_s, ROOT, path, None, others={"n.py": TEXT})),
        "switch": lambda: follower.switched(at_s, ROOT),
        "commit": lambda: note(follower.committed(at_s, ROOT, "c", {path: text})),
        "rename": rename,
        "close": lambda: follower.closed(at_s, ROOT, path),
        "open": lambda: follower.opened(at_s, ROOT, path, text),
        "resume": resume,
    }[what]()


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(st.floats(0, 200), DOING), max_size=14))
def test_nothing_that_can_be_observed_breaks_it(
    doings: list[tuple[float, tuple[Any, ...]]],
) -> None:
    """No crash, each checkpoint at most once, and every place inside of its text."""
    editor, at_s = Editor(), 0.0
    editor.look(0.0)
    for pause_s, doing in doings:
        at_s += pause_s
        happen(editor, at_s, *doing)
        editor.look(at_s)
        for one in editor.follower.standing(ROOT, editor.path):
            assert 0 <= one.span.start <= one.span.end <= len(editor.text)
            assert 0 <= one.edit_ratio <= 0.5
        for _ in range(3):
            # A look may ask for another file first.
            for root, path in editor.follower.due(at_s):
                editor.events += editor.follower.seen(at_s, root, path, None)
        assert editor.follower.due(at_s) == ()
    persisted(editor.events)


@pytest.mark.parametrize("text", ["", "x", "(" * 3000, "\ud800\n'"])
def test_odd_suggestions_are_followed(text: str) -> None:
    """An empty one, one token, a thousand brackets, half a surrogate: no crash."""
    follower = new()
    follower.took(
        0.0,
        suggestion_id="S",
        root=ROOT,
        path="a.py",
        span=Span(start=0, end=len(text)),
        text=text,
        document=text,
        is_body=False,
    )
    assert len(follower.seen(30.0, ROOT, "a.py", text + "y")) >= 1
