"""What is said of accepted code: by what stands in the editor then, and only where it may run."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import apsw
import pytest

from ducktypist.domain import Document, Outcome, Rung, Span, TextEdit
from ducktypist.features.afterwards import (
    Checked,
    Suggested,
    Taken,
    check_accepted,
    edit_ratio,
    standing,
    taken,
)
from ducktypist.features.grounds import Grounds, NotRunnable
from ducktypist.ledger.store import Ledger
from ducktypist.verify.go_runner import GoRunner
from ducktypist.verify.go_toolchain import find_go
from ducktypist.verify.sandbox import SandboxStatus
from support.runners import GO_LIMITS
from support.sandboxes import tree_hash
from support.workbench import document_of, grounds_in, write_tree

SOURCE = '''\
"""Sums."""


def triangle(n: int) -> int:
    """Return the sum of 1 to ``n``.

    >>> triangle(4)
    10
    >>> triangle(0)
    0
    """
'''
BODY = "    total = 0\n    for k in range(1, n + 1):\n        total += k\n    return total\n"
TESTS = (
    "from sums import triangle\n\n\n"
    "def test_five():\n    assert triangle(5) == 15\n\n\n"
    "def test_one():\n    assert triangle(1) == 1\n"
)


def document(text: str, folder: Path = Path("/nowhere")) -> Document:
    """Return a text as the document of ``sums.py``."""
    return document_of(text, path=folder / "sums.py")


def insertion(text: str, before: str, new: str) -> TextEdit:
    """Return the edit that puts ``new`` behind the last ``before``."""
    at = text.rindex(before) + len(before)
    return TextEdit(span=Span(start=at, end=at), old_text="", new_text=new)


def body_suggested(body: str = BODY, *, source: str = SOURCE) -> Suggested:
    """Return a written body."""
    return Suggested(
        suggestion_id="s1",
        document=document(source),
        edit=insertion(source, '"""\n', body),
        function="triangle",
    )


def known(suggested: Suggested, *, n_chars: int | None = None) -> Taken:
    """Return what was taken of a suggestion that is in a function."""
    found = taken(suggested, n_chars=n_chars)
    assert found is not None
    return found


class Ground:
    """A workspace, a ledger, and what may be run."""

    def __init__(self, root: Path, grounds: Grounds, ledger: Ledger) -> None:
        self.root, self.grounds, self.ledger = root, grounds, ledger

    async def checked(self, what: Taken, text: str, *, repeats: int = 3) -> Checked | None:
        """Return what is said of a suggestion in a text that the editor shows."""
        write_tree(self.root, {"sums.py": SOURCE})
        now = standing(what, document(text, self.root))
        assert now is not None
        return await check_accepted(now, grounds=self.grounds, ledger=self.ledger, repeats=repeats)

    async def events(self) -> list[tuple[str, str, str, int]]:
        """Return what was recorded of runs: verifier, outcome, moment, repeats."""
        assert await asyncio.to_thread(self.ledger.flush, 5.0)
        if not await asyncio.to_thread(self.ledger.path.exists):
            return []
        return await asyncio.to_thread(_rows, self.ledger.path)


def _rows(path: Path) -> list[tuple[str, str, str, int]]:
    connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
    sql = (
        "SELECT verifier, outcome, moment, n_repeats FROM verified"
        " WHERE verifier NOT IN ('parse', 'resolve') ORDER BY seq"
    )
    try:
        return [(str(a), str(b), str(c), int(str(d))) for a, b, c, d in connection.execute(sql)]
    finally:
        connection.close()


@pytest.fixture
def ground(
    workspace: Path, scratch_root: Path, sandbox_level: SandboxStatus, tmp_path: Path
) -> Ground:
    """A trusted workspace."""
    grounds = grounds_in(workspace, sandbox_level, scratch_root)
    return Ground(workspace, grounds, Ledger(tmp_path / "ledger.sqlite3"))


@pytest.mark.sandbox
async def test_a_body_as_it_was_made_is_run_three_times(ground: Ground) -> None:
    """Its examples and tests pass; that is evidence, and one line for the person."""
    write_tree(ground.root, {"test_sums.py": TESTS})
    found = await ground.checked(known(body_suggested()), SOURCE + BODY)
    assert found is not None
    assert found.verdict.outcome is Outcome.PLAUSIBLE
    assert found.verdict.rung.height >= Rung.TESTS_PASS.height
    assert found.message.startswith("2 examples and 2 tests pass")
    assert found.message.endswith("(3 of 3 runs)")
    assert ("target_test", "plausible", "as_suggested", 3) in await ground.events()


@pytest.mark.sandbox
async def test_what_stands_in_the_editor_is_run(ground: Ground) -> None:
    """Not the file, and not the suggestion; a body that the person edited is no evidence."""
    before = tree_hash(ground.root)
    found = await ground.checked(
        known(body_suggested()), SOURCE + BODY.replace("total = 0", "total = 1")
    )
    assert found is not None
    assert found.verdict.outcome is Outcome.STILL_FAILING
    assert found.message == "0 of 2 examples pass; triangle(4): expected 10, got 11"
    assert [event[:3] for event in await ground.events()] == [
        ("examples", "still_failing", "in_edited_code")
    ]
    (ground.root / "sums.py").unlink()
    assert tree_hash(ground.root) == before


@pytest.mark.sandbox
async def test_unsaved_texts_of_other_files_count(ground: Ground) -> None:
    """The tests that are run are those of the editor."""
    write_tree(ground.root, {"test_sums.py": TESTS})
    edited = TESTS.replace("== 15", "== 16")
    ground.grounds = replace(ground.grounds, buffers={Path("test_sums.py"): edited})
    found = await ground.checked(known(body_suggested()), SOURCE + BODY)
    assert found is not None
    assert found.verdict.outcome is Outcome.STILL_FAILING
    assert "test_five" in found.message
    assert [event[:3] for event in await ground.events()] == [
        ("target_test", "still_failing", "as_suggested")
    ]


@pytest.mark.sandbox
async def test_a_file_that_does_not_import_is_no_evidence(ground: Ground) -> None:
    """The person is told, and the suggestion is not blamed."""
    broken = "import no_such_module_anywhere\n" + SOURCE + BODY
    found = await ground.checked(known(body_suggested()), broken)
    assert found is not None
    assert found.verdict.outcome is Outcome.BROKEN
    assert "no_such_module_anywhere" in found.message
    assert [event[2] for event in await ground.events()] == ["in_edited_code"]


@pytest.mark.sandbox
async def test_of_a_line_only_the_tests_are_run_and_once(ground: Ground) -> None:
    """A function that is not finished is not told of; where its tests pass, that is said."""
    unfinished = SOURCE + "    return sum(range(1, n)"
    suggested = Suggested(
        suggestion_id="s2",
        document=document(unfinished),
        edit=insertion(unfinished, "range(1, n", " + 1)"),
    )
    what = known(suggested)
    assert not what.is_body
    text = suggested.edit.apply(unfinished) + "\n"
    assert await ground.checked(what, text) is None, "no test names it"
    assert await ground.events() == []
    write_tree(ground.root, {"test_sums.py": TESTS})
    found = await ground.checked(what, text)
    assert found is not None
    assert found.message.startswith("2 tests pass")
    assert await ground.events() == [("target_test", "plausible", "in_edited_code", 1)]
    failing = await ground.checked(what, text.replace("+ 1)", "+ 1) + n"))
    assert failing is not None
    assert (failing.verdict.outcome, failing.message) == (Outcome.STILL_FAILING, "")


async def test_nothing_runs_where_nothing_may(tmp_path: Path) -> None:
    """An untrusted folder gets no check and no event."""
    ledger = Ledger(tmp_path / "ledger.sqlite3")
    now = standing(known(body_suggested()), document(SOURCE + BODY))
    assert now is not None
    no = NotRunnable(reason="the folder is not trusted, so nothing was run")
    assert await check_accepted(now, grounds=no, ledger=ledger, repeats=3) is None
    assert not (await asyncio.to_thread(ledger.path.exists))


@pytest.mark.parametrize(
    ("text", "as_suggested"),
    [
        (SOURCE + BODY, True),
        ("# more\n\n" + SOURCE + BODY + "\n\ndef other():\n    return 1\n", True),
        ((SOURCE + BODY).replace("\n", "\r\n"), True),
        (SOURCE + BODY.replace("    return", "\n    return"), True),
        (SOURCE + BODY.replace("total", "result"), False),
        ((SOURCE + BODY).replace("triangle(4)\n    10", "triangle(3)\n    6"), False),
        ((SOURCE + BODY).replace("n: int", "n: float"), False),
    ],
)
def test_what_counts_as_the_suggestion(text: str, *, as_suggested: bool) -> None:
    """The same body under the same signature and docstring, wherever it stands."""
    now = standing(known(body_suggested()), document(text))
    assert now is not None
    assert now.as_suggested == as_suggested


@pytest.mark.parametrize(
    "text",
    [
        SOURCE,
        SOURCE + "    pass\n",
        (SOURCE + BODY).replace("def triangle", "def pyramid"),
        SOURCE + "    return n * (n + 1) // 2\n",
        SOURCE + BODY + "\n\ndef other(:\n",
        "",
    ],
    ids=["empty", "stub", "renamed", "another body", "does not parse", "all gone"],
)
def test_nothing_is_claimed_of_other_code(text: str) -> None:
    """The function is gone, or what stands there is not the suggestion any more."""
    assert standing(known(body_suggested()), document(text)) is None


def test_ghost_text_that_is_a_whole_body() -> None:
    """It is found by its place; without a docstring it must leave the function at its end."""
    at_docstring = replace(
        body_suggested(),
        document=document(SOURCE.rstrip("\n")),
        edit=insertion(SOURCE.rstrip("\n"), '"""', "\n" + BODY.rstrip("\n")),
        function="",
    )
    what = known(at_docstring)
    assert (what.function, what.is_body, what.text) == ("triangle", True, BODY.rstrip("\n"))
    undocumented = "def triangle(n):\n"
    for text, is_body in (
        ("    return n", True),
        (BODY, True),
        ("    total = 0", False),
        ("    if n:\n        return n", False),
        ("    returned = n", False),
    ):
        line = replace(
            at_docstring,
            document=document(undocumented),
            edit=insertion(undocumented, ":\n", text),
        )
        assert known(line).is_body == is_body, text


def test_a_part_of_a_body_is_no_body() -> None:
    """The lines that were taken are what is looked for."""
    n_chars = len("    total = 0\n")
    what = known(body_suggested(), n_chars=n_chars)
    assert (what.is_body, what.text) == (False, "total = 0")
    assert standing(what, document(SOURCE + "    total = 0\n    return total\n")) is not None
    assert standing(what, document(SOURCE + "    return total\n")) is None
    assert known(body_suggested(), n_chars=len(BODY)).is_body


@pytest.mark.parametrize("text", ["x = 1\n", "", "def f(:\n"])
def test_code_outside_of_functions_is_not_followed(text: str) -> None:
    """There is nothing that could be run for it."""
    edit = TextEdit(span=Span(start=len(text), end=len(text)), old_text="", new_text="y = 2")
    assert taken(Suggested(suggestion_id="s", document=document(text), edit=edit)) is None


@pytest.mark.parametrize(
    ("old", "new", "ratio"),
    [
        ("a b c d", "a b c d", 0.0),
        ("a b c d", "a b c e", 0.25),
        ("a b", "a b c d", 0.5),
        ("a b", "c d", 1.0),
        ("", "", 0.0),
        ("a", "", 1.0),
    ],
)
def test_edit_ratio(old: str, new: str, ratio: float) -> None:
    """It is the share of tokens that changed, of the longer text."""
    assert edit_ratio(old, new) == ratio


def test_sequences_are_compared_up_to_a_limit() -> None:
    """A huge body costs no minutes."""
    words: Sequence[str] = [f"w{number}" for number in range(20_000)]
    assert edit_ratio(" ".join(words), " ".join(words)) == 0.0


GO = (
    "package sums\n\n// Triangle returns the sum of 1 to n.\nfunc Triangle(n int) int {\n"
    '\tpanic("todo")\n}\n'
)


def test_a_body_in_go() -> None:
    """It takes the stub's place, and its doc comment belongs to the head."""
    before = document_of(GO, language="go", path=Path("/nowhere/sums.go"))
    stub = '\tpanic("todo")\n'
    at = GO.index(stub)
    edit = TextEdit(
        span=Span(start=at, end=at + len(stub)),
        old_text=stub,
        new_text="\treturn n * (n + 1) / 2\n",
    )
    suggested = Suggested(suggestion_id="s", document=before, edit=edit, function="Triangle")
    what = known(suggested)
    assert what.is_body
    now = standing(what, replace(before, text=edit.apply(GO)))
    assert now is not None
    assert now.as_suggested
    other = edit.apply(GO).replace("the sum of", "the number of")
    changed = standing(what, replace(before, text=other))
    assert changed is not None
    assert not changed.as_suggested
    assert standing(what, before) is None


GO_CHECKED = GO.replace("to n.\n", "to n.\n//\n//\tTriangle(4) == 10\n")


@pytest.mark.sandbox
@pytest.mark.timeout(300)
async def test_a_body_in_go_is_run(ground: Ground, go_cache: Path) -> None:
    """Its doc comment's example and the tests beside it count as they do in Python."""
    write_tree(
        ground.root,
        {
            "go.mod": "module example.com/sums\n\ngo 1.20\n",
            "sums.go": GO_CHECKED,
            "sums_test.go": (
                'package sums\n\nimport "testing"\n\nfunc TestFive(t *testing.T) {\n'
                "\tif Triangle(5) != 15 {\n\t\tt.Fail()\n\t}\n}\n"
            ),
        },
    )
    found = ground.grounds
    go = await asyncio.to_thread(find_go, configured="", workspace=ground.root)
    runner = GoRunner(sandbox=found.sandbox, toolchain=go, cache_dir=go_cache)
    grounds = replace(found, runners=(runner,), limits=GO_LIMITS, suite_limits=GO_LIMITS)
    document = document_of(GO_CHECKED, language="go", path=ground.root / "sums.go")
    stub = '\tpanic("todo")\n'
    at = GO_CHECKED.index(stub)
    span = Span(start=at, end=at + len(stub))
    edit = TextEdit(span=span, old_text=stub, new_text="\treturn n * (n + 1) / 2\n")
    suggested = Suggested(suggestion_id="s", document=document, edit=edit, function="Triangle")
    now = standing(known(suggested), replace(document, text=edit.apply(GO_CHECKED)))
    assert now is not None
    checked = await check_accepted(now, grounds=grounds, ledger=ground.ledger, repeats=1)
    assert checked is not None
    assert checked.message.startswith("1 example and 1 test pass (1 of 1 runs")
    assert [event[:3] for event in await ground.events()] == [
        ("target_test", "plausible", "as_suggested")
    ]
