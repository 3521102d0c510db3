from __future__ import annotations

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ducktypist import pytest_plugin
from ducktypist.domain import TestOutcome
from ducktypist.syntax.blocks import block_hash_of, block_text
from ducktypist.syntax.regions import functions
from ducktypist.watch.outcomes import Outcomes, RunEnded, RunTold
from support.outcome_runs import SERVER, hash_of, outcomes_of, run_pytest, told_in
from support.workbench import write_tree

SHOP = '''import functools


def total(prices):
    """Secret words."""
    return _add(prices)


def _add(prices):
    result = 0
    for price in prices:
        result += price
    return result


@functools.lru_cache
def next_of(number):
    return (lambda it: it + 1)(number)


async def later(prices):
    return total(prices)


class Cart:
    def __init__(self):
        self.items = []

    def add(self, item):
        self.items.append(item)
        raise ValueError(item)
'''
TESTS = """import asyncio
import threading
import unittest

import pytest

from shop import Cart, later, next_of, total


def test_total():
    assert total([1, 2]) == 3


def test_wrong():
    assert total([1, 2]) == 4


def test_next():
    assert next_of(1) == 2


def test_later():
    assert asyncio.run(later([3])) == 3


def test_called_back():
    assert sorted([[2], [1]], key=total) == [[1], [2]]


def test_raises():
    Cart().add(1)


@pytest.mark.parametrize("number", [1, 2])
def test_each(number):
    assert total([number]) == number


@pytest.mark.skip
def test_skipped():
    pass


@pytest.mark.xfail
def test_expected():
    assert total([]) == 1


@pytest.fixture
def broken():
    total([])
    raise KeyError


def test_error(broken):
    pass


def test_thread():
    thread = threading.Thread(target=total, args=([1],))
    thread.start()
    thread.join()


class TestOld(unittest.TestCase):
    def test_unit(self):
        self.assertEqual(total([1]), 1)
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Return a folder with tests of every kind."""
    root = tmp_path / "project"
    return write_tree(root, {"shop.py": SHOP, "tests/test_shop.py": TESTS, "conftest.py": ""})


def test_each_test_tells_which_functions_it_executed(project: Path) -> None:
    """Executed functions are told by hash, the test's own calls and the traceback apart."""
    told = outcomes_of(project)
    shop, tests = project / "shop.py", project / "tests/test_shop.py"
    total, add, later = (hash_of(shop, name) for name in ("total", "_add", "later"))
    one = told["test_total"]
    assert one.outcome is TestOutcome.PASSED
    assert one.test_block == hash_of(tests, "test_total")
    assert set(one.ran or ()) == {one.test_block, total, add}
    assert one.direct == {total}
    assert told["test_wrong"].outcome is TestOutcome.FAILED
    assert told["test_wrong"].traced == frozenset()
    assert told["test_wrong"].direct == {total}
    assert told["test_next"].direct == {hash_of(shop, "next_of")}
    assert told["test_later"].direct == {later}
    assert {total, add} <= set(told["test_later"].ran or ())
    assert told["test_called_back"].direct == {total}
    assert told["test_raises"].traced == {hash_of(shop, "Cart.add")}
    assert told["test_each[1]"].test_block == told["test_each[2]"].test_block
    assert told["test_skipped"].outcome is TestOutcome.SKIPPED
    assert told["test_expected"].outcome is TestOutcome.XFAILED
    assert told["test_error"].outcome is TestOutcome.ERROR
    assert total in (told["test_thread"].ran or ())
    assert total not in (told["test_thread"].direct or ())
    assert told["TestOld::test_unit"].direct == {total}


def test_the_file_holds_no_source_text(project: Path) -> None:
    """Of the code there are hashes in the file, and no words of it."""
    outcomes_of(project)
    text = (project / "outcomes.jsonl").read_text()
    assert "Secret" not in text
    assert "prices" not in text
    assert "_add" not in text
    assert str(project) not in text


def test_a_run_begins_and_ends_and_says_where_it_ran(project: Path) -> None:
    """The first line names commit and environment, the last one says that the run is complete."""
    write_tree(
        project.parent,
        {
            ".git/HEAD": "ref: refs/heads/main\n",
            ".git/packed-refs": f"# pack-refs\n{'ab' * 20} refs/heads/main\n",
        },
    )
    outcomes_of(project, "-k", "test_total")
    outcomes_of(project, "-k", "test_total")
    with (project / "outcomes.jsonl").open("rb") as lines:
        told = list(Outcomes(lines))
    begun = [one for one in told if isinstance(one, RunTold)]
    assert [type(one).__name__ for one in told] == ["RunTold", "TestTold", "RunEnded"] * 2
    assert begun[0].commit_hash == "ab" * 20
    assert begun[0].folder == "project"
    assert begun[0].environment_hash == begun[1].environment_hash != ""
    assert begun[0].run != begun[1].run
    assert isinstance(told[-1], RunEnded)


def test_a_process_that_is_killed_leaves_whole_lines(project: Path) -> None:
    """What was told before a crash can be read, and that the run did not end."""
    write_tree(
        project,
        {"tests/test_zz.py": "import os, signal\n\ndef test_z():\n    os.kill(os.getpid(), 9)\n"},
    )
    told = outcomes_of(project)
    assert "test_total" in told
    assert "test_z" not in told
    last = json.loads((project / "outcomes.jsonl").read_text().splitlines()[-1])
    assert last["type"] != "end"


def test_what_stands_outside_of_functions_has_a_hash(project: Path) -> None:
    """It changes with a constant of any module that is imported, not with tests or comments."""
    rates = {"rates.py": "RATE = 1\n\ndef unused(): pass\n"}
    tests = {"tests/test_rates.py": "import rates\n\ndef test_it():\n    assert rates.RATE\n"}
    changes: list[dict[str, str]] = [
        {},
        {"tests/test_new.py": "NEW = 1\n", "shop.py": f"# note\n\n{SHOP}"},
        {"shop.py": SHOP.replace("return _add(prices)", "return _add(list(prices))")},
        {"rates.py": "RATE = 2\n\ndef unused(): pass\n"},
    ]
    found = []
    for change in changes:
        write_tree(project, rates | tests | change)
        found.append(outcomes_of(project, "tests/test_rates.py", "tests/test_shop.py")["test_it"])
    assert found[0].outside == found[1].outside == found[2].outside != ""
    assert found[3].outside != found[0].outside
    lambdas = {"tests/test_it.py": "f = lambda: 1\n\ndef test_other():\n    assert f()\n"}
    write_tree(project, lambdas)
    assert outcomes_of(project, "tests/test_it.py")["test_other"].outside == ""


def test_a_file_that_changed_since_the_run_began_is_not_named(project: Path) -> None:
    """A function whose file is another by now has no hash, for it would be of other code."""
    write_tree(
        project,
        {
            "tests/test_change.py": (
                "import os, pathlib, shop\n\n"
                "def test_change():\n"
                "    path = pathlib.Path(shop.__file__)\n"
                "    path.write_text(path.read_text() + '# more\\n')\n"
                "    os.utime(path, (9e9, 9e9))\n"
                "    assert shop.total([1]) == 1\n"
            )
        },
    )
    told = outcomes_of(project, "tests/test_change.py")["test_change"]
    assert told.ran == (told.test_block,)


def test_trouble_with_the_file_fails_no_test(project: Path) -> None:
    """An outcomes file that cannot be written is said in one line, and the run goes on."""
    done = run_pytest(project, "--ducktypist-outcomes", "none/there.jsonl", "-k", "test_total")
    assert done.returncode == 0
    assert "outcomes are not written" in done.stdout


def test_nothing_is_written_unless_asked_for(project: Path) -> None:
    """The plugin alone does nothing; the environment variable asks for it as the option does."""
    done = run_pytest(project, "-k", "test_total")
    assert done.returncode == 0
    assert "ducktypist" not in done.stdout
    run_pytest(project, "-k", "test_total", environment={"DUCKTYPIST_OUTCOMES": "mine.jsonl"})
    run_pytest(project, "-k", "test_total", "--ducktypist-outcomes")
    assert set(told_in(project / "mine.jsonl")) == {"test_total"}
    assert set(told_in(project / ".ducktypist-outcomes.jsonl")) == {"test_total"}


def test_the_one_file_works_without_the_package(project: Path) -> None:
    """A team may copy the file; it imports the standard library and pytest only."""
    source = Path(pytest_plugin.__file__).read_text(encoding="utf-8")
    (project / "outcomes_plugin.py").write_text(source, encoding="utf-8")
    done = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "-q", "-p", "outcomes_plugin"),
            *("--ducktypist-outcomes", "copied.jsonl", "-k", "test_total"),
        ],
        cwd=project,
        env={"PYTHONPATH": str(project), "PATH": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert set(told_in(project / "copied.jsonl")) == {"test_total"}
    imported = {
        name.partition(".")[0]
        for node in ast.walk(ast.parse(source))
        for name in (
            [item.name for item in node.names]
            if isinstance(node, ast.Import)
            else [node.module or ""]
            if isinstance(node, ast.ImportFrom)
            else []
        )
    }
    assert imported - set(sys.stdlib_module_names) == {"pytest"}


def test_importing_the_plugin_imports_nothing_else_of_ours() -> None:
    """With the package installed without its dependencies, the plugin can be imported."""
    code = (
        "import sys, ducktypist.pytest_plugin as p;"
        "print(sorted(n for n in sys.modules if n.startswith('ducktypist')))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={"PYTHONPATH": str(SERVER)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "['ducktypist', 'ducktypist.pytest_plugin']"


# ------------------------------------------------------- the same hashes as the server's parser

TRICKY = '''
class A:
    @property
    # about it
    def one(self,
            other=(1,
                   2)):  # here
        """Doc

        more
\ttabbed
        """

        def inner():
            return 1
            # at the end
        # also
        return (
  3
        )
        # bye

    # of the class

    async def two(self): return 1  # same line


def three():
    x = """
# not a comment
"""
    return x; y = 1
@one
@two(
  3)
def four(): pass
\tdef_ = 1
if True:
\tdef five():
\t\tpass
\n\x0c
def six():
    if x:
        return 1
    else:
        # nothing else
        return 2
#end
'''


def _both(text: str) -> tuple[list[str], list[str]]:
    mine = [found[4] for found in pytest_plugin.functions_in(text)]
    theirs = [block_hash_of(block_text(text, it)) for it in functions(text, "python")]
    return mine, theirs


def test_both_parsers_know_a_function_by_the_same_hash() -> None:
    """The plugin's hashes are the server's, whatever stands around a function."""
    text = TRICKY.replace("\tdef_ = 1\n", "")
    mine, theirs = _both(text)
    assert len(mine) == 7
    assert mine == theirs


def test_both_parsers_agree_on_this_project() -> None:
    """Every function of this package has one hash, with either line break."""
    n_functions = 0
    for path in sorted((SERVER / "ducktypist" / "syntax").glob("*.py")):
        text = path.read_text(encoding="utf-8")
        mine, theirs = _both(text)
        assert mine == theirs, path
        assert [
            block_hash_of(block_text(crlf, it))
            for crlf in [text.replace("\n", "\r\n")]
            for it in functions(crlf, "python")
        ] == mine
        n_functions += len(mine)
    assert n_functions > 200


@given(
    st.lists(
        st.sampled_from(
            [
                "def f():",
                "    return 1",
                "    # note",
                "",
                "        x = 2",
                "    if x:",
                "    def g():",
                "class A:",
                "@d",
                "# out",
                '    """text',
                'more"""',
                "    x = (",
                "    )",
                "\tpass",
                "    pass",
                "pass",
                "    return 1  # end",
                "async def h(): pass",
            ]
        ),
        max_size=12,
    )
)
def test_both_parsers_agree_on_whatever_is_python(lines: list[str]) -> None:
    """Where the text is Python, both know the same functions by the same hashes."""
    text = "\n".join(lines) + "\n"
    try:
        ast.parse(text)
    except SyntaxError:
        return
    mine, theirs = _both(text)
    assert mine == theirs


def test_moving_and_tidying_leave_the_hash() -> None:
    """Indentation, blank lines, decorators and line ends around a function do not count."""
    plain = "def f(x):\n    y = x\n    return y\n"
    moved = "class A:\n\n    @staticmethod\n    def f(x):  \n\n        y = x\n        return y\n"
    other = "def f(x):\n    y = x\n    return x\n"
    hashes = [_both(text)[1][-1] for text in (plain, moved, other)]
    assert hashes[0] == hashes[1] != hashes[2]


def test_a_test_that_takes_the_profile_away_is_not_said_to_have_executed_less(
    project: Path,
) -> None:
    """Where not all calls were heard, nothing is said, rather than a part; a deep stack is fine."""
    write_tree(
        project,
        {
            "tests/test_deaf.py": (
                "import sys, pytest, shop\n\n"
                "def deep(n):\n    return deep(n + 1)\n\n"
                "def test_deep():\n"
                "    with pytest.raises(RecursionError):\n        deep(0)\n"
                "    assert shop.total([1]) == 1\n\n"
                "def test_own():\n    sys.setprofile(None)\n    assert shop.total([1]) == 1\n\n"
                "def test_after():\n    assert shop.total([1]) == 1\n"
            )
        },
    )
    told = outcomes_of(project, "tests/test_deaf.py")
    total = hash_of(project / "shop.py", "total")
    for name in ("test_deep", "test_own"):
        assert told[name].outcome is TestOutcome.PASSED
        assert told[name].ran is None or total in (told[name].ran or ())
    assert total in (told["test_after"].ran or ())


def test_reruns_and_workers_tell_each_attempt(project: Path) -> None:
    """With pytest-xdist and pytest-rerunfailures, the writing process hears of every attempt."""
    pytest.importorskip("xdist")
    pytest.importorskip("pytest_rerunfailures")
    told = outcomes_of(project, "-n", "2", "--reruns", "1")
    assert told["test_wrong"].attempt == 1
    assert told["test_total"].attempt == 0
