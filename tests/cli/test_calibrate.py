"""``ducktypist calibrate``: what it prints, what it keeps, and what it leaves alone."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from ducktypist.cli import cli
from ducktypist.ledger.tell.files import read_calibrator
from ducktypist.ledger.tell.seeds import load_seeds
from support.tell_ledger import write_past
from support.tell_past import made_past


@pytest.fixture
def ledger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the configured ledger with two hundred outcomes."""
    for name in ("DATA", "STATE", "CACHE", "RUNTIME", "CONFIG"):
        monkeypatch.setenv(f"DUCKTYPIST_{name}_DIR", str(tmp_path / name.lower()))
    path = tmp_path / "data" / "ledger.sqlite3"
    write_past(path, made_past(200, sees_tests=True))
    return path


def kept_beside(ledger: Path) -> Path:
    """Return where the server looks for what was learned of a ledger."""
    return ledger.with_name("ledger.sqlite3.calibrator.json")


def run(*arguments: str) -> str:
    """Return what the command prints."""
    result = CliRunner().invoke(cli, ["calibrate", *arguments], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


def test_it_learns_and_keeps(ledger: Path) -> None:
    """The server finds what was learned beside the ledger."""
    output = run()
    kept = kept_beside(ledger)
    assert str(kept) in output.replace("\n", "")
    assert read_calibrator(kept).version in output
    assert "a tell: its own signals" in output
    assert "mean_logprob" in output


def test_the_same_ledger_gives_the_same_bytes(ledger: Path) -> None:
    """Twice."""
    kept = kept_beside(ledger)
    one = run("--json")
    first = kept.read_bytes()
    assert run("--json") == one
    assert kept.read_bytes() == first


@pytest.mark.parametrize("arguments", [("--dry-run",), ("--held-out-half",)])
def test_nothing_is_kept_of_a_trial(ledger: Path, arguments: tuple[str, ...]) -> None:
    """A dry run and a scoring leave the server's calibrator alone; so does another ledger."""
    run(*arguments)
    run("--ledger", str(ledger))
    assert not kept_beside(ledger).exists()


def test_the_server_has_any_ledger_learned_from_where_it_is_due(
    ledger: Path, tmp_path: Path
) -> None:
    """Without a word, beside that ledger, and only once; a person's own is left alone."""
    toy = tmp_path / "toy" / "ledger.sqlite3"
    write_past(toy, made_past(40))
    assert not run("--if-due", "--ledger", str(toy))
    first = kept_beside(toy).stat()
    assert read_calibrator(kept_beside(toy)).n_known == {"complete": 40}
    assert not run("--if-due", "--ledger", str(toy))
    assert kept_beside(toy).stat().st_ino == first.st_ino
    assert not kept_beside(ledger).exists()


def test_every_figure_is_in_the_json(ledger: Path) -> None:
    """Per kind and moment: n, base rate, skill with its interval, AUROC, ECE, weights."""
    assert ledger.exists()
    table = json.loads(run("--json", "--dry-run"))
    assert table["n_known"] == 200
    assert [item["when"] for item in table["tells"]] == ["before_running", "after_running"]
    for item in table["tells"]:
        assert item["kind"] == "complete"
        assert item["n"] == 200
        assert 0 < item["base_rate"] < 1
        assert item["proof"]["skill_low"] <= item["proof"]["skill"] <= item["proof"]["skill_high"]
        assert item["proof"]["auroc"] > 0.5
        assert item["proof"]["ece"] >= 0
        assert len(item["weights"]["weights"]) in {6, 8}
        assert item["sentence"]


def test_halves_are_scored(ledger: Path) -> None:
    """As a table and as JSON."""
    assert ledger.exists()
    assert "Fitted on half of the tasks" in run("--held-out-half")
    table = json.loads(run("--held-out-half", "--json", "--seed", "3"))
    assert table["seed"] == 3
    for item in table["held_out"]:
        assert item["n_fitted"] + item["shown"]["n"] <= 200
        assert item["signals"]["auroc"]["value"] > 0.5


def test_seeds_are_written(ledger: Path, tmp_path: Path) -> None:
    """To be shipped, with the command that made the ledger."""
    assert ledger.exists()
    file = tmp_path / "seeds.json"
    run("--dry-run", "--seeds-to", str(file), "--made-by", "ducktypist bench tell")
    seeds = load_seeds(file)
    assert {seed.command for seed in seeds} == {"ducktypist bench tell"}
    assert sum(seed.n for seed in seeds if seed.stratum == "before") == 200


def test_a_bench_can_be_left_out(
    ledger: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Halves are scored without it anyway, because it may have come from the same ledger."""
    assert ledger.exists()
    monkeypatch.setattr("ducktypist.ledger.tell.seeds.load_seeds", tuple)
    file = tmp_path / "seeds.json"
    alone, halves = run("--dry-run", "--json"), run("--held-out-half", "--json")
    run("--dry-run", "--seeds-to", str(file), "--made-by", "bench")
    shipped = load_seeds(file)
    monkeypatch.setattr("ducktypist.ledger.tell.seeds.load_seeds", lambda: shipped)
    assert run("--dry-run", "--json") != alone
    assert run("--dry-run", "--json", "--no-seeds") == alone
    assert run("--held-out-half", "--json") == halves


def test_a_missing_ledger_is_said(tmp_path: Path) -> None:
    """In one sentence, without a traceback."""
    result = CliRunner().invoke(cli, ["calibrate", "--ledger", str(tmp_path / "none.sqlite3")])
    assert result.exit_code == 1
    assert "none.sqlite3 is not a file" in result.output
