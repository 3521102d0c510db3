"""Patches that make tests pass without fixing anything are not shown as plausible.

The cases are data in ``tests/cases/cheats``, with the wall that each runs into. The limits are
among them and are asserted as such, so that a wall that comes to hold more is noticed.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ducktypist.syntax.checks import syntax_errors
from ducktypist.verify.go_runner import GoRunner
from ducktypist.verify.go_toolchain import GoToolchain, find_go
from ducktypist.verify.guard import is_protected, literals_of, refusals, special_cases
from ducktypist.verify.pytest_runner import PytestRunner
from support.cheats import LIMITED, STATIC, cheats, expected, patched, verdict_of
from support.sandboxes import sandbox_of

GO_MOD = "module example.org/shop\n\ngo 1.21\n"


ALL = [*cheats("python"), *cheats("go")]
TEXTS = [cheat for cheat in ALL if cheat["wall"] != "protected"]


def title(cheat: dict[str, Any]) -> str:
    """Return what a case is called in the test's name."""
    return f"{cheat['language']}: {cheat['name']}"


def run_cases(language: str) -> list[dict[str, Any]]:
    """Return the cases that their looks do not give away."""
    return [cheat for cheat in cheats(language) if cheat["wall"] not in STATIC]


def test_there_are_enough_kinds() -> None:
    """The data holds at least twenty kinds of Python and six of Go, no name twice."""
    names = [title(cheat) for cheat in ALL]
    assert len(names) == len(set(names))
    assert len(cheats("python")) >= 20
    assert len(cheats("go")) >= 6
    assert {cheat["wall"] for cheat in ALL} == {
        *STATIC,
        *LIMITED,
        "tampered",
        "still_failing",
        "flaky",
        "timeout",
        "broken",
        "regressed",
    }


@pytest.mark.parametrize("cheat", [c for c in ALL if c["wall"] == "protected"], ids=title)
def test_protected_files_are_not_touched(cheat: dict[str, Any], tmp_path: Path) -> None:
    """A patch of such a file is not even made."""
    assert is_protected(Path(cheat["path"]), tmp_path)


@pytest.mark.parametrize("cheat", TEXTS, ids=title)
def test_looks_give_away_what_they_can(cheat: dict[str, Any]) -> None:
    """What is said to be refused is refused, and nothing else is; all of it parses."""
    text = patched(cheat)
    assert not syntax_errors(text, cheat["language"])
    reasons = refusals(cheat["before"], text, cheat["language"])
    assert bool(reasons) == (cheat["wall"] == "refused"), reasons


@pytest.mark.parametrize("cheat", TEXTS, ids=title)
def test_special_cases_are_said(cheat: dict[str, Any]) -> None:
    """A patch that is only demoted knows the test's values, and the limits are known ones."""
    language = cheat["language"]
    literals = literals_of(cheat["test"], language)
    found = special_cases(cheat["before"], patched(cheat), literals, language)
    if cheat["wall"] in LIMITED:
        assert bool(found) == (cheat["wall"] == "demoted"), found


@pytest.mark.sandbox
@pytest.mark.parametrize("cheat", run_cases("python"), ids=title)
async def test_python_cheats_that_are_run(cheat: dict[str, Any], best: Any, tmp_path: Path) -> None:
    """What looks harmless is found out by the run; the documented limits are what they are."""
    root = tmp_path / "shop"
    root.mkdir()
    (root / "shop.py").write_text(cheat["before"])
    (root / "test_shop.py").write_text(cheat["test"])
    runner = PytestRunner(sandbox=best.sandbox, interpreter=best.user_python)
    target = "test_shop.py::test_total"
    verdict = await verdict_of(cheat, runner, root, target, "shop.py", timeout_s=4.0)
    assert verdict.outcome is expected(cheat), verdict.summary


@pytest.fixture(scope="module")
def toolchain(go_cache: Path) -> GoToolchain:
    """The Go of this machine."""
    return find_go(configured="", workspace=go_cache)


@pytest.fixture
async def go_runner(
    go_cache: Path, toolchain: GoToolchain, tmp_path: Path, best_level: int
) -> GoRunner:
    """A runner with the Go of this machine."""
    sandbox = await sandbox_of(best_level, scratch_root=tmp_path / "go-scratch")
    return GoRunner(sandbox=sandbox, toolchain=toolchain, cache_dir=go_cache)


@pytest.mark.sandbox
@pytest.mark.timeout(600)
@pytest.mark.parametrize("cheat", run_cases("go"), ids=title)
async def test_go_cheats_that_are_run(
    cheat: dict[str, Any], go_runner: GoRunner, tmp_path: Path
) -> None:
    """The same for Go."""
    root = tmp_path / "shop"
    root.mkdir()
    (root / "go.mod").write_text(GO_MOD)
    (root / "shop.go").write_text(cheat["before"])
    (root / "shop_test.go").write_text(cheat["test"])
    target = "shop_test.go::TestTotal"
    verdict = await verdict_of(cheat, go_runner, root, target, "shop.go")
    assert verdict.outcome is expected(cheat), verdict.summary
