"""The engine's rows on a scripted engine: all of them come, and what is missing is said."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from ducktypist.bench.engine.table import GROUPS, engine
from ducktypist.bench.measure import Report, Row
from ducktypist.cli.bench import ENGINE_GROUPS
from ducktypist.errors import ModelMissingError
from support.windows import script_written

RULES = [
    {"kind": "chat", "match": "bug", "reply": "\n    return 1\n```"},
    {"kind": "infill", "reply": "x = 1\ny = 2"},
    {"kind": "text", "match": "Copy \\d", "reply": "ok", "prefill_ms": 400},
]
WITHOUT_OTHERS = {
    *("candidates", "candidates-cold", "infills", "infills-again", "infills-cold", "append"),
    *("speculation", "speculation-same", "close", "windows-focus", "windows-lost", "memory"),
}
AGAINST_OTHERS = {"decode-bare", "decode-native", "append-native", "reread", "body"}


@pytest.fixture
def backend(tmp_path: Path) -> str:
    """Return the backend option of a scripted model that says a lot."""
    script = script_written(tmp_path / "script.json", rule=RULES, default="word " * 120)
    return f"scripted:{script}"


def by_name(report: Report) -> dict[str, Row]:
    """Return the rows of a report."""
    return {row.name: row for row in report.rows}


def test_the_commands_choices_are_the_groups() -> None:
    """The command lists them itself, because importing them would make its help slow."""
    assert tuple(GROUPS) == ENGINE_GROUPS


@pytest.mark.e2e
def test_every_row_comes_or_says_why_not(backend: str) -> None:
    """A scripted engine has no bare loop and no native server; the rest is measured."""
    started: list[str] = []
    wanted = [name for name in GROUPS if name != "kills"]
    report = asyncio.run(
        engine(only=wanted, is_quick=True, backend=backend, on_start=started.append)
    )
    rows = by_name(report)
    assert started == wanted
    assert rows.keys() == WITHOUT_OTHERS | AGAINST_OTHERS
    assert [name for name, row in rows.items() if row.problem] == [
        name for name in rows if name in AGAINST_OTHERS
    ]
    assert all("scripted" in rows[name].problem for name in AGAINST_OTHERS)
    assert all(rows[name].samples for name in WITHOUT_OTHERS)
    assert len(rows["close"].samples) == 20
    assert rows["speculation-same"].samples == (0.0,)
    assert rows["windows-lost"].samples == (0.0,)
    assert "0 lost" not in rows["windows-lost"].note
    assert report.settings["ours"]


@pytest.mark.e2e
def test_a_host_that_is_killed_loses_no_request(backend: str) -> None:
    """Each request is answered or fails clearly, and both language servers stay."""
    report = asyncio.run(engine(only=["kills"], is_quick=True, backend=backend))
    rows = by_name(report)
    details = rows["kills"].details["scripted"]
    assert isinstance(details, dict)
    outcomes = details["outcomes"]
    assert isinstance(outcomes, dict)
    assert "lost" not in outcomes
    assert sum(outcomes.values()) == len(rows["kills"].samples) == 15 * (3 + 3 + 2)
    assert rows["kills-windows"].samples == (0.0,)


def test_without_a_model_there_is_nothing_to_measure() -> None:
    """The error says how to get one."""
    with pytest.raises(ModelMissingError, match="ducktypist model pull"):
        asyncio.run(engine(only=["decode"]))
