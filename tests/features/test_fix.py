from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ducktypist.config import FixConfig
from ducktypist.domain import (
    FailingTest,
    FinishReason,
    Kind,
    Outcome,
    Rung,
    Source,
    StopName,
    StopRule,
)
from ducktypist.engine.scripted import flatten
from ducktypist.features.fix import FixProposal, FixRequest, fix
from ducktypist.features.fix.questions import MAX_HOLES
from ducktypist.verify.sandbox import SandboxStatus
from support.engines import until_async
from support.sandboxes import tree_hash
from support.workbench import Bench, bench_of, grounds_in, write_tree

pytestmark = pytest.mark.sandbox

CONFIG = FixConfig(repeats=1, max_candidates=6, more_s=0.0, sources=("line", "rewrite"))
"""Nothing by rule, and the first plausible patch is taken."""
TARGET = "tests/test_rows.py::test_last_row_is_kept"
ROWS = '''\
"""Rows of a table."""


def chunks(items, size):
    """Return neighbouring items in lists of ``size``."""
    found = []
    for start in range(0, len(items) - 1, size):
        found.append(items[start : start + size])
    return found
'''
TESTS = """\
from rows import chunks


def test_last_row_is_kept():
    assert chunks([1, 2, 3], 2) == [[1, 2], [3]]


def test_full_rows():
    assert chunks([1, 2, 3, 4], 2) == [[1, 2], [3, 4]]


def test_nothing():
    assert chunks([], 2) == []
"""
RIGHT = "for start in range(0, len(items), size):\n"


def hole(line_before: str, *replies: str) -> dict[str, Any]:
    """Return a rule for the question whose hole follows a line."""
    return {"kind": "infill", "match": f"{line_before}\\n +<HOLE>", "replies": list(replies)}


@pytest.fixture
def shop(workspace: Path, request: pytest.FixtureRequest) -> Path:
    """A workspace with one red test; it must look the same afterwards."""
    write_tree(
        workspace,
        {
            "rows.py": ROWS,
            "tests/test_rows.py": TESTS,
            "conftest.py": "",
            "pytest.ini": "[pytest]\n",
        },
    )
    request.node.tree_before = tree_hash(workspace)
    return workspace


def red(root: Path, node_id: str = TARGET) -> FixRequest:
    """Return a request for a red test."""
    failing = FailingTest(
        node_id=node_id, root=root, path=root / node_id.partition("::")[0], line=5,
        message="assert", frames=(),
    )  # fmt: skip
    return FixRequest(failing=failing, trusted=True)


async def fixed(
    tmp_path: Path,
    root: Path,
    level: SandboxStatus,
    rules: Sequence[dict[str, Any]],
    *,
    node_id: str = TARGET,
    timeout_s: float = 20.0,
    **changes: Any,
) -> tuple[FixProposal, Bench, Any]:
    """Return what came of a fix, the engine's record and the ledger's rows."""
    grounds = grounds_in(root, level, tmp_path / "scratch", timeout_s=timeout_s)
    async with bench_of(tmp_path, rules, default="") as bench:
        found = await fix(
            red(root, node_id),
            workbench=bench.workbench,
            grounds=grounds,
            config=replace(CONFIG, **changes),
            progress=lambda _: None,
        )
        return found, bench, await bench.rows()


async def test_the_right_line_is_found_and_proved(
    tmp_path: Path, shop: Path, sandbox_level: SandboxStatus
) -> None:
    """Wrong lines are tried and dropped; the right one turns the test green and keeps the rest."""
    wrong = "for start in range(1, len(items), size):\n"
    rules = [
        hole("found = \\[\\]", RIGHT),
        hole('``size``."""', "found = [[]]\n"),
        hole("len\\(items\\) - 1, size\\):", wrong),
    ]
    found, _, rows = await fixed(tmp_path, shop, sandbox_level, rules, repeats=3)
    assert found.edit is not None
    assert found.path == shop / "rows.py"
    assert found.text == ROWS
    assert found.edit.apply(ROWS) == ROWS.replace("len(items) - 1", "len(items)")
    assert found.verdict.outcome is Outcome.PLAUSIBLE
    assert found.verdict.rung is Rung.NO_REGRESSIONS
    assert found.message == "plausible: 3 of 3 runs, 2 other tests still pass"
    assert found.search.n_candidates >= 2
    (row,) = rows
    assert (row.kind, str(row.label), row.regression_checked, row.shown) == (
        Kind.FIX, "right", True, True,
    )  # fmt: skip


async def test_a_patch_that_breaks_another_test_is_not_offered(
    tmp_path: Path, shop: Path, sandbox_level: SandboxStatus
) -> None:
    """Turning the target green is not enough."""
    hack = "for start in ((0, 2) if items else (0,)):\n"
    rules = [hole("found = \\[\\]", hack)]
    found, _, rows = await fixed(tmp_path, shop, sandbox_level, rules)
    assert found.edit is None
    assert found.path is None
    assert "1 regressed" in found.message
    assert (str(rows[0].label), rows[0].shown) == ("wrong", False)


async def test_when_nothing_helps_the_message_counts_what_was_tried(
    tmp_path: Path, shop: Path, sandbox_level: SandboxStatus
) -> None:
    """No plausible patch, no edit; the line says how many candidates failed and where."""
    rules = [
        hole("found = \\[\\]", "for start in range(0):\n"),
        hole('``size``."""', "found = (\n"),
        hole("len\\(items\\) - 1, size\\):", "import os; os._exit(0)\n"),
    ]
    found, _, rows = await fixed(tmp_path, shop, sandbox_level, rules, max_candidates=3)
    assert found.edit is None
    assert found.verdict.outcome is Outcome.STILL_FAILING
    assert found.message.startswith("no plausible patch: 3 candidates: ")
    for words in ("1 still_failing", "1 broken", "1 tampered", "`chunks`"):
        assert words in found.message
    assert (str(rows[0].label), rows[0].answered) == ("wrong", True)


async def test_a_test_that_does_not_end_is_fixed(
    tmp_path: Path, workspace: Path, sandbox_level: SandboxStatus
) -> None:
    """Where it was when it was ended is where the search begins; the others must still pass."""
    counting = (
        "def halvings(n):\n    count = 0\n    while n > 1:\n        n = n // 1\n"
        "        count += 1\n    return count\n"
    )
    write_tree(
        workspace,
        {
            "count.py": counting,
            "test_count.py": "from count import halvings\n\n\n"
            "def test_of_eight():\n    assert halvings(8) == 3\n\n\n"
            "def test_of_one():\n    assert halvings(1) == 0\n",
        },
    )
    target = "test_count.py::test_of_eight"
    rules = [hole("while n > 1:", "n = n // 2\n")]
    found, _, _ = await fixed(
        tmp_path, workspace, sandbox_level, rules, node_id=target, timeout_s=12.0, budget_s=90.0
    )
    assert found.edit is not None, found.message
    assert found.edit.apply(counting) == counting.replace("n // 1", "n // 2")
    assert found.verdict.summary == "plausible: 1 of 1 runs, 1 other test still passes"


async def test_a_candidate_that_hangs_is_ended_and_the_search_goes_on(
    tmp_path: Path, shop: Path, sandbox_level: SandboxStatus
) -> None:
    """An endless loop counts as a timeout, and the next candidate is still tried."""
    rules = [
        hole('``size``."""', "while True: pass\n"),
        {**hole("found = \\[\\]", RIGHT), "delay_ms": 1000},
    ]
    found, _, _ = await fixed(tmp_path, shop, sandbox_level, rules, timeout_s=8.0)
    assert found.edit is not None
    assert found.verdict.outcome is Outcome.PLAUSIBLE
    assert found.search.n_candidates == 2


async def test_all_lines_of_a_function_are_asked_in_one_request(
    tmp_path: Path, shop: Path, sandbox_level: SandboxStatus
) -> None:
    """First greedily, then two samples a line; the rewritten function after them, drafted."""
    found, bench, _ = await fixed(tmp_path, shop, sandbox_level, [])
    assert found.message.startswith("no plausible patch: no candidates")
    greedy, rewriting, samples, rewritings = bench.backend.asked
    holes = [flatten(prompt)[1] for prompt in greedy.prompts]
    assert len(holes) == len(set(holes)) == 4
    assert samples.prompts == greedy.prompts
    assert (greedy.n, rewriting.n, samples.n, rewritings.n) == (1, 1, 2, 2)
    assert (greedy.sampling.temperature, rewriting.sampling.temperature) == (0.0, 0.0)
    assert samples.sampling.temperature > 0
    assert greedy.stop == samples.stop == ("\n",)
    assert (greedy.speculate, samples.speculate, rewriting.speculate) == (False, False, True)
    rule = StopRule(name=StopName.DEDENT, indent="    ", language="python")
    assert rewriting.stop_when == rule
    assert all(0 < request.deadline_ms <= CONFIG.budget_s * 1000 for request in bench.backend.asked)


async def test_candidates_are_run_while_others_are_generated(
    tmp_path: Path, shop: Path, sandbox_level: SandboxStatus
) -> None:
    """The patch is found before the slow lines are answered, and these are not waited for."""
    slow = {"kind": "infill", "reply": "x " * 48, "delay_ms": 1500}
    found, bench, rows = await fixed(
        tmp_path, shop, sandbox_level, [hole("found = \\[\\]", RIGHT), slow]
    )
    assert found.edit is not None
    assert found.search.n_candidates == 1
    (request,) = bench.backend.asked
    assert len(request.prompts) > 1
    (ended,) = bench.backend.ended
    assert ended.reason is FinishReason.CANCELLED
    assert [row.shown for row in rows] == [True]


async def test_a_long_function_is_asked_in_several_requests(
    tmp_path: Path, workspace: Path, sandbox_level: SandboxStatus
) -> None:
    """No request has more answers than an engine takes, and no line is left out up to a limit."""
    most = MAX_HOLES[Source.LINE]
    lines = "".join(f"    total += {number} * step\n" for number in range(most - 2))
    write_tree(
        workspace,
        {
            "sums.py": f"def climb(step):\n    total = 1\n{lines}    return total\n",
            "test_sums.py": "from sums import climb\n\n\n"
            "def test_nothing():\n    assert climb(0) == 0\n",
        },
    )
    _, bench, _ = await fixed(
        tmp_path, workspace, sandbox_level, [], node_id="test_sums.py::test_nothing"
    )
    assert [(len(asked.prompts), asked.n) for asked in bench.backend.asked] == [
        (most, 1), (1, 1), (32, 2), (most - 32, 2), (1, 2),
    ]  # fmt: skip


async def test_a_test_that_passes_needs_no_fix(
    tmp_path: Path, shop: Path, sandbox_level: SandboxStatus
) -> None:
    """When the failure cannot be reproduced the model is not even asked."""
    node_id = "tests/test_rows.py::test_full_rows"
    found, bench, rows = await fixed(tmp_path, shop, sandbox_level, [], node_id=node_id)
    assert found.edit is None
    assert found.verdict.outcome is Outcome.NOT_RUN
    assert found.message == f"{node_id} passed in the sandbox; there is nothing to fix"
    assert bench.prompts == []
    assert rows == []


async def test_a_test_that_is_gone_cannot_be_fixed(
    tmp_path: Path, shop: Path, sandbox_level: SandboxStatus
) -> None:
    """A node id that does not exist is said to be uncollectable."""
    node_id = "tests/test_rows.py::test_of_yesterday"
    found, bench, _ = await fixed(tmp_path, shop, sandbox_level, [], node_id=node_id)
    assert found.edit is None
    assert "could not be collected" in found.message
    assert bench.prompts == []


async def test_only_sources_are_changed(
    tmp_path: Path, workspace: Path, sandbox_level: SandboxStatus
) -> None:
    """A bug in a test's own helper, in conftest or in the test itself is nobody's to patch."""
    write_tree(
        workspace,
        {
            "conftest.py": "import pytest\n\n@pytest.fixture\ndef two():\n    return 3\n",
            "tests/helper.py": "def double(x):\n    return x + x + 1\n",
            "tests/test_two.py": "from helper import double\n\n"
            "def test_two(two):\n    assert double(two) == 4\n",
        },
    )
    found, bench, _ = await fixed(
        tmp_path, workspace, sandbox_level, [{"reply": "return 2\n"}],
        node_id="tests/test_two.py::test_two",
    )  # fmt: skip
    assert found.edit is None
    assert found.message == "no function of the workspace outside the tests was run by it"
    assert bench.prompts == []


async def test_a_rewritten_body_is_the_last_resort(
    tmp_path: Path, shop: Path, sandbox_level: SandboxStatus
) -> None:
    """A model without infill tokens is asked for the whole function, and the edit is its body."""
    body = "    return [items[i : i + size] for i in range(0, len(items), size)]\n```\n"
    grounds = grounds_in(shop, sandbox_level, tmp_path / "scratch")
    async with bench_of(tmp_path, [{"kind": "chat", "reply": body}], fim=False) as bench:
        found = await fix(
            red(shop),
            workbench=bench.workbench,
            grounds=grounds,
            config=replace(CONFIG, repeats=1),
            progress=lambda _: None,
        )
    assert found.edit is not None
    head = ROWS.partition("    found = []")[0]
    assert found.edit.apply(ROWS) == head + body.partition("```")[0]


async def test_cancelling_leaves_nothing_behind(
    tmp_path: Path, shop: Path, sandbox_level: SandboxStatus
) -> None:
    """Runs and requests end with the search; the fixture looks for processes and scratches."""
    rules = [{"kind": "infill", "reply": "x " * 400, "delay_ms": 20}]
    grounds = grounds_in(shop, sandbox_level, tmp_path / "scratch")
    async with bench_of(tmp_path, rules) as bench:
        task = asyncio.create_task(
            fix(
                red(shop),
                workbench=bench.workbench,
                grounds=grounds,
                config=CONFIG,
                progress=lambda _: None,
            )
        )
        await until_async(lambda: bool(bench.backend.asked))
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await until_async(lambda: bool(bench.backend.ended))
        assert bench.backend.ended[0].reason == "cancelled"
        (row,) = await bench.rows()
        assert (row.answered, str(row.label)) == (False, "unverified")


async def test_a_simple_mistake_needs_no_model(
    tmp_path: Path, shop: Path, sandbox_level: SandboxStatus
) -> None:
    """A patch by rule is run like any other, says whose it is, and is not the model's merit."""
    found, _, rows = await fixed(
        tmp_path, shop, sandbox_level, [], sources=("mutation", "line"), max_candidates=80
    )
    assert found.edit is not None
    assert found.edit.apply(ROWS) == ROWS.replace("len(items) - 1", "len(items)")
    assert found.search.source is Source.MUTATION
    assert found.model.name == "rules"
    (row,) = [item for item in rows if item.shown]
    assert row.model == "rules"
    assert {item.model for item in rows} <= {"rules", "scripted"}


async def test_progress_says_what_is_tried(
    tmp_path: Path, shop: Path, sandbox_level: SandboxStatus
) -> None:
    """Each candidate's number and outcome, then that one was plausible."""
    said: list[str] = []
    rules = [hole('``size``."""', "found = [[]]\n"), hole("found = \\[\\]", RIGHT)]
    grounds = grounds_in(shop, sandbox_level, tmp_path / "scratch")
    async with bench_of(tmp_path, rules, default="") as bench:
        await fix(
            red(shop),
            workbench=bench.workbench,
            grounds=grounds,
            config=CONFIG,
            progress=said.append,
        )
    assert re.fullmatch(r"candidate \d of \d: plausible", said[-2])
    assert said[-1].startswith("plausible: candidate ")


THIN = {
    "sums.py": "def total(numbers):\n    return len(numbers)\n",
    "test_sums.py": "from sums import total\n\n\n"
    "def test_total():\n    assert total([2, 2]) == 4\n",
}


def line(*replies: str) -> dict[str, Any]:
    """Return a rule that answers whatever hole there is, a reply for each sample."""
    return {"kind": "infill", "replies": list(replies)}


async def test_patches_that_disagree_are_told_apart(
    tmp_path: Path, workspace: Path, sandbox_level: SandboxStatus
) -> None:
    """Thin tests let several patches pass: the label shows an input on which they differ."""
    write_tree(workspace, THIN)
    rules = [line("return sum(numbers)\n", "return 2 * len(numbers)\n", "return sum(numbers[:])\n")]
    found, _, rows = await fixed(
        tmp_path, workspace, sandbox_level, rules, node_id="test_sums.py::test_total",
        sources=("line",), more_s=20.0,
    )  # fmt: skip
    assert found.edit is not None
    assert found.edit.new_text.startswith("return sum(")
    assert found.search.n_plausible >= 2
    assert "otherwise: total(" in found.search.doubt
    assert found.verdict.summary.endswith(found.search.doubt)
    assert rows[0].shown


async def test_a_patch_that_names_the_tests_values_comes_last(
    tmp_path: Path, workspace: Path, sandbox_level: SandboxStatus
) -> None:
    """Hard-coded answers pass, so they come last, and the label says so when there is no other."""
    tests = THIN["test_sums.py"].replace("[2, 2]) == 4", "[20, 22]) == 42")
    write_tree(workspace, {**THIN, "test_sums.py": tests})
    cheat = "return 42 if numbers == [20, 22] else len(numbers)\n"
    for replies, expected in (((cheat, "return sum(numbers)\n"), False), ((cheat,), True)):
        found, _, _ = await fixed(
            tmp_path, workspace, sandbox_level, [line(*replies)],
            node_id="test_sums.py::test_total", sources=("line",), more_s=20.0,
        )  # fmt: skip
        assert found.edit is not None
        assert ("42" in found.edit.new_text) is expected
        assert ("names values of the test" in found.verdict.summary) is expected


async def test_the_patch_that_turns_most_green_comes_first(
    tmp_path: Path, workspace: Path, sandbox_level: SandboxStatus
) -> None:
    """Of two patches that pass the target, the one that other red tests pass with is proposed."""
    tests = THIN["test_sums.py"] + "\n\ndef test_more():\n    assert total([1, 2, 3, 4]) == 10\n"
    write_tree(workspace, {**THIN, "test_sums.py": tests})
    rules = [line("return 2 * len(numbers)\n", "return sum(numbers)\n")]
    grounds = grounds_in(workspace, sandbox_level, tmp_path / "scratch")
    request = red(workspace, "test_sums.py::test_total")
    async with bench_of(tmp_path, rules, default="") as bench:
        found = await fix(
            replace(request, others=("test_sums.py::test_more",)),
            workbench=bench.workbench,
            grounds=grounds,
            config=replace(CONFIG, sources=("line",), more_s=20.0),
            progress=lambda _: None,
        )
    assert found.edit is not None
    assert found.edit.new_text.strip() == "return sum(numbers)"


async def test_a_patch_that_makes_one_answer_of_many_comes_last(
    tmp_path: Path, workspace: Path, sandbox_level: SandboxStatus
) -> None:
    """Always saying no passes a test of a no; a patch that can still say both is preferred."""
    write_tree(
        workspace,
        {
            "sizes.py": "def is_big(number):\n    return number < 5\n",
            "test_sizes.py": "from sizes import is_big\n\n\n"
            "def test_small():\n    assert not is_big(3)\n",
        },
    )
    found, _, _ = await fixed(
        tmp_path, workspace, sandbox_level, [line("return False\n", "return number > 4\n")],
        node_id="test_sizes.py::test_small", sources=("line",), more_s=20.0,
    )  # fmt: skip
    assert found.edit is not None
    assert found.edit.new_text.strip() == "return number > 4"
    assert "otherwise: is_big(" in found.search.doubt
