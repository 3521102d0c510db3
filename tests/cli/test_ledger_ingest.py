from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from ducktypist.cli import cli
from ducktypist.ledger.store import Ledger
from support.followed_code import follow, history_of, label_of, query
from support.outcome_runs import SERVER, run_pytest
from support.runners import toolchain
from support.workbench import write_tree

SHOP = '''def most(prices):
    """Return the highest price."""
    best = 0
    for price in prices:
        if price > best:
            best = price
    return best


def cheapest(prices):
    """Return the lowest price."""
    return min(prices)


def spread(prices):
    return most(prices) - cheapest(prices)
'''
GOOD = """from shop import cheapest, most, spread


def test_most():
    assert most([1, 3, 2]) == 3


def test_cheapest():
    assert cheapest([2, 1]) == 1
"""
BAD = """

def test_most_of_debts():
    assert most([-2, -1]) == -1
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Return a folder with a function that is right for what was thought of."""
    return write_tree(
        tmp_path / "project", {"shop.py": SHOP, "tests/test_shop.py": GOOD, "conftest.py": ""}
    )


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    """Return an empty ledger."""
    found = Ledger(tmp_path / "ledger.sqlite3")
    yield found
    found.close()


def ingest(ledger: Ledger, project: Path, *files: str) -> dict[str, object]:
    """Ingest files and return what is told."""
    done = invoke("ingest", *files, "--project", str(project), "--json", ledger=ledger)
    assert done.exit_code == 0, done.output
    found: dict[str, object] = json.loads(done.stdout)
    return found


def invoke(*arguments: str, ledger: Ledger) -> Result:
    """Run one of the commands."""
    return CliRunner().invoke(cli, ["ledger", *arguments, "--ledger", str(ledger.path)])


def ci_run(project: Path, name: str, tests: str) -> str:
    """Run the project's tests with the plugin, as CI would; return the file."""
    write_tree(project, {"tests/test_shop.py": tests})
    file = project / name
    run_pytest(project, "--ducktypist-outcomes", str(file))
    assert file.exists()
    return str(file)


def test_a_failure_found_days_later_revises_the_label(project: Path, ledger: Ledger) -> None:
    """A new test in CI that fails in an accepted body makes it wrong; that it was right stays."""
    most = follow(ledger, project, "shop.py", "most")
    other = follow(ledger, project, "shop.py", "cheapest")
    assert label_of(ledger.path, most) == "right"

    first = ingest(ledger, project, ci_run(project, "one.jsonl", GOOD))
    assert first["suggestions"] == sorted([most, other])
    assert label_of(ledger.path, most) == "right"

    second = ingest(ledger, project, ci_run(project, "two.jsonl", GOOD + BAD))
    assert second["new_runs"] == 1
    assert label_of(ledger.path, most) == "wrong"
    assert label_of(ledger.path, other) == "right"
    history = history_of(ledger.path, most)
    assert history[0] == "right"
    assert history[-1] == "wrong"

    done = invoke("replay", ledger=ledger)
    assert done.exit_code == 0, done.output
    assert "the same as recorded" in done.output


def test_a_file_that_is_given_again_changes_nothing(project: Path, ledger: Ledger) -> None:
    """Ingesting is idempotent by content."""
    follow(ledger, project, "shop.py", "most")
    file = ci_run(project, "one.jsonl", GOOD + BAD)
    first = ingest(ledger, project, file)
    before = n_rows(ledger)
    again = ingest(ledger, project, file, file)
    assert first["seen"] == 2
    assert (again["new_runs"], again["seen"], again["suggestions"]) == (0, 0, [])
    assert n_rows(ledger) == before


def test_a_torn_file_is_read_as_far_as_it_goes(project: Path, ledger: Ledger) -> None:
    """The lines before a crash count, and the rest adds to them later."""
    follow(ledger, project, "shop.py", "most")
    file = Path(ci_run(project, "one.jsonl", GOOD + BAD))
    whole = file.read_bytes()
    file.write_bytes(whole[: whole.index(b"test_cheapest") - 3])
    torn = ingest(ledger, project, str(file))
    assert (torn["seen"], torn["passed_over"]) == (1, 1)
    file.write_bytes(whole)
    rest = ingest(ledger, project, str(file))
    assert (rest["seen"], rest["new_runs"]) == (1, 0)


def test_an_edited_function_is_not_judged(project: Path, ledger: Ledger) -> None:
    """A test of what the person made of it says nothing of the suggestion."""
    most = follow(ledger, project, "shop.py", "most")
    write_tree(project, {"shop.py": SHOP.replace("best = 0", "best = 1")})
    found = ingest(ledger, project, ci_run(project, "one.jsonl", GOOD + BAD))
    assert found["suggestions"] == []
    assert label_of(ledger.path, most) == "right"


def test_a_failure_elsewhere_is_not_blamed(project: Path, ledger: Ledger) -> None:
    """A test that fails in another function, which it calls itself, blames no suggestion."""
    cheapest = follow(ledger, project, "shop.py", "cheapest")
    tests = GOOD + "\n\ndef test_spread():\n    assert spread([1, 2]) == 2\n"
    ingest(ledger, project, ci_run(project, "one.jsonl", tests))
    assert label_of(ledger.path, cheapest) == "right"


def test_a_constant_that_changes_makes_nothing_flaky(project: Path, ledger: Ledger) -> None:
    """A test that passed on the same function fails because of other code: nobody is blamed."""
    write_tree(project, {"shop.py": "LEAST = 0\n\n\n" + SHOP.replace("best = 0", "best = LEAST")})
    most = follow(ledger, project, "shop.py", "most")
    ingest(ledger, project, ci_run(project, "one.jsonl", GOOD))
    text = (project / "shop.py").read_text()
    write_tree(project, {"shop.py": text.replace("LEAST = 0", "LEAST = 5")})
    found = ingest(ledger, project, ci_run(project, "two.jsonl", GOOD))
    assert found["seen"] == 1
    assert label_of(ledger.path, most) == "right"


def test_a_test_of_the_same_code_that_passes_and_fails_is_flaky(
    project: Path, ledger: Ledger
) -> None:
    """Where nothing else is another one, the test disagrees with itself."""
    most = follow(ledger, project, "shop.py", "most")
    tests = GOOD + "\n\ndef test_luck():\n    import os\n\n    assert most([2]) == 2\n"
    tests += "    assert not os.path.exists('unlucky')\n"
    ingest(ledger, project, ci_run(project, "one.jsonl", tests))
    write_tree(project, {"unlucky": ""})
    ingest(ledger, project, ci_run(project, "two.jsonl", tests))
    assert label_of(ledger.path, most) == "flaky"


def test_another_projects_outcomes_speak_for_nothing(project: Path, ledger: Ledger) -> None:
    """Where nothing is followed, that is said, and nothing is written."""
    follow(ledger, project, "shop.py", "most")
    file = ci_run(project, "one.jsonl", GOOD)
    before = n_rows(ledger)
    done = invoke("ingest", file, "--project", str(project / "tests"), ledger=ledger)
    assert done.exit_code == 0
    assert "no accepted suggestion is followed" in done.output
    assert n_rows(ledger) == before


def test_node_ids_are_relative_to_the_project(project: Path, ledger: Ledger) -> None:
    """In one repository, a test has one id, wherever CI and the editor see it from."""
    write_tree(project.parent, {".git/HEAD": "ref: refs/heads/main\n"})
    follow(ledger, project, "shop.py", "most")
    ingest(ledger, project, ci_run(project, "one.jsonl", GOOD))
    file = project.parent / "above.jsonl"
    run_pytest(
        project.parent,
        "--rootdir",
        str(project.parent),
        "--ducktypist-outcomes",
        str(file),
        "project",
        environment={"PYTHONPATH": os.pathsep.join([str(SERVER), str(project)])},
    )
    ingest(ledger, project, str(file))
    found = query(ledger.path, "SELECT DISTINCT test_hash FROM test_seen")
    assert len(query(ledger.path, "SELECT run_id FROM test_run")) == 2
    assert len(found) == 1


def test_junit_speaks_for_what_its_tests_name(project: Path, ledger: Ledger) -> None:
    """Without lines, a test covers the functions that its text names."""
    most = follow(ledger, project, "shop.py", "most")
    write_tree(project, {"tests/test_shop.py": GOOD + BAD})
    age(project)
    run_pytest(project, "--junitxml", "report.xml")
    found = ingest(ledger, project, str(project / "report.xml"))
    assert found["seen"] == 2
    assert label_of(ledger.path, most) == "wrong"
    assert ingest(ledger, project, str(project / "report.xml"))["seen"] == 0


def test_junit_says_nothing_of_files_that_are_newer(project: Path, ledger: Ledger) -> None:
    """What was run is not known of a file that was written after the report."""
    follow(ledger, project, "shop.py", "most")
    age(project)
    run_pytest(project, "--junitxml", "report.xml")
    os.utime(project / "shop.py", (time.time() + 60,) * 2)
    assert ingest(ledger, project, str(project / "report.xml"))["seen"] == 0


def test_go_test_json_speaks_for_what_its_tests_name(
    tmp_path: Path, ledger: Ledger, go_cache: Path
) -> None:
    """Go's tests speak for the functions of their package that they name."""
    go = toolchain()
    if go is None:
        pytest.skip("there is no Go on this machine")
    root = write_tree(
        tmp_path / "mod",
        {
            "go.mod": "module example.org/shop\n\ngo 1.21\n",
            "shop.go": "package shop\n\n// Most is it.\nfunc Most(a, b int) int {\n"
            "\tif a > b {\n\t\treturn a\n\t}\n\treturn a\n}\n",
            "shop_test.go": 'package shop\n\nimport "testing"\n\n'
            "func TestMost(t *testing.T) {\n\tif Most(1, 2) != 2 {\n"
            '\t\tt.Error("no")\n\t}\n}\n',
        },
    )
    age(root)
    most = follow(ledger, root, "shop.go", "Most", language="go")
    done = subprocess.run(
        [str(go.go), "test", "-json", "./..."],
        cwd=root,
        capture_output=True,
        check=False,
        env={**os.environ, "GOCACHE": str(go_cache), "GOPROXY": "off", "GOTOOLCHAIN": "local"},
    )
    (root / "go.json").write_bytes(done.stdout)
    found = ingest(ledger, root, str(root / "go.json"))
    assert found["seen"] == 1, done.stdout
    assert label_of(ledger.path, most) == "wrong"


def test_what_is_no_report_is_refused(project: Path, ledger: Ledger, tmp_path: Path) -> None:
    """A file that is nothing of all that is an error that says so."""
    for name, text in (
        ("a", "hello\n"),
        ("b", '{"type":"run","schema":99,"run":"' + "a" * 32 + '"}'),
    ):
        (tmp_path / name).write_text(text)
        done = invoke("ingest", str(tmp_path / name), "--project", str(project), ledger=ledger)
        assert done.exit_code != 0, name
        assert "Error" in done.output


def test_replay_finds_what_was_concluded_otherwise(project: Path, ledger: Ledger) -> None:
    """A conclusion by the rules that the runs do not bear out is told, with status 1."""
    from ducktypist.ledger.events import Judge, Label, Settled  # noqa: PLC0415 - one test's

    most = follow(ledger, project, "shop.py", "most")
    ingest(ledger, project, ci_run(project, "one.jsonl", GOOD))
    ledger.append(Settled(suggestion_id=most, label=Label.WRONG, reason="made up", by=Judge.RULES))
    assert ledger.flush()
    done = invoke("replay", "--json", ledger=ledger)
    assert done.exit_code == 1
    assert "made up" in json.loads(done.stdout)["surplus"][0]


def n_rows(ledger: Ledger) -> list[int]:
    """Return how many rows the tables have that ingesting writes to."""
    tables = ("test_run", "test_seen", "verified", "conclusion")
    return [query(ledger.path, f"SELECT count(*) AS n FROM {it}")[0]["n"] for it in tables]  # noqa: S608 - names from above


def age(root: Path) -> None:
    """Make a folder's files older than any report of now."""
    for path in root.rglob("*"):
        os.utime(path, (time.time() - 60,) * 2)
