"""What a window does when a suggestion is accepted: record, wait, check, hint, and take it away."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from lsprotocol import types

from ducktypist.config import CompleteConfig, Config
from ducktypist.domain import Document, Outcome, Rung, Span, TextEdit, Verdict
from ducktypist.errors import DucktypistError
from ducktypist.features.afterwards import Checked, Standing, Suggested
from ducktypist.features.grounds import NotRunnable
from ducktypist.ledger.events import Accepted, Dismissed
from ducktypist.lsp import accepted as module
from ducktypist.lsp.accepted import MAX_REMEMBERED, Acceptances
from ducktypist.lsp.convert import Mapper
from ducktypist.lsp.diagnostics import RedTests
from ducktypist.lsp.session import Session
from ducktypist.lsp.stale import Searches
from ducktypist.lsp.window import View
from support.engines import until_async

QUIET_S = 0.05
HEAD = 'def double(n):\n    """Return n twice.\n\n    >>> double(2)\n    4\n    """\n'
BODY = "    return n + n\n"
OTHER = "\n\ndef other(n):\n    return n\n"
SAID = "1 example passes (3 of 3 runs)"
VERDICT = Verdict(
    rung=Rung.EXAMPLES_PASS,
    outcome=Outcome.PLAUSIBLE,
    repeats=3,
    passed=1,
    failed=0,
    summary="plausible: 3 of 3 runs, 1 example passes",
)


class Window:
    """Everything around the acceptances of a window, with one document and no sandbox."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.uri = "file:///w/double.py"
        self.mapper: Mapper | None = Mapper(HEAD)
        self.events: list[Any] = []
        self.published: list[dict[str, list[types.Diagnostic]]] = []
        self.checked: list[Standing] = []
        self.n_ended = 0
        self.gate = asyncio.Event()
        self.gate.set()
        self.message = SAID
        self.error: DucktypistError | None = None
        self.red = RedTests()
        self.tasks: set[asyncio.Task[Any]] = set()
        self.config = CompleteConfig()
        self.followed: list[tuple[str, int | None]] = []
        self.refusals: list[tuple[str, str]] = []
        monkeypatch.setattr(module, "LOOK_S", 0.02)
        monkeypatch.setattr(module, "check_accepted", self._check)
        workspace = SimpleNamespace(open_document=self._open_document)
        self.session = SimpleNamespace(
            app=SimpleNamespace(
                ledger=SimpleNamespace(append=self.events.append),
                root_of=lambda _: Path("/w"),
            ),
            desk=SimpleNamespace(publish=self._publish),
            searches=Searches(),
            server=SimpleNamespace(
                view=lambda _: self.view(), protocol=SimpleNamespace(workspace=workspace)
            ),
            in_background=self._in_background,
            grounds=self._grounds,
            log=lambda _: None,
            following=SimpleNamespace(accepted=self._follow),
            refusals=SimpleNamespace(
                shown=lambda one: self.refusals.append(("shown", one.suggestion_id)),
                taken=lambda name: self.refusals.append(("taken", name)),
                dismissed=lambda one: self.refusals.append(("dismissed", one.suggestion_id)),
            ),
        )
        self._configure()
        self.acceptances = Acceptances(cast("Session", self.session), quiet_s=QUIET_S)

    # ------------------------------------------------------------------ what stands around it

    def configure(self, **changes: Any) -> None:
        """Change the settings."""
        self.config = replace(self.config, **changes)
        self._configure()

    def view(self) -> View:
        """Return the document as it stands."""
        assert self.mapper is not None
        return View(document=self.document(), mapper=self.mapper)

    def document(self) -> Document:
        """Return the document as a value."""
        assert self.mapper is not None
        path = Path("/w/double.py")
        return Document(
            uri=self.uri, path=path, language="python", version=1, text=self.mapper.text
        )

    async def _grounds(self, root: Path | None) -> NotRunnable:
        return NotRunnable(reason=f"nobody looks at this in {root}")

    async def _check(self, now: Standing, **_: Any) -> Checked | None:
        self.checked.append(now)
        try:
            await self.gate.wait()
        finally:
            self.n_ended += 1
        if self.error is not None:
            raise self.error
        return Checked(standing=now, verdict=VERDICT, message=self.message)

    def _follow(self, suggested: Suggested, *, n_chars: int | None) -> None:
        self.followed.append((suggested.suggestion_id, n_chars))

    def _configure(self) -> None:
        self.session.app.config = Config(complete=self.config)

    def _open_document(self, uri: str) -> Mapper | None:
        return self.mapper if uri == self.uri else None

    def _publish(self) -> None:
        changed = self.red.changed_diagnostics(self.acceptances.diagnostics())
        if changed:
            self.published.append(changed)

    def _in_background(self, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        task = asyncio.ensure_future(work)
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)
        return task

    # ------------------------------------------------------------------ what the person does

    def suggest(
        self, text: str = BODY, *, suggestion_id: str = "s1", function: str = "double"
    ) -> TextEdit:
        """Show a suggestion at the end of the document."""
        document = self.document()
        end = len(document.text)
        edit = TextEdit(span=Span(start=end, end=end), old_text="", new_text=text)
        self.acceptances.shown(
            Suggested(suggestion_id=suggestion_id, document=document, edit=edit, function=function)
        )
        return edit

    def accept(self, edit: TextEdit, *, suggestion_id: str = "s1") -> None:
        """Make the edit of a suggestion and say so."""
        self.acceptances.accepted(suggestion_id)
        self.replace(edit.span, edit.new_text)

    def replace(self, span: Span, new: str) -> None:
        """Edit the document."""
        before = self.mapper
        assert before is not None
        self.mapper = before.replaced(span, new)
        self.acceptances.edited(self.uri, before, span, self.mapper)

    def type_after(self, needle: str, new: str) -> None:
        """Type text behind the first occurrence of another."""
        assert self.mapper is not None
        at = self.mapper.text.index(needle) + len(needle)
        self.replace(Span(start=at, end=at), new)

    def send(self, text: str) -> None:
        """Send a whole new text, as some editors do."""
        assert self.mapper is not None
        self.replace(Span(start=0, end=len(self.mapper.text)), text)

    def close(self) -> None:
        """Close the document."""
        self.mapper = None
        self.acceptances.closed(self.uri)

    # ------------------------------------------------------------------ what one sees

    @property
    def shown(self) -> list[types.Diagnostic]:
        """What the editor shows at the document."""
        found: list[types.Diagnostic] = []
        for changed in self.published:
            found = changed.get(self.uri, found)
        return found

    async def until(self, holds: Callable[[], object]) -> None:
        """Wait for something."""
        await until_async(lambda: bool(holds()))

    async def still(self) -> None:
        """Wait until nothing is being done in the background."""
        await asyncio.sleep(3 * QUIET_S)
        await self.until(lambda: not self.tasks)


@pytest.fixture
async def window(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Window]:
    """A window; in the end it is closed and nothing goes on."""
    made = Window(monkeypatch)
    yield made
    made.acceptances.close()
    for task in list(made.tasks):
        task.cancel()
    await asyncio.gather(*made.tasks, return_exceptions=True)
    assert made.n_ended == len(made.checked)


async def test_an_accepted_body_is_checked_and_hinted_at(window: Window) -> None:
    """The hint is quiet, at the function's name, and says which suggestion it is about."""
    window.accept(window.suggest())
    await window.until(lambda: window.shown)
    (hint,) = window.shown
    assert (hint.message, hint.code, hint.source) == (SAID, "s1", "ducktypist")
    assert hint.severity is types.DiagnosticSeverity.Hint
    assert (hint.range.start.line, hint.range.start.character) == (0, 4)
    assert (hint.range.end.line, hint.range.end.character) == (0, 10)
    assert window.events == [Accepted(suggestion_id="s1")]
    assert window.checked[0].document.text == HEAD + BODY


async def test_a_hint_moves_with_its_function_and_goes_with_its_text(window: Window) -> None:
    """Edits elsewhere move it; an edit of the function takes it away, and nothing runs again."""
    window.accept(window.suggest())
    await window.until(lambda: window.shown)
    window.replace(Span(start=0, end=0), "# 😀\n\n")
    await window.until(lambda: window.shown[0].range.start.line == 2)
    window.send("import os\n" + HEAD + BODY + OTHER)
    await window.until(lambda: window.shown[0].range.start.line == 1)
    window.type_after("def other", "wise")
    await window.still()
    assert len(window.shown) == 1
    window.type_after("return n + n", " + 0")
    await window.until(lambda: not window.shown)
    await window.still()
    assert len(window.checked) == 1


@pytest.mark.parametrize(
    ("new", "stays"), [("x", True), ("    ", True), ("\n\n", True), ("    n = 1\n", False)]
)
async def test_what_is_typed_below_a_function_may_be_part_of_it(
    window: Window, new: str, *, stays: bool
) -> None:
    """Another statement of its body takes the hint away, whatever else comes there does not."""
    window.accept(window.suggest())
    await window.until(lambda: window.shown)
    window.type_after(BODY, new)
    if stays:
        await window.still()
        assert window.shown
    else:
        await window.until(lambda: not window.shown)


async def test_a_hint_goes_with_its_whole_function(window: Window) -> None:
    """Also where nothing is left of the line that it stood at."""
    window.accept(window.suggest())
    await window.until(lambda: window.shown)
    window.replace(Span(start=0, end=len(HEAD + BODY)), "")
    await window.until(lambda: not window.shown)


async def test_the_next_acceptance_takes_hints_away(window: Window) -> None:
    """One is told of the last one only, at once."""
    window.accept(window.suggest())
    await window.until(lambda: window.shown)
    window.acceptances.accepted("of an explanation")
    assert not window.shown
    await window.still()
    assert len(window.checked) == 1


async def test_nothing_is_run_while_the_person_types(
    window: Window, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each keystroke in any document puts it off; a search of theirs goes first, too."""
    now_s = 0.0
    monkeypatch.setattr(module, "time", SimpleNamespace(monotonic=lambda: now_s))
    window.accept(window.suggest())
    mapper, span = Mapper("x"), Span(start=0, end=0)
    for _ in range(5):
        now_s += QUIET_S * 0.9
        window.acceptances.edited("file:///w/x.py", mapper, span, mapper.replaced(span, "y"))
        await asyncio.sleep(2 * QUIET_S)
        assert not window.checked
    going = asyncio.Event()
    work = window.session.searches.run(going.wait(), concerns=lambda _: False)
    task = asyncio.ensure_future(work)
    await asyncio.sleep(0)
    now_s += QUIET_S
    await asyncio.sleep(4 * QUIET_S)
    assert not window.checked
    going.set()
    await task
    await window.until(lambda: window.shown)


async def test_an_edit_of_the_function_starts_its_check_again(window: Window) -> None:
    """What is told is of the text of now; an edit elsewhere lets it go on."""
    window.gate.clear()
    window.accept(window.suggest())
    await window.until(lambda: window.checked)
    window.type_after(BODY, OTHER)
    await asyncio.sleep(4 * QUIET_S)
    assert (len(window.checked), window.n_ended) == (1, 0)
    window.type_after("return n + n", "  # twice")
    await window.until(lambda: len(window.checked) == 2)
    assert window.n_ended == 1
    window.gate.set()
    await window.until(lambda: window.shown)
    assert "# twice" in window.checked[1].text
    assert not window.checked[1].as_suggested


async def test_an_edit_in_the_last_moment_leaves_no_hint(
    window: Window, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A check that ended before anybody looked is of a text that is no longer there."""
    monkeypatch.setattr(module, "LOOK_S", 60.0)
    window.gate.clear()
    window.accept(window.suggest())
    await window.until(lambda: window.checked)
    window.type_after("return n + n", " + 1")
    window.gate.set()
    await window.until(lambda: window.n_ended)
    await window.still()
    assert not window.published


async def test_the_newest_acceptance_of_a_function_wins(window: Window) -> None:
    """The older one is not checked any further, and one check is made at a time."""
    window.gate.clear()
    window.accept(window.suggest())
    await window.until(lambda: window.checked)
    newer = "    return 2 * n\n"
    assert window.mapper is not None
    document = replace(window.document(), text=HEAD)
    edit = TextEdit(span=Span(start=len(HEAD), end=len(HEAD)), old_text="", new_text=newer)
    window.acceptances.shown(
        Suggested(suggestion_id="s2", document=document, edit=edit, function="double")
    )
    window.acceptances.accepted("s2")
    window.send(HEAD + newer)
    await window.until(lambda: len(window.checked) == 2)
    assert window.n_ended == 1
    window.gate.set()
    await window.until(lambda: window.shown)
    assert [hint.code for hint in window.shown] == ["s2"]
    await window.still()
    assert len(window.checked) == 2


async def test_partial_acceptances_add_up(window: Window) -> None:
    """In UTF-16 code units; more than there is counts as all of it."""
    window.suggest("    return '😀' * n\n")
    n_units = len("    return '😀' * n\n") + 1
    window.acceptances.accepted("s1", accepted_length=4)
    window.acceptances.accepted("s1", accepted_length=9)
    window.acceptances.accepted("s1", accepted_length=1000)
    window.acceptances.accepted("unknown", accepted_length=3)
    assert window.events == [
        Accepted(suggestion_id="s1", accepted_fraction=4 / n_units),
        Accepted(suggestion_id="s1", accepted_fraction=13 / n_units),
        Accepted(suggestion_id="s1", accepted_fraction=1.0),
        Accepted(suggestion_id="unknown"),
    ]
    await window.still()


async def test_a_part_that_was_accepted_is_no_body(window: Window) -> None:
    """What is checked then is the line, and later all of it."""
    edit = window.suggest("    m = n\n    return m + m\n")
    window.acceptances.accepted("s1", accepted_length=len("    m = n\n"))
    window.replace(edit.span, "    m = n\n")
    await window.until(lambda: window.checked)
    assert not window.checked[0].taken.is_body
    assert window.checked[0].taken.text == "m = n"
    window.acceptances.accepted("s1", accepted_length=100)
    window.type_after("    m = n\n", "    return m + m\n")
    await window.until(lambda: len(window.checked) == 2)
    assert window.checked[1].as_suggested


async def test_what_is_shown_again_is_still_the_first_one(window: Window) -> None:
    """Taken in two parts, with the rest shown anew in between, it is the whole body."""
    first, rest = "    m = n\n", "    return m + m\n"
    edit = window.suggest(first + rest)
    window.acceptances.accepted("s1", accepted_length=len(first))
    window.replace(edit.span, first)
    window.suggest(rest)
    window.acceptances.accepted("s1")
    window.type_after(first, rest)
    await window.until(lambda: window.checked)
    assert window.checked[0].as_suggested
    fractions = [event.accepted_fraction for event in window.events]
    assert fractions == [len(first) / len(first + rest), None]


async def test_the_settings_turn_it_off(window: Window) -> None:
    """Nothing is run, or nothing is shown; the acceptance is recorded all the same."""
    window.configure(check_accepted=False)
    edit = window.suggest()
    window.accept(edit)
    await window.still()
    assert not window.checked
    window.configure(check_accepted=True, show_checked=False)
    window.acceptances.accepted("s1")
    await window.until(lambda: window.n_ended)
    await window.still()
    assert not window.published
    assert len(window.events) == 2


async def test_what_cannot_be_checked_is_left_alone(window: Window) -> None:
    """Unknown ids, code in no function, closed documents, failures: no check, and no end of it."""
    window.acceptances.accepted("never shown")
    window.accept(
        window.suggest("\n\nx = 1\n", suggestion_id="s0", function=""), suggestion_id="s0"
    )
    await window.still()
    assert not window.checked
    window.send(HEAD)
    window.error = DucktypistError("no sandbox today")
    window.accept(window.suggest())
    await window.until(lambda: window.n_ended)
    window.error = None
    window.accept(window.suggest("\n\ndef more(n):\n    return n\n", function="more"))
    await window.until(lambda: window.shown)
    window.gate.clear()
    window.acceptances.accepted("s1")
    await window.until(lambda: len(window.checked) == 3)
    window.close()
    await window.until(lambda: window.n_ended == 3)
    await window.still()
    assert not window.shown


async def test_dismissing_is_recorded(window: Window) -> None:
    """And the suggestion is forgotten; a written body was run before."""
    window.suggest()
    window.acceptances.dismissed("s1")
    window.acceptances.accepted("s1")
    await window.still()
    assert window.events == [Dismissed(suggestion_id="s1"), Accepted(suggestion_id="s1")]
    assert not window.checked


async def test_who_else_is_told(window: Window) -> None:
    """What was taken is followed, the part of it that was; what was not may be run some day."""
    window.suggest("    m = n\n    return m + m\n")
    window.acceptances.accepted("s1", accepted_length=len("    m = n\n"))
    window.acceptances.accepted("s1")
    window.acceptances.accepted("unknown")
    assert window.followed == [("s1", len("    m = n\n")), ("s1", None)]
    window.suggest(suggestion_id="s2")
    window.acceptances.dismissed("s2")
    window.acceptances.dismissed("s2")
    assert window.refusals == [
        ("shown", "s1"),
        ("taken", "s1"),
        ("taken", "s1"),
        ("taken", "unknown"),
        ("shown", "s2"),
        ("dismissed", "s2"),
    ]
    await window.still()


async def test_a_fix_was_run_before(window: Window) -> None:
    """It is followed like any other, and neither checked again nor run when it is refused."""
    document, end = window.document(), len(HEAD)
    edit = TextEdit(span=Span(start=end, end=end), old_text="", new_text=BODY)
    for name in ("f1", "f2"):
        window.acceptances.shown(
            Suggested(suggestion_id=name, document=document, edit=edit), is_run=True
        )
    window.acceptances.accepted("f1")
    window.send(HEAD + BODY)
    window.acceptances.dismissed("f2")
    await window.still()
    assert window.followed == [("f1", None)]
    assert not window.checked
    assert window.refusals == [("taken", "f1")]


async def test_old_suggestions_are_forgotten(
    window: Window, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By their number, and by the size of what they were made for."""
    window.suggest(suggestion_id="first")
    for number in range(MAX_REMEMBERED):
        window.suggest(suggestion_id=f"s{number}")
    window.acceptances.accepted("first", accepted_length=4)
    window.acceptances.accepted("s0", accepted_length=4)
    monkeypatch.setattr(module, "MAX_REMEMBERED_CHARS", 2 * len(HEAD))
    window.suggest(suggestion_id="last")
    window.acceptances.accepted("s90", accepted_length=4)
    window.acceptances.accepted("last", accepted_length=4)
    known = [event.accepted_fraction is not None for event in window.events]
    assert known == [False, True, False, True]
    await window.still()
