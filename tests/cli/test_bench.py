from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from ducktypist.bench.measure import Bar, Load, Report, Row
from ducktypist.cli.bench import bench, show
from support.windows import script_written

QUIET = Load(averages=(0.0, 0.1, 0.2), busy_percent=1.0)
MACHINE: dict[str, Any] = {
    "cpu": "Some Processor [x]",
    "n_cores": 2,
    "n_threads": 4,
    "memory_bytes": 8_000_000_000,
    "system": "Some System",
    "python": "3.11.0",
    "llama_cpp_python": "1.2.3",
}


def report(*rows: Row, before: Load = QUIET) -> Report:
    """Return a report of a made-up machine."""
    model: dict[str, Any] = {"name": "m", "quantisation": "Q4", "sha256": "ab" * 32}
    return Report(machine=MACHINE, model=model, before=before, after=QUIET, rows=list(rows))


def row(*samples: float, **fields: Any) -> Row:
    """Return a row with a bar of 2 ms."""
    given = {"name": "r", "what": "something [odd]", "unit": "ms", "bar": Bar(limit=2.0)}
    return Row(samples=samples, **(given | fields))


def test_the_table_says_what_was_met(capsys: pytest.CaptureFixture[str]) -> None:
    """Each row has its verdict, brackets are no markup, the machine and model are named."""
    busy = Load(averages=(9.0, 8.0, 7.0), busy_percent=50.0)
    show(
        report(
            row(*[1.0, 2.0] * 5),
            row(*[3.0] * 6, note="slow today"),
            row(*[1.0, 3.0] * 5),
            row(1.0, bar=Bar(limit=2.0, statistic="p99")),
            before=busy,
        ),
        as_json=False,
    )
    said = capsys.readouterr().out
    assert "something [odd]" in said
    assert "median ≤ 2: met" in said
    assert "median ≤ 2: not met" in said
    assert "median ≤ 2: cannot say, 95 % interval 1.0 to 3.0" in said
    assert "p99 ≤ 2: too few to say" in said
    assert "r: slow today" in said
    assert "Some Processor [x], 2 cores (4 threads), 8 GB" in said
    assert "model m, Q4, sha256 abababababab…" in said
    assert "busy before we began" in said


def test_a_missed_bar_is_no_error_and_an_unmeasured_row_is(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Scripts can tell slow from broken by the exit status."""
    show(report(row(*[3.0] * 6)), as_json=True)
    assert json.loads(capsys.readouterr().out)["rows"][0]["met"] is False
    with pytest.raises(SystemExit) as left:
        show(report(row(problem="no model")), as_json=False)
    assert left.value.code == 1
    said = capsys.readouterr().out
    assert "not measured" in said
    assert "r: no model" in said


def test_a_quiet_machine_gets_no_warning(capsys: pytest.CaptureFixture[str]) -> None:
    """The warning is for machines that had something else to do."""
    show(report(row(1.0)), as_json=False)
    assert "busy before" not in capsys.readouterr().out


@pytest.mark.e2e
def test_smoke_prints_json_for_scripts() -> None:
    """One JSON object on standard output, what it is doing on standard error."""
    done = CliRunner().invoke(bench, ["smoke", "--json", "--runs", "1", "--only", "start"])
    assert done.exit_code == 0
    found = json.loads(done.stdout)
    assert found["rows"][0]["row"] == "start"
    assert found["rows"][0]["bar"] == {"limit": 300.0, "statistic": "median"}
    assert done.stderr == "measuring start\n"


def test_contention_without_a_model_says_what_to_do() -> None:
    """One line, no traceback, status 1."""
    done = CliRunner().invoke(bench, ["contention", "--runs", "1"])
    assert done.exit_code == 1
    assert done.stderr.startswith("Error: ")
    assert "ducktypist model pull" in done.stderr


def test_a_floor_and_a_ratio_are_told_as_such(capsys: pytest.CaptureFixture[str]) -> None:
    """More is better there, and three digits say something."""
    floor = Bar(limit=0.95, is_floor=True)
    show(report(row(*[0.987] * 6, unit="x", bar=floor), row(*[0.9] * 6, bar=floor)), as_json=False)
    said = capsys.readouterr().out
    assert "0.987" in said
    assert "median ≥ 0.95: met" in said
    assert "median ≥ 0.95: not met" in said


@pytest.mark.e2e
def test_engine_writes_json_to_a_file_beside_its_table(tmp_path: Path) -> None:
    """Only the rows that were asked for; a dash puts the JSON in the table's place."""
    script = script_written(tmp_path / "script.json", default="word " * 20)
    arguments = ["engine", "--quick", "--only", "memory", "--backend", f"scripted:{script}"]
    out = tmp_path / "out.json"
    done = CliRunner().invoke(bench, [*arguments, "--json", str(out)])
    assert done.exit_code == 0, done.output
    assert "memory of the host" in done.stdout
    assert [item["row"] for item in json.loads(out.read_text())["rows"]] == ["memory"]
    done = CliRunner().invoke(bench, [*arguments, "--json", "-"])
    assert [item["row"] for item in json.loads(done.stdout)["rows"]] == ["memory"]


@pytest.mark.parametrize("name", ["smoke", "loop", "contention", "build", "engine"])
def test_every_bench_explains_itself(name: str) -> None:
    """The help is there without measuring anything, and hides what is for tests."""
    done = CliRunner().invoke(bench, [name, "--help"])
    assert done.exit_code == 0
    assert "--json" in done.stdout
    assert "--backend" not in done.stdout
