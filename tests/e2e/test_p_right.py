"""How likely a suggestion is right, as an editor gets to see it: by what the ledger knows."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ducktypist.config import LedgerConfig, ledger_path
from ducktypist.domain import Kind, Outcome
from ducktypist.ledger.events import Tier, Verifier
from ducktypist.ledger.reading import read_suggestions
from ducktypist.ledger.store import Ledger
from ducktypist.ledger.tell.learning import learn
from support.ledger_events import generated, new_id, requested, verified
from support.windows import Window

pytestmark = [pytest.mark.e2e, pytest.mark.sandbox]

Workspace = Callable[..., Path]
N_EACH = 12
SAID: dict[str, Any] = {
    "min_logprob": -1.0,
    "lowest5_logprob": -0.5,
    "mean_logprob": -0.2,
    "min_margin": 0.1,
    "answer_tokens": 30,
}


@pytest.fixture
def ledger(_own_folders: None) -> Path:
    """Return a ledger that knows a dozen outcomes of each kind, two in three of them right."""
    path = ledger_path(LedgerConfig())
    path.parent.mkdir(parents=True, exist_ok=True)
    book = Ledger(path)
    for kind in (Kind.COMPLETE, Kind.INFILL, Kind.FIX):
        for number in range(N_EACH):
            name = new_id()
            outcome = Outcome.STILL_FAILING if number % 3 == 0 else Outcome.PLAUSIBLE
            seen = verified(name)
            check = verified(
                name, verifier=Verifier.TARGET_TEST, tier=Tier.HIDDEN, outcome=outcome,
                n_passed=None, n_failed=None,
            )  # fmt: skip
            book.append_all([requested(name, kind=kind), generated(name, **SAID), seen, check])
    assert book.flush()
    book.close()
    # As an earlier window had it done.
    assert learn(path)
    return path


async def written(window: Window, root: Path) -> tuple[dict[str, Any], str]:
    """Return the resolved action that writes a body, and its edit's label."""
    uri = window.open(root / "shop/words.py")
    done = await window.resolved(await window.action(uri, "def sh", "write the body"))
    return done, label_of(done)


def label_of(action: dict[str, Any]) -> str:
    """Return the label of an action's edit."""
    (annotation,) = action["edit"]["changeAnnotations"].values()
    label: str = annotation["label"]
    return label


async def test_an_edit_says_how_likely_it_is_right(
    script: Path, workspace: Workspace, ledger: Path
) -> None:
    """The label is the summary, the figure last; ``data`` has it as an object."""
    root = workspace()
    async with Window.opened(root, script=script) as window:
        await window.ready()
        body, label = await written(window, root)
        verdict = body["data"]["verdict"]
        assert label == verdict["summary"]
        told = verdict["p_right"]
        assert label == f"plausible: 3 of 3 runs, 1 example passes · {told['sentence']}"
        assert "no tell" in label
        assert label.endswith(f", {N_EACH} like it)")
        assert (told["has_tell"], told["after_running"]) == (False, True)
        assert told["low"] < told["p_right"] < told["high"]
        assert told["n_like"] == N_EACH

        uri, tests = (window.open(root / name) for name in ("shop/sums.py", "tests/test_sums.py"))
        await window.command("runTests", {})
        await window.published(tests, n=1)
        action = await window.action(tests, "assert add_up(2, 3)", "fix failing test")
        fix = await window.resolved(action)
        assert label_of(fix) == fix["data"]["verdict"]["summary"]
        assert fix["data"]["verdict"]["p_right"]["n_like"] == N_EACH

        hover = await window.hover(uri, "def add_up")
        assert "like it" not in hover
        assert "no tell" not in hover
    rows = await asyncio.to_thread(read_suggestions, ledger)
    (body_row,) = [row for row in rows if row.suggestion_id == body["data"]["suggestion_id"]]
    assert body_row.p_right is not None


async def test_an_entry_of_a_list_says_it_as_well(
    script: Path, workspace: Workspace, ledger: Path
) -> None:
    """An empty body's entry comes to everybody; ghost text itself has no place for it."""
    root = workspace()
    async with Window.opened(root, script=script) as window:
        await window.ready()
        uri = window.open(root / "shop/words.py")
        at = window.place(uri, '\'AB\'\n    """')
        found = await window.client.request(
            "textDocument/completion",
            {"textDocument": {"uri": uri}, "position": at, "context": {"triggerKind": 1}},
        )
        (item,) = found["items"]
        assert item["detail"].startswith("Ducktypist: ")
        assert item["detail"].endswith(f", {N_EACH} like it)")
    rows = await asyncio.to_thread(read_suggestions, ledger)
    assert rows[0].kind is Kind.INFILL
    assert rows[0].p_right is not None


async def test_nothing_is_said_where_nobody_wants_to_know(
    script: Path, workspace: Workspace, ledger: Path
) -> None:
    """The ledger writes it down all the same, or nothing could ever be scored."""
    root = workspace()
    options = {"ledger": {"show_p_right": False}}
    async with Window.opened(root, script=script, options=options) as window:
        await window.ready()
        body, label = await written(window, root)
        assert label == "plausible: 3 of 3 runs, 1 example passes"
        assert "p_right" not in body["data"]["verdict"]
    rows = await asyncio.to_thread(read_suggestions, ledger)
    assert rows[0].suggestion_id == body["data"]["suggestion_id"]
    assert rows[0].p_right is not None


async def test_an_empty_ledger_foretells_nothing(script: Path, workspace: Workspace) -> None:
    """Nothing is known of this model or anything like it."""
    root = workspace()
    async with Window.opened(root, script=script) as window:
        await window.ready()
        body, label = await written(window, root)
        assert label == body["data"]["verdict"]["summary"]
        assert label == "plausible: 3 of 3 runs, 1 example passes"
