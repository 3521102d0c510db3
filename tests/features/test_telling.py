"""What is foretold of a suggestion: from its own signals, before its outcome, and said once."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ducktypist.config import CompleteConfig, FixConfig
from ducktypist.domain import (
    FailingTest,
    FinishReason,
    Generation,
    Kind,
    Outcome,
    Timings,
    TokenLogprob,
)
from ducktypist.features.body import BodyRequest, write_body
from ducktypist.features.explain import provenance_line
from ducktypist.features.fix import FixRequest, fix
from ducktypist.features.ghost.complete import CompleteRequest, complete
from ducktypist.features.grounds import NotRunnable
from ducktypist.features.telling import own_tokens
from ducktypist.features.workbench import Workbench
from ducktypist.ledger.events import StaticVerdict
from ducktypist.verify.sandbox import SandboxStatus
from support.cursor import at_cursor
from support.explaining import asking, explained
from support.tellers import AFTER, BEFORE, SENTENCE, ScriptedTeller, table_of
from support.workbench import Bench, bench_of, document_of, grounds_in, write_tree

SUMS = '''\
def triangle(n: int) -> int:
    """Return the sum of 1 to ``n``.

    >>> triangle(4)
    10
    """
'''
RIGHT, WRONG = "    return sum(range(1, n + 1))\n", "    return sum(range(n))\n"
BODIES = CompleteConfig(max_candidates=2, repair_s=0.0)
NOBODY = NotRunnable(reason="the folder is not trusted, so nothing was run")


@asynccontextmanager
async def told(
    folder: Path, rules: list[dict[str, Any]], teller: ScriptedTeller, **changes: Any
) -> AsyncIterator[tuple[Bench, Workbench]]:
    """Give a bench whose workbench has a teller."""
    async with bench_of(folder, rules, default="") as bench:
        yield bench, replace(bench.workbench, teller=teller, **changes)


def generation_of(*texts: str) -> Generation:
    """Return an answer whose tokens have these texts, each less likely than the one before."""
    tokens = [
        TokenLogprob(text=text, logprob=-float(number), margin=1.0)
        for number, text in enumerate(texts)
    ]
    return Generation(
        text="".join(texts),
        finish_reason=FinishReason.STOP,
        timings=Timings(),
        logprobs=tuple(tokens),
    )


# ----------------------------------------------------------------------------- own tokens


@pytest.mark.parametrize(
    ("said", "shown", "kept"),
    [
        (("a", " + b"), "a + b", ("a", " + b")),
        (("```python\n", "    x = 1", "\n", "```"), "x = 1", ("    x = 1",)),
        (("x = 1", "\n", "y = 2", "\n", "z ="), "x = 1\ny = 2", ("x = 1", "\n", "y = 2")),
        (("if a:\n", "  b()", "\n"), "        if a:\n            b()", ("if a:\n", "  b()")),
        (("x = 1\r\n", "y"), "x = 1\r\n", ("x = 1\r\n",)),
        (("one", "two"), "something else", ("one", "two")),
        (("one", "two"), "", ("one", "two")),
        ((), "x", ()),
    ],
)
def test_only_what_is_shown_is_rated(
    said: tuple[str, ...], shown: str, kept: tuple[str, ...]
) -> None:
    """Fences, cut lines and new indentation do not matter; what cannot be found leaves all."""
    found = own_tokens(generation_of(*said), shown)
    assert tuple(token.text for token in found.logprobs) == kept
    assert found.text == "".join(said)


# ----------------------------------------------------------------------------- ghost text


async def test_ghost_text_is_foretold_from_what_is_shown(tmp_path: Path) -> None:
    """The prediction stands in the ledger's row; what the teller saw is what the row holds."""
    text, offset = at_cursor("def add(a, b):\n    return <CURSOR>\n")
    request = CompleteRequest(document=document_of(text), offset=offset)
    teller = ScriptedTeller()
    async with told(tmp_path, [{"kind": "infill", "reply": "a + b"}], teller) as (bench, workbench):
        found = await complete(request, workbench=workbench, config=CompleteConfig())
        assert found is not None
        assert found.prediction == BEFORE
        (row,) = await table_of(bench, "generated")
    assert (row["p_right"], row["p_low"], row["p_high"]) == (0.62, 0.45, 0.77)
    assert (row["calibrator"], row["n_like"], row["has_tell"]) == ("scripted-1", 41, 1)
    (signals,) = teller.asked_before
    assert (signals.kind, signals.language) == (Kind.INFILL, "python")
    assert signals.min_logprob == row["min_logprob"] is not None
    assert signals.lowest5_logprob == row["lowest5_logprob"]
    assert signals.mean_logprob == row["mean_logprob"]
    assert signals.min_margin == row["min_margin"] is not None
    assert signals.completion_tokens == row["answer_tokens"] > 0
    assert signals.static_verdict is StaticVerdict.RESOLVES
    assert (signals.agreeing_share, signals.visible_share) == (None, None)
    assert teller.asked_after == []


async def test_who_wants_no_figures_gets_none_but_the_ledger_does(tmp_path: Path) -> None:
    """Otherwise nothing could be scored later."""
    text, offset = at_cursor("def add(a, b):\n    return <CURSOR>\n")
    request = CompleteRequest(document=document_of(text), offset=offset)
    rules = [{"kind": "infill", "reply": "a + b"}]
    async with told(tmp_path, rules, ScriptedTeller(), says_p_right=False) as (bench, workbench):
        found = await complete(request, workbench=workbench, config=CompleteConfig())
        assert found is not None
        assert found.prediction is None
        (row,) = await bench.rows()
    assert row.p_right == 0.62


async def test_text_is_kept_where_it_is_wanted_only(tmp_path: Path) -> None:
    """Then what was held back is kept as well, with the place that it was meant for."""
    text, offset = at_cursor("def add(a, b):\n    return <CURSOR>\n")
    request = CompleteRequest(document=document_of(text), offset=offset)
    rules = [{"kind": "infill", "replies": ["a + b", "a + + )("]}]
    async with bench_of(tmp_path, rules) as bench:
        await complete(request, workbench=bench.workbench, config=CompleteConfig())
        assert await table_of(bench, "source_text") == []
        bench.ledger.keep_text = True
        held_back = await complete(request, workbench=bench.workbench, config=CompleteConfig())
        assert held_back is None
        kept = await table_of(bench, "source_text")
    assert [(row["role"], row["text"]) for row in kept] == [
        ("answer", "a + + )("),
        ("place", f"untitled:{offset}-{offset}"),
    ]


# ----------------------------------------------------------------------------- bodies


@pytest.mark.sandbox
async def test_a_body_is_foretold_before_and_after_running(
    tmp_path: Path, workspace: Path, scratch_root: Path, sandbox_level: SandboxStatus
) -> None:
    """Before: its own tokens alone. After: how the examples and the other candidates went."""
    write_tree(workspace, {"sums.py": SUMS})
    document = document_of(SUMS, path=workspace / "sums.py")
    teller = ScriptedTeller()
    async with told(tmp_path, [{"replies": [WRONG, RIGHT]}], teller) as (bench, workbench):
        found = await write_body(
            BodyRequest(document=document, function="triangle", trusted=True),
            workbench=workbench,
            grounds=grounds_in(workspace, sandbox_level, scratch_root),
            config=BODIES,
            progress=lambda _: None,
        )
        assert found is not None
        assert found.verdict.outcome is Outcome.PLAUSIBLE
        assert found.prediction == AFTER
        (made,) = await table_of(bench, "generated")
        checks = await table_of(bench, "verified")
    assert (made["p_right"], made["static_verdict"]) == (0.62, "resolves")
    assert (made["n_agreeing"], made["n_compared"]) == (1, 2)
    assert [row["p_right"] for row in checks] == [None, None, 0.9]
    assert checks[-1]["verifier"] == "examples"
    (before,) = teller.asked_before
    (after,) = teller.asked_after
    # Two answers were made; one of them is rated.
    assert 0 < made["answer_tokens"] < made["completion_tokens"]
    assert before.completion_tokens == made["answer_tokens"]
    assert before.min_logprob == made["min_logprob"] is not None
    assert (before.agreeing_share, before.visible_share) == (None, None)
    assert (after.agreeing_share, after.visible_share) == (0.5, 1.0)
    assert replace(after, agreeing_share=None, visible_share=None) == before


async def test_a_body_that_nothing_was_run_of_is_foretold_once(tmp_path: Path) -> None:
    """What the static checks say is known before; nothing is known after."""
    document = document_of(SUMS)
    teller = ScriptedTeller()
    async with told(tmp_path, [{"reply": RIGHT}], teller) as (bench, workbench):
        found = await write_body(
            BodyRequest(document=document, function="triangle"),
            workbench=workbench,
            grounds=NOBODY,
            config=BODIES,
            progress=lambda _: None,
        )
        assert found is not None
        assert found.prediction == BEFORE
        (made,) = await table_of(bench, "generated")
        checks = await table_of(bench, "verified")
    assert made["n_compared"] is None
    assert teller.asked_after == []
    assert [row["p_right"] for row in checks] == [None] * len(checks)


@pytest.mark.sandbox
async def test_a_body_that_is_not_shown_is_foretold_as_well(
    tmp_path: Path, workspace: Path, scratch_root: Path, sandbox_level: SandboxStatus
) -> None:
    """Or the tell would know only what passed; nobody is told of it."""
    write_tree(workspace, {"sums.py": SUMS})
    document = document_of(SUMS, path=workspace / "sums.py")
    teller = ScriptedTeller()
    async with told(tmp_path, [{"reply": WRONG}], teller) as (bench, workbench):
        found = await write_body(
            BodyRequest(document=document, function="triangle", trusted=True),
            workbench=workbench,
            grounds=grounds_in(workspace, sandbox_level, scratch_root),
            config=BODIES,
            progress=lambda _: None,
        )
        assert found is not None
        assert (found.edit, found.prediction) == (None, None)
        (row,) = await bench.rows()
    assert (row.p_right, row.shown) == (0.62, False)
    (after,) = teller.asked_after
    assert (after.agreeing_share, after.visible_share) == (None, 0.0)


# ----------------------------------------------------------------------------- fixes

ROWS = """\
def halves(items):
    middle = len(items) // 3
    return items[:middle], items[middle:]
"""
ROWS_TEST = """\
from rows import halves


def test_halves():
    assert halves([1, 2, 3, 4]) == ([1, 2], [3, 4])
"""
PATCH = "middle = len(items) // 2\n"


@pytest.mark.sandbox
async def test_a_patch_is_foretold_by_its_own_answer(
    tmp_path: Path, workspace: Path, sandbox_level: SandboxStatus
) -> None:
    """Not by the answer that happened to come last."""
    write_tree(
        workspace,
        {
            "rows.py": ROWS,
            "test_rows.py": ROWS_TEST,
            "conftest.py": "",
            "pytest.ini": "[pytest]\n",
        },
    )
    rules = [
        {"kind": "infill", "match": "def halves\\(items\\):\\n +<HOLE>", "reply": PATCH},
        {"kind": "infill", "match": ".", "reply": "return items, items, items, items\n"},
    ]
    teller = ScriptedTeller()
    target = "test_rows.py::test_halves"
    failing = FailingTest(
        node_id=target, root=workspace, path=workspace / "test_rows.py", line=5, message="assert",
        frames=(),
    )  # fmt: skip
    async with told(tmp_path, rules, teller) as (bench, workbench):
        bench.ledger.keep_text = True
        found = await fix(
            FixRequest(failing=failing, trusted=True),
            workbench=workbench,
            grounds=grounds_in(workspace, sandbox_level, tmp_path / "scratch"),
            config=FixConfig(repeats=1, max_candidates=6, more_s=0.0, sources=("line",)),
            progress=lambda _: None,
        )
        assert found.edit is not None
        assert found.prediction == AFTER
        (made,) = await table_of(bench, "generated")
        checks = await table_of(bench, "verified")
        kept = await table_of(bench, "source_text")
    n_tokens = made["answer_tokens"]
    assert 0 < n_tokens < made["completion_tokens"]
    (before,) = teller.asked_before
    (after,) = teller.asked_after
    assert before.completion_tokens == n_tokens
    assert (before.kind, before.visible_share, after.visible_share) == (Kind.FIX, None, 1.0)
    assert [row["p_right"] for row in checks][-1] == 0.9
    span = found.edit.span
    assert [(row["role"], row["text"]) for row in kept] == [
        ("answer", found.edit.new_text),
        ("place", f"rows.py:{span.start}-{span.end}"),
    ]


# ----------------------------------------------------------------------------- explanations


@pytest.mark.parametrize(
    ("prediction", "is_said"), [(BEFORE, True), (replace(BEFORE, n_like=0), False), (None, False)]
)
async def test_a_hover_says_what_rests_on_something(
    tmp_path: Path, prediction: Any, *, is_said: bool
) -> None:
    """No explanation is verified yet; a figure that rests on none is not shown."""
    marked = "def add(a, b):\n    return a <CURSOR>+ b\n"
    rules = [{"kind": "chat", "reply": "It adds two numbers."}]
    teller = ScriptedTeller(before=prediction)
    async with told(tmp_path, rules, teller) as (bench, workbench):
        bench.ledger.keep_text = True
        answer = await explained(asking(marked), workbench)
        (kept,) = await table_of(bench, "source_text")
    assert answer is not None
    assert (kept["role"], kept["text"]) == ("answer", answer.prose)
    assert answer.provenance is not None
    line = provenance_line(answer.provenance)
    assert line.endswith(f" · {SENTENCE}*") is is_said
