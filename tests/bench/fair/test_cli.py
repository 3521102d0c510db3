"""`bench compare` and `bench report` on the command line, with made-up result files."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from ducktypist.cli import cli
from support.fair_results import ResultFile, tasks_of, typical

DUCK, AGAIN = "duck-0.5b-q4_k_m", "duck-0.5b-q4_k_m--requantised-q8_0"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A whole run of two models."""
    return typical(tmp_path / "fair.jsonl", n_each=3)


def called(*arguments: object) -> Result:
    """Run a command of the bench."""
    return CliRunner().invoke(cli, ["bench", *map(str, arguments)])


def test_compare_prints_flips_both_ways(path: Path) -> None:
    """A table with both p-values, the tasks that flip, and where so few cannot tell."""
    found = called("compare", f"{path}#{DUCK}", f"{path}#{DUCK}@product")
    assert found.exit_code == 0, found.output
    assert "only second" in found.output
    assert f"right only with {DUCK} Q4_K_M, product: " in found.output
    assert "fewer than six flips cannot tell them apart" in found.output


def test_compare_as_json_holds_every_flip(path: Path) -> None:
    """Scripts get names, counts and p-values."""
    found = called("compare", f"{path}#{DUCK}", f"{path}#{AGAIN}", "--json")
    told = json.loads(found.output)
    assert told["first"] == f"{DUCK} Q4_K_M, raw"
    assert [item["family"] for item in told["families"]][:1] == ["de-race"]
    assert {"only_first", "only_second", "p", "p_holm"} <= told["families"][0].keys()


def test_compare_says_which_models_there_are(path: Path) -> None:
    """An ambiguous side is an error that a person can act on."""
    found = called("compare", path, path)
    assert found.exit_code == 1
    assert f"the file has {DUCK}, {AGAIN}" in found.output


def test_report_writes_a_page_and_charts(path: Path, tmp_path: Path) -> None:
    """The files are where one asked for them, and each is named."""
    out, charts = tmp_path / "out" / "page.html", tmp_path / "charts"
    found = called("report", path, "--out", out, "--charts", charts)
    assert found.exit_code == 0, found.output
    assert out.read_text().startswith("<!DOCTYPE html>")
    assert sorted(item.name for item in charts.iterdir()) == [
        "fair-de-race.svg",
        "fair-explain-bash.svg",
        "fair-fix.svg",
        "fair-go-function.svg",
        "fair-quantisation.svg",
    ]
    assert found.output.splitlines()[-1] == str(out)


def test_report_names_one_file_once(path: Path, tmp_path: Path) -> None:
    """The same file given twice is no second model."""
    once, twice = tmp_path / "1.html", tmp_path / "2.html"
    called("report", path, "--out", once)
    called("report", path, path, "--out", twice)
    assert once.read_bytes() == twice.read_bytes()


@pytest.mark.parametrize(
    ("content", "message"),
    [(None, "cannot be read: No such file"), ("{}\n", "is no result of `ducktypist bench fair`")],
)
def test_report_refuses_what_is_no_result(
    tmp_path: Path, content: str | None, message: str
) -> None:
    """Nothing is written then."""
    path, out = tmp_path / "other.jsonl", tmp_path / "page.html"
    if content is not None:
        path.write_text(content)
    found = called("report", path, "--out", out)
    assert found.exit_code == 1
    assert message in found.output
    assert not out.exists()


def test_report_says_where_charts_cannot_go(tmp_path: Path) -> None:
    """A file in the place of the folder is told with the option that mends it."""
    file = ResultFile.begun(tmp_path / "fair.jsonl", tasks_of(1, ["fix"]))
    file.ran(file.model(DUCK, "Q4_K_M"), "fix/task-0", (True,) * 3)
    (tmp_path / "taken").write_text("")
    found = called(
        "report", file.path, "--out", tmp_path / "p.html", "--charts", tmp_path / "taken" / "below"
    )
    assert found.exit_code == 1
    assert "name another folder with --charts" in found.output
