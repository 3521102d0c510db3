from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from ducktypist.domain import TestOutcome
from ducktypist.features.red import counts, locate, run_tests
from ducktypist.verify.sandbox import SandboxStatus
from support.workbench import grounds_in, write_tree

FILES = {
    "shop.py": "def price(name):\n    return {'a': 1}[name]\n",
    "tests/test_shop.py": """\
import unittest

import pytest

from shop import price


def check(value):
    assert value == 1


def test_known():
    x = price("a")
    assert x == 1


def test_unknown():
    x = 1
    assert price("b") == x


@pytest.mark.parametrize("name", ["a", "é]b"])
def test_each(name):
    assert (
        price(name[0]) == 1
    )


def test_in_helper():
    x = 2
    check(x)


@pytest.fixture
def broken():
    raise ValueError("no")


def test_with_fixture(broken):
    pass


class TestCase(unittest.TestCase):
    def test_equal(self):
        self.assertEqual(price("a"), 2)


@pytest.mark.skip
def test_later():
    assert False
""",
    "tests/test_broken.py": "import nothing_of_that_name\n\ndef test_x():\n    pass\n",
}


@pytest.mark.sandbox
async def test_what_is_red_and_where(
    workspace: Path, scratch_root: Path, sandbox_level: SandboxStatus
) -> None:
    """Each red test has the line of its own file where it fails, whatever made it fail."""
    write_tree(workspace, FILES)
    run = await run_tests([], grounds=grounds_in(workspace, sandbox_level, scratch_root))
    lines = FILES["tests/test_shop.py"].splitlines()
    found = {item.node_id.partition("::")[2]: item for item in run.failing}
    at = {
        name: lines[item.line - 1].strip()
        for name, item in found.items()
        if item.path.name == "test_shop.py"
    }
    parametrised = next(name for name in at if name.startswith("test_each["))
    assert at == {
        "test_unknown": 'assert price("b") == x',
        parametrised: "price(name[0]) == 1",
        "test_in_helper": "assert value == 1",
        "test_with_fixture": 'raise ValueError("no")',
        "TestCase::test_equal": 'self.assertEqual(price("a"), 2)',
    }
    uncollected = found[""]
    assert uncollected.node_id == "tests/test_broken.py"
    assert uncollected.path == workspace / "tests" / "test_broken.py"
    assert uncollected.line == 1
    assert "nothing_of_that_name" in uncollected.message
    assert all(item.message and item.root == workspace for item in run.failing)
    assert "tests/test_shop.py::test_known" in run.ran
    told = counts(run.report)
    assert told["passed"] == 2
    assert len(told["failed"]) == 4  # type: ignore[arg-type] # a list, as the wire has it
    assert told["errors"] == ["tests/test_shop.py::test_with_fixture", "tests/test_broken.py"]
    assert told["skipped"] == 1
    assert "killed" not in told


@pytest.mark.sandbox
async def test_an_open_buffer_counts_instead_of_the_file(
    workspace: Path, scratch_root: Path, sandbox_level: SandboxStatus
) -> None:
    """Unsaved text is what is tested, and lines are those of the buffer."""
    write_tree(workspace, {"test_a.py": "def test_a():\n    assert True\n"})
    grounds = grounds_in(workspace, sandbox_level, scratch_root)
    text = "\n\n\ndef test_a():\n    assert False\n"
    buffered = replace(grounds, buffers={Path("test_a.py"): text})
    run = await run_tests(["test_a.py"], grounds=buffered)
    (failing,) = run.failing
    assert failing.line == 5
    assert (workspace / "test_a.py").read_text() == "def test_a():\n    assert True\n"
    assert run.report.outcome_of("test_a.py::test_a") is TestOutcome.FAILED


@pytest.mark.parametrize(
    ("node_id", "line"),
    [
        ("t.py::test_a", 2),
        ("t.py::TestB::test_c", 7),
        ("t.py::test_a[x-1]", 2),
        ("t.py::test_a[a::b]", 2),
        ("t.py::test_gone", 1),
        ("t.py", 1),
    ],
)
def test_locate(node_id: str, line: int) -> None:
    """A test's line is that of its ``def``; an unknown one is put at the top."""
    text = "\ndef test_a():\n    pass\n\n\nclass TestB:\n    def test_c(self):\n        pass\n"
    assert locate(node_id, text) == line
