"""``ducktypist report``: where it writes, what it counts, and what it says when it cannot."""

from __future__ import annotations

import webbrowser
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from ducktypist.cli import cli
from ducktypist.ledger.moving.wanted import project_hash_of
from support.ledger_events import generated, new_id, requested, verified, write
from support.report_ledgers import typical


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Folders of one's own, with nothing in them."""
    for name in ("DATA", "STATE", "CACHE", "RUNTIME", "CONFIG"):
        monkeypatch.setenv(f"DUCKTYPIST_{name}_DIR", str(tmp_path / name.lower()))
    return tmp_path


def run(*arguments: str) -> Result:
    """Run the command."""
    return CliRunner().invoke(cli, ["report", *arguments])


def test_it_writes_beside_the_logs_and_says_where(home: Path) -> None:
    """Without options it reads one's own ledger; the file is the owner's alone."""
    typical(home / "data" / "ledger.sqlite3", n=60)
    result = run()
    assert result.exit_code == 0, result.output
    place = Path(result.output.strip())
    assert place == home / "state" / "report.html"
    assert place.stat().st_mode & 0o777 == 0o600
    assert "verified suggestions" in place.read_text(encoding="utf-8")


def test_no_ledger_yet_is_an_empty_report(home: Path) -> None:
    """Who looks too early is told so on the page."""
    result = run("--out", str(home / "a" / "b.html"))
    assert result.exit_code == 0, result.output
    assert "The ledger is empty" in (home / "a" / "b.html").read_text(encoding="utf-8")


def test_a_dash_is_standard_output(home: Path) -> None:
    """The same page, and no file."""
    ledger = typical(home / "l.db", n=60)
    result = run("--out", "-", "--ledger", str(ledger))
    assert result.output.startswith("<!DOCTYPE html>")
    assert not (home / "state").exists()


def test_options_narrow_what_is_counted(home: Path) -> None:
    """Kind, language and days; what was asked for is on the page."""
    ledger = str(typical(home / "l.db", n=60))
    page = run("--out=-", f"--ledger={ledger}", "--kind=fix", "--language=go").output
    assert "Counted: kind fix, language go." in page
    assert (
        "No suggestion in the ledger matches this filter."
        in run("--out=-", f"--ledger={ledger}", "--language=cobol").output
    )
    assert "since 20" in run("--out=-", f"--ledger={ledger}", "--since=3").output


def test_a_project_is_its_folder(home: Path) -> None:
    """Only what was suggested there counts; the folder's name is not on the page."""
    ledger, project = home / "data" / "ledger.sqlite3", home / "secret-project"
    project.mkdir()
    one, other = new_id(), new_id()
    write(
        ledger,
        *(requested(one, project_hash=project_hash_of(ledger, project)), requested(other)),
        *(generated(one), generated(other), verified(one), verified(other)),
    )
    page = run("--out=-", f"--project={project}").output
    assert "1 of 1 verified suggestion was right" in page
    assert "Counted: one project." in page
    assert "secret-project" not in page


def test_the_browser_opens_only_on_request(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With --open it gets the file's address."""
    opened: list[str] = []
    monkeypatch.setattr(webbrowser, "open", lambda url: opened.append(url) or True)
    assert run().exit_code == 0
    assert opened == []
    assert run("--open").exit_code == 0
    assert opened == [(home / "state" / "report.html").as_uri()]
    assert run("--open", "--out=-").exit_code == 2


def test_a_browser_that_cannot_be_had_is_an_error(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The message names the file, which is there."""
    monkeypatch.setattr(webbrowser, "open", lambda _url: False)
    result = run("--open")
    assert result.exit_code == 1
    assert str(home / "state" / "report.html") in result.output.replace("\n", "")


def test_what_cannot_be_read_or_written_is_said(home: Path) -> None:
    """A file that is no ledger, and a place where nothing can be written."""
    wrong = home / "wrong.db"
    wrong.write_text("no ledger at all, but long enough to look like something" * 20)
    result = run(f"--ledger={wrong}")
    assert result.exit_code == 1
    assert result.output.startswith("Error: ")
    (home / "file").write_text("")
    result = run("--out", str(home / "file" / "report.html"))
    assert result.exit_code == 1
    assert "--out" in result.output
