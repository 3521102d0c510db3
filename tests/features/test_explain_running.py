from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from ducktypist.features.explain import ExplainRequest
from ducktypist.features.explain.running import results_of
from ducktypist.features.grounds import Grounds
from ducktypist.verify.sandbox import SandboxStatus
from support.explaining import CONFIG, bundled_sources, explaining
from support.workbench import bench_of, document_of, grounds_in

TEXT = """import time

def mean(values, scale=1):
    if not values:
        raise ValueError("no values")
    return scale * sum(values) / len(values)

def letters(word):
    return set(word)

def noisy(n):
    print(n)
    return n

def grown(items):
    items.append(1)
    return items

def thing():
    return object()

def clock():
    return time.time()

class Basket:
    def total(self):
        return 0
"""
CALLS = ("mean([1, 2])", "mean([1,2])", "mean([4], scale=2)", "mean([])", "mean(x)", "other(1)")


@pytest.fixture
def grounds(workspace: Path, scratch_root: Path, sandbox_level: SandboxStatus) -> Grounds:
    """A workspace whose file on disk is older than its text."""
    (workspace / "figures.py").write_text("def mean(values):\n    return 0\n")
    return grounds_in(workspace, sandbox_level, scratch_root)


async def run(grounds: Grounds, function: str, *calls: str) -> dict[str, str]:
    """Run calls of a function of the text."""
    path = grounds.root / "figures.py"
    return dict(await results_of(calls, function=function, path=path, text=TEXT, grounds=grounds))


@pytest.mark.sandbox
async def test_literal_calls_of_a_pure_function_are_run(grounds: Grounds) -> None:
    """The unsaved text counts; each way of writing a call gets its result, others get none."""
    assert await run(grounds, "mean", *CALLS) == {
        "mean([1, 2])": "1.5",
        "mean([1,2])": "1.5",
        "mean([4], scale=2)": "8.0",
        "mean([])": "raises ValueError: no values",
    }


@pytest.mark.sandbox
async def test_sets_are_shown_as_python_writes_them(grounds: Grounds) -> None:
    """An empty set is no dictionary."""
    found = await run(grounds, "letters", "letters('a')", "letters('')")
    assert found == {"letters('a')": "{'a'}", "letters('')": "set()"}


@pytest.mark.sandbox
@pytest.mark.parametrize("call", ["noisy(1)", "grown([])", "thing()"])
async def test_more_or_less_than_a_value_is_no_result(grounds: Grounds, call: str) -> None:
    """Output, changed arguments and objects without a literal are not compared with prose."""
    assert await run(grounds, call.partition("(")[0], call) == {}


@pytest.mark.parametrize("call", ["clock()", "total()", "missing(1)"])
async def test_nothing_else_is_run(grounds: Grounds, call: str) -> None:
    """Impure functions, methods and functions that are not there have no results."""
    name = call.partition("(")[0]
    function = "Basket.total" if name == "total" else name
    assert await run(grounds, function, call) == {}


async def test_a_file_elsewhere_is_not_run(grounds: Grounds, tmp_path: Path) -> None:
    """Only what lies in the workspace runs, and only Python."""
    elsewhere = tmp_path / "elsewhere.py"
    for path in (elsewhere, grounds.root / "figures.go"):
        found = await results_of(
            ["mean([1])"], function="mean", path=path, text=TEXT, grounds=grounds
        )
        assert found == {}


@pytest.mark.sandbox
@pytest.mark.parametrize(("trusted", "shown"), [(True, "`3`"), (False, "`4` (?)")])
async def test_what_a_prose_says_that_a_call_gives_is_run(
    tmp_path: Path, workspace: Path, grounds: Grounds, *, trusted: bool, shown: str
) -> None:
    """In a trusted folder a wrong value is replaced by the real one; elsewhere it is marked."""
    text = "def add(a, b):\n    return a + b\n"
    path = workspace / "figures.py"
    document = replace(document_of(text), path=path, uri=path.as_uri())

    async def here() -> Grounds:
        return grounds

    rules = [{"reply": "For example, `add(1, 2)` gives `4`."}]
    async with bench_of(tmp_path, rules) as bench:
        answer = await explaining().explain(
            ExplainRequest(document=document, offset=5, root=workspace, trusted=trusted),
            workbench=bench.workbench,
            sources=bundled_sources(),
            config=CONFIG,
            grounds=here,
        )
    assert answer is not None
    assert f"`add(1, 2)` gives {shown}" in answer.prose
    assert (answer.claims.n_contradicted > 0) is trusted
