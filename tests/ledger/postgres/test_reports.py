"""The commands that show numbers, straight from a team's database: the same numbers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from ducktypist.cli.report import report
from ducktypist.cli.stats import stats
from ducktypist.ledger.postgres.push import push
from support.ledger_random import fill


@pytest.fixture
def path(tmp_path: Path, url: str) -> Path:
    """A random ledger that was pushed."""
    file = tmp_path / "l.sqlite3"
    fill(file, n_suggestions=150)
    push(file, url, origin="a", with_text=True)
    return file


def shown(place: Path | str, *more: str) -> dict[str, Any]:
    """Return what ``stats --json`` says of a ledger."""
    done = CliRunner().invoke(stats, ["--json", "--ledger", str(place), *more])
    assert done.exit_code == 0, done.output
    return dict(json.loads(done.stdout))


def rounded(value: Any) -> Any:
    """Return a table with numbers as they are after sums in another order."""
    if isinstance(value, dict):
        return {key: rounded(item) for key, item in value.items()}
    if isinstance(value, list):
        return [rounded(item) for item in value]
    return f"{value:.9g}" if isinstance(value, float) else value


@pytest.mark.parametrize(
    "more",
    [(), ("--tell",), ("--sources",), ("--kind", "fix"), ("--language", "python")],
    ids=["all", "tell", "sources", "kind", "language"],
)
def test_stats_are_the_same(path: Path, url: str, more: tuple[str, ...]) -> None:
    """Every number of ``ducktypist stats`` is that of the file, and no password is in it."""
    here, there = shown(path, *more), shown(url, *more)
    assert there["ledger"].startswith("postgresql://duck@/")
    assert rounded(here | {"ledger": ""}) == rounded(there | {"ledger": ""})
    assert here["cells" if "cells" in here else "sources"]


def test_the_report_is_the_same(path: Path, url: str, tmp_path: Path) -> None:
    """The page holds the same numbers, from whichever database they come."""
    pages = []
    for number, place in enumerate((path, url)):
        out = tmp_path / f"{number}.html"
        done = CliRunner().invoke(report, ["--ledger", str(place), "--out", str(out)])
        assert done.exit_code == 0, done.output + repr(done.exception)
        pages.append(out.read_text(encoding="utf-8"))
    one, two = pages
    assert len(one) > 10_000
    assert one == two
