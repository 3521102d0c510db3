from __future__ import annotations

import threading
from pathlib import Path

import pytest

from ducktypist.domain import TestOutcome, TestReport, TestResult
from ducktypist.features.attributing import Attributed, Ran, followed_in, take_report
from ducktypist.features.attributing import unchanged_since as text_since
from ducktypist.ledger.later import RunSource
from ducktypist.ledger.store import Ledger
from ducktypist.ledger.times import now_utc
from support.followed_code import follow, label_of, query
from support.workbench import write_tree

FILES = {
    "shop.py": "def total(prices):\n    return sum(prices)\n",
    "test_shop.py": "from shop import total\n\n\ndef test_total():\n    assert total([1]) == 1\n",
}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Return a small project."""
    return write_tree(tmp_path / "project", FILES)


def take(
    ledger: Ledger, root: Path, run_id: str, outcome: TestOutcome = TestOutcome.PASSED
) -> Attributed:
    """Take a report of the one test."""
    report = TestReport(
        results=(TestResult(node_id="test_shop.py::test_total", outcome=outcome, duration_ms=1.0),),
        collected=(),
        exit_status=0,
        killed=None,
        duration_ms=1.0,
        output_tail="",
    )
    ran = Ran(source=RunSource.JUNIT, ran_utc=now_utc(), run_id=run_id)
    return take_report(report, ran=ran, root=root, ledger=ledger, text_of=text_since(root, 9e9))


def test_two_windows_that_hear_of_one_report_write_it_once(root: Path, tmp_path: Path) -> None:
    """Whoever comes second finds what the first one wrote, also at the same moment."""
    path = tmp_path / "ledger.sqlite3"
    ledgers = [Ledger(path) for _ in range(4)]
    follow(ledgers[0], root, "shop.py", "total")
    found: list[Attributed] = []
    threads = [
        threading.Thread(target=lambda one=one: found.append(take(one, root, "run")))
        for one in ledgers
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for one in ledgers:
        one.close()
        assert one.n_unlogged == 0
    assert sorted(one.n_seen for one in found) == [0, 0, 0, 1]
    for table in ("test_run", "test_seen"):
        assert query(path, f"SELECT count(*) AS n FROM {table}") == [{"n": 1}]  # noqa: S608 - names from above
    assert query(path, "SELECT count(*) AS n FROM verified WHERE run_id <> ''") == [{"n": 1}]


def test_what_was_said_three_times_is_not_written_again(root: Path, tmp_path: Path) -> None:
    """A ledger does not grow with every run; a failure, and another test, are news."""
    ledger = Ledger(tmp_path / "ledger.sqlite3")
    follow(ledger, root, "shop.py", "total")
    found = [take(ledger, root, f"run{number}") for number in range(5)]
    assert [one.n_seen for one in found] == [1, 1, 1, 0, 0]
    assert [one.n_runs for one in found] == [1, 1, 1, 0, 0]
    assert take(ledger, root, "red", TestOutcome.FAILED).n_seen == 1
    test = root / "test_shop.py"
    test.write_text(test.read_text() + "    assert total([]) == 0\n")
    assert take(ledger, root, "other").n_seen == 1
    ledger.close()


def test_what_was_noted_before_a_crash_is_concluded_from_later(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rows of a run that nobody concluded from speak when the run is heard of again."""
    ledger = Ledger(tmp_path / "ledger.sqlite3")
    name = follow(ledger, root, "shop.py", "total")
    with monkeypatch.context() as patch:
        patch.setattr("ducktypist.features.attributing.conclusions", lambda *_: ())
        assert take(ledger, root, "run").spoken_for == frozenset()
    again = take(ledger, root, "run")
    assert (again.n_seen, again.spoken_for) == (0, {name})
    ledger.close()


def test_a_label_survives_a_restart_and_is_revised_after_it(root: Path, tmp_path: Path) -> None:
    """Nothing is remembered but the ledger: another process revises what the first one settled."""
    path = tmp_path / "ledger.sqlite3"
    first = Ledger(path)
    name = follow(first, root, "shop.py", "total")
    first.close()
    second = Ledger(path)
    found = take(second, root, "run", TestOutcome.FAILED)
    second.close()
    assert [event.label for event in found.labels] == ["wrong"]
    assert label_of(path, name) == "wrong"


def test_nothing_is_followed_where_there_is_no_ledger(root: Path, tmp_path: Path) -> None:
    """Looking makes no ledger, and a run of a folder without suggestions none either."""
    ledger = Ledger(tmp_path / "ledger.sqlite3")
    assert not followed_in(ledger, root).hashes
    assert take(ledger, root, "run") == Attributed()
    ledger.close()
    assert not ledger.path.exists()
