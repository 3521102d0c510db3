from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ducktypist.domain import Killed, TestOutcome, TestReport
from ducktypist.errors import RunnerError
from ducktypist.verify.pytest_runner import PytestRunner
from ducktypist.verify.runner import RunRequest
from support.sandboxes import LIMITS

pytestmark = pytest.mark.sandbox

SHOP = "def add(a, b):\n    return a - b\n"
TESTS = (
    "from shop import add\n"
    "def test_a():\n"
    "    assert add(1, 2) == 3\n"
    "def test_b():\n"
    "    assert add(2, 0) == 2\n"
)


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    """A project with one wrong function and two tests."""
    root = tmp_path / "workspace"
    root.mkdir()
    (root / "shop.py").write_text(SHOP)
    (root / "test_shop.py").write_text(TESTS)
    return root


async def run(bench: Any, **changes: Any) -> TestReport:
    """Run the workspace's tests with canaries and some files laid over."""
    files = {Path(name): text for name, text in changes.pop("files", {}).items()}
    runner = PytestRunner(sandbox=bench.sandbox, interpreter=bench.user_python)
    return await runner.run(
        RunRequest(
            root=changes.pop("root", bench.workspace),
            targets=tuple(changes.pop("targets", ())),
            overlay=files,
            canaries=changes.pop("canaries", True),
            hash_seed=changes.pop("hash_seed", 1),
            limits=replace(LIMITS, **changes),
        )
    )


async def test_outcomes_messages_and_frames(bench: Any) -> None:
    """Each test has its outcome; a failure has its message and the frames in the workspace."""
    files = {
        "shop.py": "def add(a, b):\n    if a == 1:\n        raise ValueError('no')\n    return a\n"
    }
    report = await run(bench, files=files)
    assert report.collected == ("test_shop.py::test_a", "test_shop.py::test_b")
    assert report.outcome_of("test_shop.py::test_a") is TestOutcome.FAILED
    assert report.outcome_of("test_shop.py::test_b") is TestOutcome.PASSED
    assert report.canaries_failed is True
    assert report.exit_status == 1
    failed = report.results[0]
    assert "ValueError: no" in failed.message
    assert [(frame.path, frame.line, frame.function) for frame in failed.frames] == [
        (bench.workspace / "test_shop.py", 3, "test_a"),
        (bench.workspace / "shop.py", 3, "add"),
    ]


async def test_a_green_run(bench: Any) -> None:
    """When all passes only the canaries fail, and they are not among the results."""
    report = await run(bench, files={"shop.py": "def add(a, b):\n    return a + b\n"})
    assert (
        report.ids(TestOutcome.PASSED)
        == report.collected
        == tuple(f"test_shop.py::test_{name}" for name in "ab")
    )
    assert len(report.results) == 2
    assert report.canaries_failed is True


async def test_without_canaries(best: Any) -> None:
    """A run without canaries has pytest's own status and claims nothing about canaries."""
    report = await run(best, canaries=False, files={"shop.py": SHOP.replace("-", "+")})
    assert (report.exit_status, report.canaries_failed) == (0, None)


async def test_single_targets(best: Any) -> None:
    """Only the named tests run."""
    report = await run(best, targets=["test_shop.py::test_b"])
    assert report.collected == ("test_shop.py::test_b",)
    assert report.canaries_failed is True


async def test_kinds_of_tests(best: Any) -> None:
    """Parameters, classes, unittest, skips, expected failures and fixture errors are told apart."""
    text = (
        "import unittest, pytest\n"
        "@pytest.mark.parametrize('x', ['a b', 'c::d', 'é', '\\n'])\n"
        "def test_p(x): assert x != 'a b'\n"
        "class TestC:\n"
        "    def test_m(self): pass\n"
        "class U(unittest.TestCase):\n"
        "    def test_u(self): self.assertEqual(1, 2)\n"
        "    def test_sub(self):\n"
        "        for i in range(3):\n"
        "            with self.subTest(i=i): self.assertNotEqual(i, 1)\n"
        "@pytest.mark.skip\n"
        "def test_s(): pass\n"
        "@pytest.mark.xfail\n"
        "def test_x(): assert False\n"
        "@pytest.mark.xfail\n"
        "def test_xp(): pass\n"
        "@pytest.mark.xfail(strict=True)\n"
        "def test_xs(): pass\n"
        "@pytest.fixture\n"
        "def bad(): raise RuntimeError('fixture')\n"
        "def test_e(bad): pass\n"
        "@pytest.fixture\n"
        "def late():\n"
        "    yield\n"
        "    raise RuntimeError('teardown')\n"
        "def test_t(late): pass\n"
        "def test_skip_inside(): pytest.skip('now')\n"
    )
    report = await run(best, files={"test_kinds.py": text}, targets=["test_kinds.py"])
    short = {
        item.node_id.removeprefix("test_kinds.py::"): item.outcome.value for item in report.results
    }
    assert short == {
        "test_p[a b]": "failed",
        "test_p[c::d]": "passed",
        "test_p[\\xe9]": "passed",
        "test_p[\\n]": "passed",
        "TestC::test_m": "passed",
        "U::test_u": "failed",
        "U::test_sub": "failed",
        "test_s": "skipped",
        "test_x": "xfailed",
        "test_xp": "xpassed",
        "test_xs": "failed",
        "test_e": "error",
        "test_t": "error",
        "test_skip_inside": "skipped",
    }
    assert report.canaries_failed is True


async def test_project_settings_cannot_bend_the_run(best: Any) -> None:
    """``-x``, ``-k``, naming rules and ``testpaths`` change neither exactness nor the canaries."""
    settings = (
        "[pytest]\naddopts = -x -k nothing --maxfail=1 -p no:unittest -m 'not slow'\n"
        "python_functions = check_*\npython_files = checks_*.py\npython_classes = Check*\n"
        "testpaths = sub\n"
    )
    checks = "def check_a(): assert 0\ndef check_b(): assert 0\ndef test_not_one(): pass\n"
    files = {"pytest.ini": settings, "sub/checks_it.py": checks}
    report = await run(best, files=files)
    assert report.collected == ("sub/checks_it.py::check_a", "sub/checks_it.py::check_b")
    assert report.ids(TestOutcome.FAILED) == report.collected


async def test_canaries_are_found_whatever_files_are_called(best: Any) -> None:
    """Without targets and with patterns that fit no canary, tests and canaries both run."""
    settings = "[pytest]\npython_files = checks_*.py\n"
    files = {"pytest.ini": settings, "checks_it.py": "def test_c(): pass\n"}
    for targets in ((), ("checks_it.py",), (".",)):
        report = await run(best, files=files, targets=targets)
        assert report.ids(TestOutcome.PASSED) == report.collected == ("checks_it.py::test_c",)
        assert report.canaries_failed is True


async def test_options_needed_to_import_are_kept(best: Any) -> None:
    """Same-named test files in two folders work where the project's own settings make them work."""
    files = {
        "pyproject.toml": "[tool.pytest.ini_options]\naddopts = '--import-mode=importlib -x'\n",
        "one/test_same.py": "def test_it(): pass\n",
        "two/test_same.py": "def test_it(): pass\n",
    }
    report = await run(best, files=files, targets=["one", "two"])
    assert report.ids(TestOutcome.PASSED) == (
        "one/test_same.py::test_it",
        "two/test_same.py::test_it",
    )


async def test_file_that_does_not_import(bench: Any) -> None:
    """A module that does not import is a collection error with the place; other files still run."""
    files = {"shop.py": "def add(a, b:\n", "test_other.py": "def test_o(): pass\n"}
    report = await run(bench, files=files)
    (error,) = report.collection_errors
    assert error.node_id == "test_shop.py"
    assert "SyntaxError" in error.message
    assert report.outcome_of("test_other.py::test_o") is TestOutcome.PASSED
    assert report.canaries_failed is True


async def test_conftest_that_does_not_import(best: Any) -> None:
    """A broken conftest gives a report, with pytest's words, and no result."""
    report = await run(best, files={"conftest.py": "import nothing_of_that_name\n"})
    assert report.results == ()
    assert "nothing_of_that_name" in report.collection_errors[0].message
    assert report.canaries_failed is False


async def test_unknown_target(best: Any) -> None:
    """A target that does not exist gives no result for it."""
    report = await run(best, targets=["test_shop.py::test_missing"])
    assert report.outcome_of("test_shop.py::test_missing") is None
    assert report.exit_status not in {0, None}


async def test_hanging_test_is_named(bench: Any) -> None:
    """A test that hangs ends the run, and is the one that is blamed."""
    files = {"test_hang.py": "def test_ok(): pass\ndef test_hang():\n    while True: pass\n"}
    report = await run(bench, files=files, targets=["test_hang.py"], timeout_s=3.0)
    assert report.killed is Killed.WALL_CLOCK
    assert report.outcome_of("test_hang.py::test_ok") is TestOutcome.PASSED
    assert report.outcome_of("test_hang.py::test_hang") is TestOutcome.ERROR
    assert "wall clock" in report.results[-1].message


async def test_output_and_forks_are_limited(best: Any) -> None:
    """A test that floods its output is killed for it; one that forks into pytest reports once."""
    flood = "import os\ndef test_f():\n    while True: os.write(2, b'x' * 65536)\n"
    files = {"test_f.py": flood, "conftest.py": "import pytest\n"}
    report = await run(best, files=files, targets=["test_f.py"], max_scratch_bytes=8 * 1024**2)
    # pytest captures into a file of limited size, and then reads all of it.
    assert report.killed is not Killed.WALL_CLOCK
    assert report.outcome_of("test_f.py::test_f") is not TestOutcome.PASSED
    forks = "import os\ndef test_fork():\n    if os.fork() == 0: return\n    os.wait()\n"
    report = await run(best, files={"test_g.py": forks}, targets=["test_g.py"])
    assert [item.node_id for item in report.results] == ["test_g.py::test_fork"]


async def test_hash_seed_is_what_was_asked_for(best: Any) -> None:
    """The hash seed reaches the tests."""
    text = "def test_h():\n    import os; assert os.environ['PYTHONHASHSEED'] == '7'\n"
    report = await run(best, files={"test_h.py": text}, targets=["test_h.py"], hash_seed=7)
    assert report.ids(TestOutcome.PASSED) == ("test_h.py::test_h",)


async def test_tests_with_a_local_server(best: Any) -> None:
    """A test may open its own server on its own loopback."""
    text = (
        "import socket\n"
        "def test_s():\n"
        "    with socket.socket() as s:\n"
        "        s.bind(('127.0.0.1', 0)); s.listen()\n"
        "        socket.create_connection(s.getsockname()).close()\n"
    )
    report = await run(best, files={"test_s.py": text}, targets=["test_s.py"])
    assert report.ids(TestOutcome.PASSED) == ("test_s.py::test_s",)


async def test_missing_pytest_is_said(best: Any, tmp_path: Path) -> None:
    """An interpreter without pytest is an error that says how to install it."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(tmp_path / "v")], check=True)
    python = tmp_path / "v" / "bin" / "python"
    runner = PytestRunner(sandbox=best.sandbox, interpreter=python)
    with pytest.raises(RunnerError, match="pip install pytest"):
        await runner.run(RunRequest(root=best.workspace, limits=LIMITS))


CHEATS = {
    "leaves on import": "import os; os._exit(0)",
    "leaves when called": "import os\ndef add(a, b): os._exit(0)",
    "leaves with 1 when called": "import os\ndef add(a, b): os._exit(1)",
    "skips": "import pytest\ndef add(a, b): pytest.skip('x')",
    "expects failure": "import pytest\ndef add(a, b): pytest.xfail('x')",
    "exits pytest": "import pytest\ndef add(a, b): pytest.exit('ok', returncode=0)",
    "exits pytest with 1": "import pytest\ndef add(a, b): pytest.exit('ok', returncode=1)",
    "skips the module": "import pytest\npytest.skip('x', allow_module_level=True)",
    "SystemExit": "raise SystemExit(0)",
    "SystemExit 1": "def add(a, b): raise SystemExit(1)",
    "equals everything": "class E:\n    def __eq__(s, o): return True\ndef add(a, b): return E()",
    "patched TestReport": (
        "import _pytest.reports as p\no = p.TestReport.from_item_and_call\n"
        "def f(cls, item, call):\n    call.excinfo = None; return o.__func__(cls, item, call)\n"
        "p.TestReport.from_item_and_call = classmethod(f)\ndef add(a, b): return 0"
    ),
    "patched runtest": (
        "import _pytest.python as p\np.Function.runtest = lambda self: None\n"
        "def add(a, b): return 0"
    ),
    "kills its process": "import os\ndef add(a, b): os.kill(os.getpid(), 9)",
    "forges without the nonce": (
        "import os, json\n"
        "def add(a, b):\n"
        "    for fd in range(3, 300):\n"
        "        for t in 'ab':\n"
        "            for when in ('setup', 'call', 'teardown'):\n"
        "                e = {'event': 'phase', 'id': 'test_shop.py::test_' + t, 'when': when,\n"
        "                     'outcome': 'passed', 'duration_s': 0, 'xfail': 0, 'text': ''}\n"
        "                try: os.write(fd, (json.dumps(e) + '\\n').encode())\n"
        "                except OSError: pass\n"
        "    os._exit(1)"
    ),
}


@pytest.mark.parametrize("cheat", CHEATS, ids=lambda name: name.replace(" ", "-"))
async def test_cheats_do_not_pass(best: Any, cheat: str) -> None:
    """Known ways to make a red test look green do not give a passed test with failed canaries."""
    report = await run(best, files={"shop.py": CHEATS[cheat]})
    is_passed = all(
        report.outcome_of(f"test_shop.py::test_{name}") is TestOutcome.PASSED for name in "ab"
    )
    assert not (is_passed and report.canaries_failed)


async def test_documented_limit_hard_coded_answers(best: Any) -> None:
    """Answers written down for the tests pass: tests cannot tell, and we only say plausible."""
    report = await run(best, files={"shop.py": "def add(a, b): return [0, 3, 2][a]"})
    assert len(report.ids(TestOutcome.PASSED)) == 2
    assert report.canaries_failed is True


async def test_a_class_that_was_there_is_not_suspected(best: Any, tmp_path: Path) -> None:
    """A project's own equal-to-everything class does not make its files unfixable."""
    root = tmp_path / "other"
    root.mkdir()
    kept = "class ANY:\n    def __eq__(self, other): return True\n"
    (root / "shop.py").write_text(kept + SHOP)
    files = {"shop.py": kept + SHOP.replace("-", "+"), "test_shop.py": TESTS}
    report = await run(best, root=root, files=files)
    assert len(report.ids(TestOutcome.PASSED)) == 2
    assert report.canaries_failed is True
