from __future__ import annotations

import asyncio
import hashlib
import subprocess
import zipfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ducktypist.domain import Killed, Outcome, TestOutcome, TestReport
from ducktypist.errors import RunnerError
from ducktypist.verify.go_cache import take_over
from ducktypist.verify.go_plan import run_pattern
from ducktypist.verify.go_runner import GoRunner
from ducktypist.verify.runner import RunRequest
from ducktypist.verify.verdict import judge_fix
from support.runners import GO, GO_LIMITS, Places, go_runner, missing, toolchain
from support.sandboxes import sandbox_of

pytestmark = [
    pytest.mark.sandbox,
    pytest.mark.timeout(900),
    pytest.mark.skipif(bool(missing(GO)), reason=missing(GO)),
]

MODULE = "module example.com/shop\n\ngo 1.20\n"
CODE = """package shop

func Add(a, b int) int {
\tif a > 100 {
\t\treturn 0
\t}
\treturn a - b
}

func At(items []int, at int) int {
\treturn items[at]
}
"""
TESTS = """package shop

import "testing"

func TestAdd(t *testing.T) {
\tfor name, c := range map[string][3]int{"with zero": {2, 0, 2}, "a/b (x|y)": {1, 2, 3}} {
\t\tc := c
\t\tt.Run(name, func(t *testing.T) {
\t\t\tt.Log("adding")
\t\t\tif got := Add(c[0], c[1]); got != c[2] {
\t\t\t\tt.Errorf("got %d", got)
\t\t\t}
\t\t})
\t}
}

func TestAt(t *testing.T) {
\tAt(nil, 3)
}

func TestGood(t *testing.T) {
\tif Add(101, 1) != 0 {
\t\tt.Fatal("not 0")
\t}
}
"""
FIXED = CODE.replace("a - b", "a + b")
ODD = "shop_test.go::TestAdd/a/b_(x|y)"


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    """A module with a wrong function, subtests with odd names and a panic."""
    root = tmp_path / "workspace"
    root.mkdir()
    for name, text in {"go.mod": MODULE, "shop.go": CODE, "shop_test.go": TESTS}.items():
        (root / name).write_text(text)
    return root


@pytest.fixture
def runner(best: Any, go_cache: Path) -> GoRunner:
    """A runner in the best sandbox."""
    return go_runner(Places(sandbox=best.sandbox, user_python=best.user_python, go_cache=go_cache))


def sizes(folder: Path) -> dict[str, int]:
    """Return the size of each file below a folder."""
    return {str(path): path.stat().st_size for path in folder.rglob("*") if path.is_file()}


async def run(
    runner: GoRunner,
    root: Path,
    *targets: str,
    files: Mapping[str, str] | None = None,
    timeout_s: float = 60.0,
    **changes: Any,
) -> TestReport:
    """Run some tests with files laid over."""
    return await runner.run(
        RunRequest(
            root=root,
            limits=replace(GO_LIMITS, timeout_s=timeout_s),
            targets=targets,
            overlay={Path(name): text for name, text in (files or {}).items()},
            **changes,
        )
    )


async def test_subtests_are_tests(runner: GoRunner, workspace: Path) -> None:
    """A subtest has its own outcome; the test around it says what failed below, and where."""
    report = await run(runner, workspace, "shop_test.go::TestAdd")
    assert {result.node_id: result.outcome for result in report.results} == {
        "shop_test.go::TestAdd": TestOutcome.FAILED,
        "shop_test.go::TestAdd/with_zero": TestOutcome.PASSED,
        ODD: TestOutcome.FAILED,
    }
    around = next(result for result in report.results if result.node_id.endswith("TestAdd"))
    assert "got -1" in around.message
    assert [frame.line for frame in around.frames] == [11]


async def test_one_subtest_is_a_target(runner: GoRunner, workspace: Path) -> None:
    """A subtest runs without its siblings, whatever is in its name."""
    report = await run(runner, workspace, ODD, "shop_test.go::TestGood")
    assert set(report.collected) == {"shop_test.go::TestAdd", ODD, "shop_test.go::TestGood"}
    assert report.canaries_failed is True


async def test_a_panic_has_its_stack(runner: GoRunner, workspace: Path) -> None:
    """The frames of a panic go from the test to the line that panicked; Go's own are left out."""
    report = await run(runner, workspace, "shop_test.go::TestAt")
    (result,) = report.results
    assert result.outcome is TestOutcome.FAILED
    assert [(frame.path.name, frame.line, frame.function) for frame in result.frames] == [
        ("shop_test.go", 18, "TestAt"),
        ("shop.go", 11, "At"),
    ]
    assert "index out of range" in result.message
    assert "testing.go" not in result.message
    assert report.canaries_failed is True


async def test_a_loop_without_end_is_located(runner: GoRunner, workspace: Path) -> None:
    """A test whose time is over says where it was, although it never gave up its processor."""
    # Inlined, the loop's one instruction may count as its caller's.
    head = CODE.replace("func Add", "//go:noinline\nfunc Add")
    endless = head.replace("return a - b", "for {\n\t\ta++\n\t}")
    seen: list[set[str]] = []
    # The goroutine may move to another thread in the moment in which it is asked.
    for _ in range(4):
        report = await run(
            runner, workspace, "shop_test.go::TestAdd", files={"shop.go": endless}, timeout_s=20.0
        )
        assert report.killed is Killed.WALL_CLOCK
        stuck = [result for result in report.results if result.frames]
        assert all(result.outcome is TestOutcome.ERROR for result in stuck)
        seen += [{frame.path.name for frame in result.frames} for result in stuck]
        if {"shop_test.go", "shop.go"} in seen:
            break
    assert {"shop_test.go", "shop.go"} in seen


async def test_the_lines_of_each_test(runner: GoRunner, workspace: Path) -> None:
    """A traced run says which lines ran, test by test, also of a test that panics."""
    report = await run(runner, workspace, trace=True)
    covered = {
        result.node_id.partition("::")[2]: [(item.path.name, item.lines) for item in result.covered]
        for result in report.results
    }
    assert covered["TestGood"] == [("shop.go", (4, 5))]
    assert covered["TestAdd/with_zero"] == [("shop.go", (4, 7))]
    assert covered["TestAt"] == [("shop.go", (11,))]


async def test_a_race_is_found(runner: GoRunner, workspace: Path) -> None:
    """With the race detector a test that races fails and says so; without it, it passes."""
    files = {
        "race_test.go": (
            'package shop\n\nimport (\n\t"sync"\n\t"testing"\n)\n\n'
            "func TestRace(t *testing.T) {\n\tn := 0\n\tvar wait sync.WaitGroup\n"
            "\tfor i := 0; i < 4; i++ {\n\t\twait.Add(1)\n\t\tgo func() {\n\t\t\tn++\n"
            "\t\t\twait.Done()\n\t\t}()\n\t}\n\twait.Wait()\n}\n"
        )
    }
    target = "race_test.go::TestRace"
    plain = await run(runner, workspace, target, files=files)
    assert plain.outcome_of(target) is TestOutcome.PASSED
    found = await asyncio.to_thread(toolchain)
    assert found is not None
    if found.compiler is None:
        with pytest.raises(RunnerError, match="C compiler"):
            await run(runner, workspace, target, files=files, race=True)
        return
    report = await run(runner, workspace, target, files=files, race=True, repeats=3)
    assert report.outcome_of(target) is TestOutcome.FAILED
    assert "WARNING: DATA RACE" in report.results[0].message
    assert report.results[0].frames[-1].line == 14
    assert report.canaries_failed is True


CHEATS = {
    "leaves in init": CODE + "\nfunc init() { exit(0) }\n",
    "leaves when called": CODE.replace("if a > 100 {", "exit(0)\n\tif a > 100 {"),
    "another truth": CODE + "\nconst (\n\tfalse = 1 == 1\n\ttrue = 1 != 1\n)\n",
    "does not build": CODE.replace("a - b", "nonsense"),
    "panics": CODE.replace("return a - b", 'panic("no")'),
}
EXIT = 'package shop\n\nimport "syscall"\n\nfunc exit(code int) { syscall.Exit(code) }\n'


@pytest.mark.parametrize("name", CHEATS)
async def test_a_cheating_patch_is_not_plausible(
    runner: GoRunner, workspace: Path, name: str
) -> None:
    """What leaves the program, or makes all tests pass, is found out."""
    target = "shop_test.go::TestAdd"
    before = await run(runner, workspace, target, files={"exit.go": EXIT})
    after = await run(runner, workspace, target, files={"exit.go": EXIT, "shop.go": CHEATS[name]})
    verdict = judge_fix(
        target=target, before=before, after=[after], suite_before=None, suite_after=None, level=4
    )
    assert verdict.outcome not in {Outcome.PLAUSIBLE, Outcome.NOT_RUN}


async def test_a_right_patch_is_plausible(runner: GoRunner, workspace: Path) -> None:
    """The right patch passes with the other tests, one of which still panics."""
    target = "shop_test.go::TestAdd"
    before = await run(runner, workspace, target)
    after = await run(runner, workspace, target, files={"shop.go": FIXED}, hash_seed=3)
    suite_before = await run(runner, workspace)
    suite = await run(runner, workspace, files={"shop.go": FIXED})
    verdict = judge_fix(
        target=target,
        before=before,
        after=[after],
        suite_before=suite_before,
        suite_after=suite,
        level=4,
    )
    assert verdict.outcome is Outcome.PLAUSIBLE, verdict.summary


async def test_a_main_that_hides_failures_is_found_out(runner: GoRunner, workspace: Path) -> None:
    """A ``TestMain`` that reports success for failed tests makes the canaries unsound."""
    main = (
        'package shop\n\nimport (\n\t"os"\n\t"testing"\n)\n\n'
        "func TestMain(m *testing.M) {\n\tm.Run()\n\tos.Exit(0)\n}\n"
    )
    report = await run(runner, workspace, "shop_test.go::TestGood", files={"main_test.go": main})
    assert report.outcome_of("shop_test.go::TestGood") is TestOutcome.PASSED
    assert report.canaries_failed is False


async def test_packages_and_modules(runner: GoRunner, workspace: Path) -> None:
    """Tests of every package run: external ones, nested modules, and folders without a module."""
    inner = workspace / "tools"
    files = {
        "tools/go.mod": "module example.com/tools\n\ngo 1.20\n",
        "tools/cmd/x_test.go": (
            'package main\n\nimport "testing"\n\nfunc TestTool(t *testing.T) {}\n'
        ),
        "tools/cmd/x.go": "package main\n\nfunc main() {}\n",
        "ext/ext.go": "package ext\n\nconst One = 1\n",
        "ext/ext_test.go": (
            'package ext_test\n\nimport (\n\t"testing"\n\n\t"example.com/shop/ext"\n)\n\n'
            "func TestExt(t *testing.T) {\n\tif ext.One != 1 {\n\t\tt.Fail()\n\t}\n}\n"
        ),
        "testdata/bad_test.go": "this is not Go\n",
        "shop_test.go": TESTS.replace("At(nil, 3)", ""),
        "shop.go": FIXED,
    }
    assert not inner.exists()
    report = await run(runner, workspace, files=files)
    assert report.collection_errors == ()
    assert report.canaries_failed is True
    assert {"ext/ext_test.go::TestExt", "tools/cmd/x_test.go::TestTool"} <= set(
        report.ids(TestOutcome.PASSED)
    )


async def test_a_folder_without_a_module(runner: GoRunner, tmp_path: Path) -> None:
    """Go files without a ``go.mod`` are tested as a module of their own."""
    bare = tmp_path / "bare"
    bare.mkdir()
    (bare / "shop.go").write_text(CODE)
    (bare / "shop_test.go").write_text(TESTS)
    report = await run(runner, bare, "shop_test.go::TestGood")
    assert report.outcome_of("shop_test.go::TestGood") is TestOutcome.PASSED
    assert sorted(path.name for path in bare.iterdir()) == ["shop.go", "shop_test.go"]


async def test_a_panic_hides_no_other_test(runner: GoRunner, workspace: Path) -> None:
    """Tests behind one that panics are run all the same."""
    report = await run(runner, workspace)
    assert report.outcome_of("shop_test.go::TestAt") is TestOutcome.FAILED
    assert report.outcome_of("shop_test.go::TestGood") is TestOutcome.PASSED
    assert report.canaries_failed is True


async def test_a_run_leaves_the_cache_alone(
    runner: GoRunner, workspace: Path, go_cache: Path
) -> None:
    """What a patched tree builds, and what its tests write, never gets into the cache."""
    await run(runner, workspace, "shop_test.go::TestGood")
    cache = go_cache / "go-build"
    before = await asyncio.to_thread(sizes, cache)
    evil = TESTS.replace(
        'import "testing"', 'import (\n\t"os"\n\t"path/filepath"\n\t"testing"\n)'
    ).replace(
        "At(nil, 3)",
        'files, _ := filepath.Glob(os.Getenv("GOCACHE") + "/*/*")\n'
        "\tfor _, file := range files {\n\t\tos.WriteFile(file, nil, 0o644)\n\t}\n"
        "\tif len(files) == 0 {\n\t\tt.Fatal()\n\t}",
    )
    report = await run(
        runner, workspace, "shop_test.go::TestAt", files={"shop_test.go": evil, "shop.go": FIXED}
    )
    assert report.outcome_of("shop_test.go::TestAt") is TestOutcome.PASSED
    assert await asyncio.to_thread(sizes, cache) == before


def test_only_sound_entries_are_taken_over(tmp_path: Path) -> None:
    """An entry whose content has another hash than its name says, or is a link, is left."""
    written, kept = tmp_path / "written", tmp_path / "kept"
    kept.mkdir()
    names = {}
    for number, kind in enumerate(("sound", "forged", "linked", "short")):
        content = f"content {kind}".encode()
        output = hashlib.sha256(content).hexdigest()
        action = f"{number:064x}"
        names[kind] = action
        index = written / action[:2] / f"{action}-a"
        data = written / output[:2] / f"{output}-d"
        for path in (index, data):
            path.parent.mkdir(parents=True, exist_ok=True)
        index.write_text(f"v1 {action} {output} {len(content):20d} {1:20d}\n")
        if kind == "linked":
            (tmp_path / "elsewhere").write_bytes(content)
            data.symlink_to(tmp_path / "elsewhere")
        else:
            data.write_bytes(
                {"forged": b"evil".ljust(len(content)), "short": b""}.get(kind, content)
            )
    assert take_over(written, kept) == 1
    actions = {path.name for path in kept.rglob("*-a")}
    assert actions == {f"{names['sound']}-a"}


def test_patterns_match_exactly() -> None:
    """A pattern quotes what has a meaning, and nothing else."""
    assert run_pattern(["TestA", "TestB/x y/[1]"], subtests=True) == (
        r"^TestA$|^TestB$/^x y$/^\[1\]$"
    )
    assert run_pattern(["TestA/x", "TestA", "TestB"], subtests=False) == "^(TestA|TestB)$"


async def test_every_level_runs_it(
    level: int, scratch_root: Path, workspace: Path, go_cache: Path
) -> None:
    """The build cache works, and stays unwritten, at every sandbox level."""
    sandbox = await sandbox_of(level, scratch_root=scratch_root)
    found = await asyncio.to_thread(toolchain)
    assert found is not None
    runner = GoRunner(sandbox=sandbox, toolchain=found, cache_dir=go_cache)
    report = await run(runner, workspace, ODD, files={"shop.go": FIXED})
    assert report.outcome_of(ODD) is TestOutcome.PASSED
    assert report.canaries_failed is True


async def test_trials_go_on_after_a_loop(runner: GoRunner, workspace: Path) -> None:
    """A patch that never ends costs one trial, and what a test wrote is gone in the next."""
    writes = TESTS.replace('import "testing"', 'import (\n\t"os"\n\t"testing"\n)').replace(
        't.Log("adding")',
        'if _, err := os.Stat("left"); err == nil {\n\t\t\t\tt.Fatal("left")\n\t\t\t}\n'
        '\t\t\tt.Cleanup(func() { os.WriteFile("left", nil, 0o644) })',
    )
    request = RunRequest(
        root=workspace,
        limits=replace(GO_LIMITS, timeout_s=30.0),
        targets=("shop_test.go::TestAdd/with_zero",),
        overlay={Path("shop_test.go"): writes},
    )
    async with runner.trials(request) as trials:
        endless = await trials.run({Path("shop.go"): CODE.replace("return a - b", "for {\n\t}")})
        assert endless.killed is Killed.WALL_CLOCK
        for _ in range(2):
            report = await trials.run({Path("shop.go"): FIXED})
            assert set(report.ids(TestOutcome.PASSED)) == set(report.collected)
            assert report.collected


async def test_modules_come_from_the_users_cache(best: Any, tmp_path: Path, go_cache: Path) -> None:
    """A module that was downloaded before is found, and nothing is written to where it lies."""
    modules = tmp_path / "modules"
    await asyncio.to_thread(download_a_module, tmp_path / "proxy", modules)
    before = await asyncio.to_thread(sizes, modules)
    root = tmp_path / "user"
    root.mkdir()
    (root / "go.mod").write_text(f"{MODULE}\nrequire example.com/dep v1.0.0\n")
    (root / "x_test.go").write_text(
        'package x\n\nimport (\n\t"testing"\n\n\t"example.com/dep"\n)\n\n'
        "func TestTwo(t *testing.T) {\n\tif dep.Two() != 2 {\n\t\tt.Fail()\n\t}\n}\n"
    )
    found = await asyncio.to_thread(toolchain)
    assert found is not None
    runner = GoRunner(
        sandbox=best.sandbox,
        toolchain=replace(found, module_cache=modules),
        cache_dir=go_cache,
    )
    report = await run(runner, root, "x_test.go::TestTwo")
    assert report.outcome_of("x_test.go::TestTwo") is TestOutcome.PASSED, report.output_tail
    assert await asyncio.to_thread(sizes, modules) == before


def download_a_module(proxy: Path, modules: Path) -> None:
    """Fill a module cache from a proxy that is a folder."""
    found = toolchain()
    assert found is not None
    place = proxy / "example.com" / "dep" / "@v"
    place.mkdir(parents=True)
    module = "module example.com/dep\n\ngo 1.20\n"
    (place / "list").write_text("v1.0.0\n")
    (place / "v1.0.0.info").write_text('{"Version":"v1.0.0"}')
    (place / "v1.0.0.mod").write_text(module)
    with zipfile.ZipFile(place / "v1.0.0.zip", "w") as archive:
        archive.writestr("example.com/dep@v1.0.0/go.mod", module)
        archive.writestr(
            "example.com/dep@v1.0.0/dep.go", "package dep\n\nfunc Two() int { return 2 }\n"
        )
    (proxy / "go.mod").write_text("module x\n\ngo 1.20\n")
    subprocess.run(
        [found.go, "mod", "download", "-modcacherw", "example.com/dep@v1.0.0"],
        cwd=proxy,
        env={
            "HOME": str(proxy),
            "GOMODCACHE": str(modules),
            "GOPROXY": proxy.as_uri(),
            "GOSUMDB": "off",
            "GOTOOLCHAIN": "local",
            "GOTELEMETRY": "off",
        },
        check=True,
    )
