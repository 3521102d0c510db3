from __future__ import annotations

import asyncio
import secrets
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ducktypist.domain import Killed, TestOutcome, TestReport
from ducktypist.errors import RunnerError, SandboxError
from ducktypist.verify import pytest_trials as module
from ducktypist.verify.pytest_runner import PytestRunner
from ducktypist.verify.pytest_trials import Pace, pytest_trials
from ducktypist.verify.runner import RunRequest
from support.processes import n_running, wait_until
from support.sandboxes import LIMITS, tree_hash

pytestmark = pytest.mark.sandbox

SHOP = Path("shop.py")
WRONG = "def add(a, b):\n    return a - b\n"
RIGHT = "def add(a, b):\n    return a + b\n"
TESTS = (
    "from shop import add\n"
    "def test_a():\n"
    "    assert add(1, 2) == 3\n"
    "def test_b():\n"
    "    assert add(2, 0) == 2\n"
)
TARGET = "test_shop.py::test_a"
SLEEPER = "import time; time.sleep(120)"


class Recorded:
    """A runner that counts the runs which were not tried in the warm process."""

    def __init__(self, runner: PytestRunner) -> None:
        self._runner = runner
        self.n_runs = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._runner, name)

    async def run(self, request: RunRequest) -> TestReport:
        """Count a run and make it."""
        self.n_runs += 1
        return await self._runner.run(request)


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    """A project with one wrong function and two tests."""
    root = tmp_path / "workspace"
    root.mkdir()
    (root / "shop.py").write_text(WRONG)
    (root / "test_shop.py").write_text(TESTS)
    return root


class Kept:
    """Trials and what they did."""

    def __init__(self, trials: Any, runner: Recorded) -> None:
        self.trials = trials
        self.runner = runner

    async def patch(self, text: str = RIGHT, **files: str) -> TestReport:
        """Try a text for ``shop.py``, and others."""
        changed = {Path(name): other for name, other in files.items()}
        return await self.trials.run({SHOP: text, **changed})

    async def outcome(self, text: str, node_id: str = TARGET) -> TestOutcome | None:
        """Try a text and return what became of the target."""
        return (await self.patch(text)).outcome_of(node_id)


@asynccontextmanager
async def trying(bench: Any, **changes: Any) -> AsyncIterator[Kept]:
    """Open trials of the first test."""
    python = changes.pop("python", bench.user_python)
    runner = Recorded(PytestRunner(sandbox=bench.sandbox, interpreter=python))
    pace = changes.pop("pace", None)
    request = RunRequest(
        root=bench.workspace,
        targets=tuple(changes.pop("targets", [TARGET])),
        overlay=changes.pop("overlay", {}),
        canaries=changes.pop("canaries", True),
        hash_seed=changes.pop("hash_seed", 1),
        trace=changes.pop("trace", False),
        limits=replace(LIMITS, **changes),
    )
    async with pytest_trials(
        runner=runner,  # type: ignore[arg-type] - a stand-in with all of its methods
        sandbox=bench.sandbox,
        interpreter=python,
        request=request,
        pace=pace,
    ) as trials:
        yield Kept(trials, runner)


def comparable(report: TestReport) -> Any:
    """Return what two reports of the same thing have in common."""
    return (
        [(item.node_id, item.outcome, item.message, item.frames) for item in report.results],
        report.collected,
        report.exit_status,
        report.killed,
        [(item.node_id, item.outcome, item.frames) for item in report.collection_errors],
    )


PATCHES = {
    "right": RIGHT,
    "wrong": "def add(a, b):\n    return a * b\n",
    "raises": "def add(a, b):\n    raise ValueError(a)\n",
    "does not parse": "def add(a, b:\n    return\n",
    "does not import": "import missing\ndef add(a, b): return 3\n",
    "exits": "import sys\ndef add(a, b): sys.exit(0)\n",
}


async def test_a_trial_says_what_a_run_says(bench: Any) -> None:
    """Outcome, message, frames and status are those of a run of its own."""
    async with trying(bench, canaries=False) as kept:
        warm = [await kept.patch(text) for text in PATCHES.values()]
        assert kept.runner.n_runs == 0
        request = kept.trials._request
        requests = [replace(request, overlay={SHOP: text}) for text in PATCHES.values()]
        cold = [await kept.runner.run(request) for request in requests]
    assert [*map(comparable, warm)] == [*map(comparable, cold)]


async def test_each_patch_has_fresh_modules(bench: Any) -> None:
    """Nothing of one patch is seen by the next, also where size and second are the same."""
    async with trying(bench) as kept:
        before = await asyncio.to_thread(tree_hash, bench.workspace)
        for operator, expected in [
            ("*", "failed"),
            ("+", "passed"),
            ("|", "passed"),
            ("&", "failed"),
        ]:
            text = f"def add(a, b):\n    return a {operator} b\n"
            for _ in range(2):
                assert await kept.outcome(text) == expected
        assert kept.runner.n_runs == 0
        assert await asyncio.to_thread(tree_hash, bench.workspace) == before


async def test_bytecode_that_a_test_writes_is_not_used(best: Any) -> None:
    """Not even bytecode that the code under test insists on writing shadows the next patch."""
    write = "import sys\nsys.dont_write_bytecode = False\nimport helper\nfrom helper import add\n"
    (best.workspace / "helper.py").write_text(WRONG)
    async with trying(best) as kept:
        for body, expected in [(RIGHT, "passed"), (WRONG, "failed"), (RIGHT, "passed")]:
            report = await kept.trials.run({SHOP: write, Path("helper.py"): body})
            assert report.outcome_of(TARGET) == expected
    (best.workspace / "helper.py").unlink()


async def test_bytecode_of_the_user_is_not_used(best: Any) -> None:
    """A ``.pyc`` of the user's own runs is not taken for that of a patch."""
    module_file = best.workspace / "shop.py"
    cache = best.workspace / "__pycache__"
    info = module_file.stat()
    code = f"import py_compile; py_compile.compile({str(module_file)!r})"
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", code)
    assert await process.wait() == 0
    assert len(list(cache.iterdir())) == 1
    # What is compiled there has the size of the patches, which are tried in the same second.
    assert len(WRONG) == len(RIGHT) == info.st_size
    async with trying(best) as kept:
        for text, expected in [(RIGHT, "passed"), (WRONG, "failed"), (RIGHT, "passed")]:
            assert await kept.outcome(text) == expected
    for path in cache.iterdir():
        path.unlink()
    cache.rmdir()


async def test_canaries_are_run_where_all_is_green(bench: Any) -> None:
    """A trial that turns a test green has tests that must fail beside it, others need none."""
    async with trying(bench, targets=["test_shop.py"]) as kept:
        some = await kept.patch("def add(a, b):\n    return 3\n")
        none = await kept.patch("def add(a, b):\n    return 2\n")
        assert some.ids(TestOutcome.FAILED) == none.ids(TestOutcome.PASSED) != ()
        assert (some.canaries_failed, none.canaries_failed) == (True, None)
    async with trying(bench) as kept:
        green, red = await kept.patch(RIGHT), await kept.patch(WRONG)
        assert (green.canaries_failed, red.canaries_failed) == (True, None)
        assert green.collected == (TARGET,)
        liar = "class Any:\n    def __eq__(self, other): return True\nadd = lambda *_: Any()\n"
        assert (await kept.patch(liar)).canaries_failed is not True
    async with trying(bench, canaries=False) as kept:
        assert (await kept.patch(RIGHT)).canaries_failed is None


async def test_several_targets(best: Any) -> None:
    """All targets of the request are run in each trial."""
    async with trying(best, targets=["test_shop.py"]) as kept:
        report = await kept.patch("def add(a, b):\n    return 3\n")
        assert report.ids(TestOutcome.PASSED) == (TARGET,)
        assert report.ids(TestOutcome.FAILED) == ("test_shop.py::test_b",)


async def test_the_requests_own_overlay_stays(best: Any) -> None:
    """What is laid over for the request is what patches are laid on, and what they fall back to."""
    overlay = {Path("shop.py"): "import rate\nadd = rate.add\n", Path("rate.py"): WRONG}
    async with trying(best, overlay=overlay) as kept:
        assert (await kept.trials.run({Path("rate.py"): RIGHT})).outcome_of(TARGET) == "passed"
        assert (await kept.trials.run({})).outcome_of(TARGET) == "failed"
        report = await kept.trials.run({Path("new/deep/x.py"): "1", Path("rate.py"): RIGHT})
        assert report.outcome_of(TARGET) == "passed"
        assert kept.runner.n_runs == 0


DEAF = (
    "import signal, time\n"
    "for n in (1, 2, 15): signal.signal(n, signal.SIG_IGN)\n"
    "def add(a, b):\n    while True: time.sleep(1)\n"
)


async def test_an_endless_loop_costs_its_limit_only(bench: Any) -> None:
    """A loop without end is ended after the trial's own limit, and the next patch is tried."""
    async with trying(bench, pace=Pace(least_s=0.5, factor=0.0)) as kept:
        await kept.patch(WRONG)
        kept.trials._limit_s = 1.0
        for text in (
            "def add(a, b):\n    while True: pass\n",
            "while True: pass\n",
            DEAF,
        ):
            report = await kept.patch(text)
            assert (report.killed, report.exit_status) == (Killed.WALL_CLOCK, None)
            assert report.outcome_of(TARGET) is not TestOutcome.PASSED
        kept.trials._limit_s = 20.0
        assert await kept.outcome(RIGHT) == "passed"
        assert kept.runner.n_runs == 0


async def test_the_limit_follows_the_run_without_a_patch(best: Any) -> None:
    """Trials have several times what the tests took unpatched, never more than a run."""
    async with trying(best, pace=Pace(least_s=0.0, factor=10.0)) as kept:
        await kept.trials.begin()
        assert 0.0 < kept.trials._limit_s <= LIMITS.timeout_s
    async with trying(best, pace=Pace(least_s=15.0, factor=0.0)) as kept:
        await kept.trials.begin()
        assert kept.trials._limit_s == 15.0
    async with trying(best, pace=Pace(least_s=99.0)) as kept:
        await kept.trials.begin()
        assert kept.trials._limit_s == LIMITS.timeout_s


async def test_a_loop_without_a_patch_does_not_cost_the_budget(best: Any) -> None:
    """Where the unpatched code never ends, its own run is cut short, and so are the patches'."""
    overlay = {SHOP: "def add(a, b):\n    while True: pass\n"}
    async with trying(best, overlay=overlay, pace=Pace(least_s=8.0, first_s=1.0)) as kept:
        assert await kept.outcome(RIGHT) == "passed"
        assert kept.trials._limit_s == 8.0
        assert kept.runner.n_runs == 0


async def test_output_fills_no_pipe_and_has_its_end_in_the_report(best: Any) -> None:
    """A patch may write a lot, and what it wrote last is in the report; too much ends it."""
    loud = "import os\nos.write(2, b'y' * 1000000 + b'the end')\n"
    async with trying(best, canaries=False) as kept:
        report = await kept.patch(loud + "import missing_after\n")
        assert report.killed is None
        report = await kept.patch("import os\nos._exit(7)\n")
        assert report.exit_status == 7
        report = await kept.patch(RIGHT)
        assert "1 passed" in report.output_tail


FLOOD = """\
import os, sys
def add(a, b):
    # Past pytest's own capturing, as a native library would write.
    report = sys.modules['_ducktypist_pytest_probe']._FD
    pipes = [int(n) for n in os.listdir('/proc/self/fd') if os.path.exists(f'/proc/self/fd/{n}')
             and os.readlink(f'/proc/self/fd/{n}').startswith('pipe:') and int(n) != report]
    while True: os.write(%s, b'y' * 65536)
"""


@pytest.mark.parametrize(
    ("where", "n_kills"), [("pipes[0]", 0), ("report", 1)], ids=["output", "reports"]
)
async def test_floods_are_stopped(best: Any, where: str, n_kills: int) -> None:
    """Endless output ends the trial, endless reports the process; the next patch is tried."""
    async with trying(best, canaries=False, max_output_bytes=500_000) as kept:
        report = await kept.patch(FLOOD % where)
        assert report.killed is Killed.OUTPUT
        assert kept.trials._n_kills == n_kills
        assert await kept.outcome(RIGHT) == "passed"
        assert kept.runner.n_runs == 0


async def test_ends_of_the_process_are_no_pass(bench: Any) -> None:
    """A patch that ends its process early has not passed, whatever status it chose."""
    async with trying(bench) as kept:
        for text in (
            "import os\nos._exit(0)\n",
            "import os\ndef add(a, b): os._exit(0)\n",
            "import os\ndef add(a, b): os.kill(os.getpid(), 9)\n",
            "import pytest\ndef add(a, b): pytest.exit('done', 0)\n",
        ):
            report = await kept.patch(text)
            assert report.outcome_of(TARGET) is not TestOutcome.PASSED
        assert await kept.outcome(RIGHT) == "passed"
        assert kept.runner.n_runs == 0


async def test_daemons_of_a_patch_are_ended_with_it(bench: Any) -> None:
    """Processes that leave their session and fork twice do not outlive the trial."""
    mark = f"mark_{secrets.token_hex(6)}"
    text = (
        "import os, sys, time\n"
        "def add(a, b):\n"
        "    if os.fork() == 0:\n"
        "        os.setsid()\n"
        "        if os.fork() == 0:\n"
        f"            os.execv(sys.executable, [sys.executable, '-c', {SLEEPER!r}, {mark!r}])\n"
        "        os._exit(0)\n"
        "    time.sleep(0.3)\n"
        "    return a + b\n"
    )
    async with trying(bench) as kept:
        assert await kept.outcome(text) == "passed"
        assert n_running(mark) == 0
        assert await kept.outcome(RIGHT) == "passed"
        assert kept.runner.n_runs == 0


async def test_a_fork_bomb_costs_one_process(bench: Any) -> None:
    """Too many processes end the warm process; the report says so and the next patch is tried."""
    bomb = (
        "import os, time\n"
        "def add(a, b):\n"
        "    while True:\n"
        "        try:\n"
        "            if os.fork() == 0: time.sleep(60)\n"
        "        except OSError: time.sleep(0.01)\n"
        "        time.sleep(0.0005)\n"
    )
    async with trying(bench, max_processes=24) as kept:
        report = await kept.patch(bomb)
        assert report.killed is Killed.PROCESSES
        assert await kept.outcome(RIGHT) == "passed"
        assert kept.runner.n_runs == 0


async def test_a_killed_parent_is_replaced_once(bench: Any) -> None:
    """A patch that kills the warm process is run by itself; the second time, all are."""
    killer = "import os\ndef add(a, b):\n    os.kill(os.getppid(), 9)\n    return a + b\n"
    async with trying(bench) as kept:
        await kept.patch(WRONG)
        assert kept.runner.n_runs == 0
        await kept.patch(killer)
        assert kept.runner.n_runs == 1
        assert await kept.outcome(RIGHT) == "passed"
        assert kept.runner.n_runs == 1
        await kept.patch(killer)
        assert await kept.outcome(RIGHT) == "passed"
        assert await kept.outcome(WRONG) == "failed"
        assert kept.runner.n_runs == 4


async def test_a_stopped_parent_does_not_hang(best: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A patch that stops the warm process has taken too long."""
    monkeypatch.setattr(module, "GRACE_S", 1.0)
    stopper = "import os, signal\ndef add(a, b): os.kill(os.getppid(), signal.SIGSTOP)\n"
    async with trying(best) as kept:
        await kept.trials.begin()
        kept.trials._limit_s = 1.0
        monkeypatch.setattr(module, "GRACE_S", 2.0)
        assert (await kept.patch(stopper)).killed is Killed.WALL_CLOCK
        monkeypatch.undo()
        kept.trials._limit_s = 20.0
        assert await kept.outcome(RIGHT) == "passed"


async def test_commands_cannot_be_read_by_a_patch(bench: Any) -> None:
    """The pipe of commands is closed in a trial, and cannot be had from the parent."""
    spy = (
        "import os, json\n"
        "found = []\n"
        "for pid in ('self', os.getppid()):\n"
        "    try:\n"
        "        names = os.listdir(f'/proc/{pid}/fd')\n"
        "    except OSError:\n"
        "        continue\n"
        "    for name in names:\n"
        "        try:\n"
        "            place = os.readlink(f'/proc/{pid}/fd/{name}')\n"
        "            if place.startswith('pipe:') and pid != 'self': found.append((pid, place))\n"
        "            if place.startswith('pipe:') and pid == 'self':\n"
        "                fd = os.open(f'/proc/self/fdinfo/{name}', os.O_RDONLY)\n"
        "                flags = int(os.read(fd, 100).split(b'flags:')[1].split()[0], 8)\n"
        "                if flags & 3 == os.O_RDONLY: found.append((pid, place))\n"
        "        except OSError:\n"
        "            continue\n"
        "try:\n"
        "    open(f'/proc/{os.getppid()}/mem', 'rb'); found.append('mem')\n"
        "except OSError: pass\n"
        "names = [n for n in os.environ if 'DUCKTYPIST' in n]\n"
        "def add(a, b):\n    assert not found and not names, (found, names)\n    return a + b\n"
    )
    async with trying(bench) as kept:
        report = await kept.patch(spy)
        assert report.outcome_of(TARGET) == "passed", report.results[0].message
        assert kept.runner.n_runs == 0


async def test_forged_reports_end_with_the_trial(best: Any) -> None:
    """A patch that forges its own report, or the end of its trial, deceives no later trial."""
    forger = (
        "import gc, json, os, stat\n"
        "def add(a, b):\n"
        "    found = [o for o in gc.get_objects() if isinstance(o, dict) and 'nonce' in o]\n"
        "    for item in found:\n"
        "        for n in os.listdir('/proc/self/fd'):\n"
        "            fd = int(n)\n"
        "            try:\n"
        "                if not stat.S_ISFIFO(os.fstat(fd).st_mode): continue\n"
        "                for event in ({'event': 'done', 'status': 0, 'killed': '', 'output': '',\n"
        "                    'duration_ms': 1, 'restored': True},):\n"
        "                    line = json.dumps({'nonce': item['nonce'], **event})\n"
        "                    os.write(fd, ('\\n' + line + '\\n').encode())\n"
        "            except OSError: pass\n"
        "    import time; time.sleep(0.3)\n"
        "    return a + b\n"
    )
    async with trying(best) as kept:
        # Its own trial has ended in the middle of the test.
        assert await kept.outcome(forger) is TestOutcome.ERROR
        assert await kept.outcome(WRONG) == "failed"
        assert await kept.outcome(RIGHT) == "passed"
        assert await kept.outcome(WRONG) == "failed"


async def test_what_a_patch_leaves_behind_is_removed(bench: Any) -> None:
    """Files that one trial makes, in the tree or the temporary folder, are gone for the next."""
    maker = (
        "import os, pathlib, tempfile\n"
        "places = [pathlib.Path('left/deep'), pathlib.Path(tempfile.gettempdir(), 'left')]\n"
        "seen = [place.exists() for place in places]\n"
        "for place in places:\n"
        "    place.mkdir(parents=True)\n"
        "    (place / 'file').write_text('x')\n"
        "    (place / 'link').symlink_to('/etc')\n"
        "    os.chmod(place, 0)\n"
        "def add(a, b):\n    assert not any(seen)\n    return a + b\n"
    )
    async with trying(bench, canaries=False) as kept:
        for _ in range(3):
            assert await kept.outcome(maker) == "passed"
        assert kept.runner.n_runs == 0


@pytest.mark.parametrize(
    "spoil",
    [
        "open('test_shop.py', 'w').write('def test_a(): pass\\n')",
        "os.remove('data.txt')",
        "shutil.rmtree('folder'); os.mkdir('folder')",
        "os.remove('shop.py'); os.symlink('/dev/zero', 'shop.py')",
        "os.rename('folder', 'other')",
    ],
)
async def test_other_files_are_as_they_were_for_the_next_patch(bench: Any, spoil: str) -> None:
    """A patch that changes tests or data does so for itself only."""
    (bench.workspace / "folder").mkdir()
    (bench.workspace / "folder" / "a").write_text("a")
    (bench.workspace / "data.txt").write_text("data")
    check = (
        "from pathlib import Path\n"
        "def add(a, b):\n"
        "    assert Path('data.txt').read_text() == 'data'\n"
        "    assert Path('folder/a').read_text() == 'a'\n"
        "    return a - b\n"
    )
    right = check.replace("a - b", "a + b")
    spoiler = f"import os, shutil\n{spoil}\n{RIGHT}"
    before = await asyncio.to_thread(tree_hash, bench.workspace)
    async with trying(bench, canaries=False) as kept:
        assert await kept.outcome(right) == "passed"
        await kept.patch(spoiler)
        assert await kept.outcome(right) == "passed"
        assert await kept.outcome(check) == "failed"
        assert kept.runner.n_runs == 0
        assert await asyncio.to_thread(tree_hash, bench.workspace) == before
    (bench.workspace / "folder" / "a").unlink()
    (bench.workspace / "folder").rmdir()
    (bench.workspace / "data.txt").unlink()


async def test_tests_that_change_the_tree_anyway_are_run_by_themselves(best: Any) -> None:
    """Where the unpatched code changes the workspace's files, nothing is tried in the process."""
    overlay = {Path("conftest.py"): "open('log.txt', 'a').write('x')\n", Path("log.txt"): ""}
    async with trying(best, overlay=overlay) as kept:
        assert await kept.outcome(RIGHT) == "passed"
        assert kept.runner.n_runs == 1


async def test_random_numbers_differ_and_hashes_do_not(best: Any) -> None:
    """Each trial has its own random numbers, and the hash seed that was asked for."""
    text = (
        "import random\n"
        "def add(a, b):\n    raise ValueError(f'{random.random()} {hash(\"text\")}')\n"
    )
    said = []
    async with trying(best, hash_seed=7) as kept:
        for _ in range(2):
            report = await kept.patch(text)
            line = next(x for x in report.results[0].message.splitlines() if x.startswith("E "))
            said.append(line.split()[-2:])
        cold = await kept.runner.run(replace(kept.trials._request, overlay={SHOP: text}))
    line = next(x for x in cold.results[0].message.splitlines() if x.startswith("E "))
    (first, one), (second, two) = said
    assert first != second
    assert one == two == line.split()[-1]


async def test_plugins_work_as_in_a_run(best: Any) -> None:
    """With many plugins installed, fixtures and assertion rewriting are those of a run."""
    tests = (
        "import asyncio, pytest\n"
        "from hypothesis import given, settings, strategies\n"
        "from shop import add\n"
        "@pytest.mark.asyncio\n"
        "async def test_async():\n"
        "    await asyncio.sleep(0)\n"
        "    assert add(1, 2) == 3\n"
        "@settings(max_examples=5, database=None)\n"
        "@given(strategies.integers())\n"
        "def test_given(n): assert add(n, 0) == n\n"
        "def test_fixtures(tmp_path, monkeypatch, capfd):\n"
        "    print('hello'); assert capfd.readouterr().out == 'hello\\n'\n"
        "    assert add({'a': 1}['a'], 2) == 3\n"
    )
    overlay = {
        Path("test_more.py"): tests,
        Path("pytest.ini"): "[pytest]\nfilterwarnings = error\n"
        "asyncio_default_fixture_loop_scope = function\n",
    }
    changes = {"overlay": overlay, "targets": ["test_more.py"], "python": Path(sys.executable)}
    async with trying(best, max_memory_bytes=2 * 1024**3, **changes) as kept:
        for text in (RIGHT, WRONG, RIGHT):
            warm = await kept.patch(text)
            request = replace(kept.trials._request, overlay={**overlay, SHOP: text})
            cold = await kept.runner.run(request)
            assert [x.outcome for x in warm.results] == [x.outcome for x in cold.results]
            assert warm.collected == cold.collected
            assert (warm.canaries_failed is True) == (text == RIGHT)
        # The three runs to compare with, and no other.
        assert kept.runner.n_runs == 3


async def test_a_plugin_of_the_workspace_is_fresh_each_time(best: Any) -> None:
    """A plugin that the tests name and that lies in the workspace can be patched as well."""
    overlay = {
        Path("conftest.py"): "pytest_plugins = ['own_plugin']\n",
        Path("own_plugin.py"): "import pytest\n@pytest.fixture\ndef three(): return 4\n",
        Path("test_shop.py"): "def test_a(three): assert three == 3\n",
    }
    async with trying(best, overlay=overlay) as kept:
        for value, expected in [(3, "passed"), (5, "failed"), (3, "passed")]:
            patched = overlay[Path("own_plugin.py")].replace("4", str(value))
            report = await kept.trials.run({Path("own_plugin.py"): patched})
            assert report.outcome_of(TARGET) == expected
        assert kept.runner.n_runs == 0


async def test_lines_are_traced_when_asked_for(best: Any) -> None:
    """A request that traces has the lines that ran in every trial's report."""
    async with trying(best, trace=True, canaries=False) as kept:
        (result,) = (await kept.patch(WRONG)).results
        assert (best.workspace / "shop.py", 2) in {(f.path, f.line) for f in result.executed}


async def test_cancelling_a_trial_leaves_nothing_and_the_next_one_works(bench: Any) -> None:
    """A trial that is cancelled takes its process along; others can follow."""
    mark = f"mark_{secrets.token_hex(6)}"
    text = (
        "import subprocess, sys\n"
        f"def add(a, b): subprocess.run([sys.executable, '-c', {SLEEPER!r}, {mark!r}])\n"
    )
    async with trying(bench, pace=Pace(least_s=20.0)) as kept:
        task = asyncio.create_task(kept.patch(text))
        await wait_until(lambda: task.done() or n_running(mark) >= 1, wait_s=30)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert n_running(mark) == 0
        assert list(bench.scratch_root.iterdir()) == []
        assert await kept.outcome(RIGHT) == "passed"
        assert kept.runner.n_runs == 0


@pytest.mark.parametrize("n_ms", [0, 5, 50, 200, 600])
async def test_leaving_at_any_moment_leaves_nothing(best: Any, n_ms: int) -> None:
    """The process, its mount and its scratch are gone when the block is left, however early."""
    async with trying(best):
        await asyncio.sleep(n_ms / 1000)
    assert not best.scratch_root.is_dir() or list(best.scratch_root.iterdir()) == []
    assert n_running(str(best.scratch_root)) == 0


async def test_trials_that_are_asked_for_at_once_take_turns(best: Any) -> None:
    """Several tasks may share the trials."""
    texts: Mapping[str, str] = {RIGHT: "passed", WRONG: "failed"}
    async with trying(best) as kept:
        asked = [*texts] * 2
        found = await asyncio.gather(*(kept.outcome(text) for text in asked))
    assert found == [texts[text] for text in asked]


async def test_what_cannot_be_run_is_an_error(best: Any, tmp_path: Path) -> None:
    """Paths that lead out, options as targets and a Python without pytest are refused."""
    async with trying(best) as kept:
        with pytest.raises(SandboxError):
            await kept.trials.run({Path("../shop.py"): RIGHT})
        assert await kept.outcome(RIGHT) == "passed"
    async with trying(best, targets=["--version"]) as kept:
        with pytest.raises(RunnerError, match="option"):
            await kept.patch()
    bare = tmp_path / "bare" / "bin" / "python"
    bare.parent.mkdir(parents=True)
    bare.symlink_to(sys.executable)
    (bare.parent.parent / "pyvenv.cfg").write_text("home = /nowhere\n")
    async with trying(best, python=bare) as kept:
        with pytest.raises(RunnerError, match="no pytest"):
            await kept.patch()


async def test_the_runners_trials_are_these(best: Any) -> None:
    """The runner for pytest gives trials in a warm process."""
    runner = PytestRunner(sandbox=best.sandbox, interpreter=best.user_python)
    request = RunRequest(root=best.workspace, targets=(TARGET,), limits=LIMITS)
    async with runner.trials(request) as trials:
        assert isinstance(trials, module._WarmTrials)
        assert (await trials.run({SHOP: RIGHT})).outcome_of(TARGET) == "passed"
