"""The report is made by a process of its own, which nobody else has a say in."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from ducktypist.errors import DucktypistError
from ducktypist.ledger.store import Ledger
from ducktypist.lsp import reporting
from support.report_ledgers import typical


@pytest.fixture
def ledger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Ledger:
    """A small ledger, and folders of one's own."""
    monkeypatch.setenv("DUCKTYPIST_STATE_DIR", str(tmp_path / "state"))
    return Ledger(typical(tmp_path / "l.db", n=20))


async def test_the_workspace_has_no_say(
    ledger: Ledger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A module of our name, or of a library's, in the folder that we stand in is not imported."""
    for name in ("ducktypist", "jinja2", "matplotlib"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('the workspace was run')\n")
    monkeypatch.chdir(tmp_path)
    place = await reporting.write_report(ledger, {})
    assert place == tmp_path / "state" / "report.html"
    assert place.read_bytes().startswith(b"<!DOCTYPE html>")


async def test_what_was_not_even_noted_is_counted(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Events that this very server could not write are said to be missing."""
    monkeypatch.setattr(Ledger, "n_unnoted", property(lambda _self: 7))
    place = await reporting.write_report(ledger, {})
    assert "10 events are missing" in place.read_text(encoding="utf-8")


async def test_why_it_could_not_be_made_is_said(
    ledger: Ledger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The command's own words come through."""
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("DUCKTYPIST_STATE_DIR", str(tmp_path / "file" / "state"))
    with pytest.raises(DucktypistError, match="cannot be written"):
        await reporting.write_report(ledger, {})


async def test_a_report_that_takes_for_ever_is_ended(
    ledger: Ledger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The process is gone, and the message says what else one can do."""
    slow = tmp_path / "slow"
    slow.write_text(f"#!{sys.executable}\nimport time\ntime.sleep(600)\n")
    slow.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(slow))
    monkeypatch.setattr(reporting, "TIMEOUT_S", 0.5)
    with pytest.raises(DucktypistError, match="--since"):
        await reporting.write_report(ledger, {})
