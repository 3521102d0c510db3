from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ducktypist.config import CompleteConfig
from ducktypist.domain import Document, FinishReason, Kind, Outcome, Rung
from ducktypist.features.body import BodyProposal, BodyRequest, write_body
from ducktypist.features.grounds import Grounds, NotRunnable
from ducktypist.ledger.report_rows import stats_table
from ducktypist.verify.sandbox import SandboxStatus
from support.engines import until_async
from support.sandboxes import tree_hash
from support.workbench import Bench, bench_of, document_of, grounds_in, write_tree

CONFIG = CompleteConfig(max_candidates=4, repair_s=0.0)
NOBODY = NotRunnable(reason="the folder is not trusted, so nothing was run")

SOURCE = '''\
"""Sums."""


def triangle(n: int) -> int:
    """Return the sum of 1 to ``n``.

    >>> triangle(4)
    10
    >>> triangle(0)
    0
    """
'''
RIGHT = "    return sum(range(1, n + 1))\n"
WRONG = "    return sum(range(n))\n"
WORSE = "    return n\n"


def scripted(*bodies: str) -> list[dict[str, Any]]:
    """Return rules that give these bodies one after the other, whatever the form of asking."""
    return [{"replies": list(bodies)}]


async def written(
    bench: Bench, document: Document, grounds: Grounds | NotRunnable, **changes: Any
) -> BodyProposal:
    """Return what came of asking for the body of ``triangle``."""
    found = await write_body(
        BodyRequest(document=document, function=changes.pop("function", "triangle"), trusted=True),
        workbench=bench.workbench,
        grounds=grounds,
        config=replace(CONFIG, **changes),
        progress=lambda _: None,
    )
    assert found is not None
    return found


def in_workspace(workspace: Path, text: str = SOURCE) -> Document:
    """Return the document of ``sums.py`` in the workspace."""
    write_tree(workspace, {"sums.py": text})
    return document_of(text, path=workspace / "sums.py")


@pytest.mark.sandbox
async def test_a_candidate_that_passes_is_offered(
    tmp_path: Path, workspace: Path, scratch_root: Path, sandbox_level: SandboxStatus
) -> None:
    """Bodies that fail the examples are not; the one that passes three runs is."""
    document = in_workspace(workspace)
    before = tree_hash(workspace)
    grounds = grounds_in(workspace, sandbox_level, scratch_root)
    async with bench_of(tmp_path, scripted(WRONG, RIGHT, WORSE)) as bench:
        found = await written(bench, document, grounds)
        assert found.edit is not None
        assert found.edit.apply(document.text) == SOURCE + RIGHT
        assert found.verdict.outcome is Outcome.PLAUSIBLE
        assert found.verdict.rung is Rung.EXAMPLES_PASS
        assert (found.verdict.repeats, found.verdict.passed) == (3, 2)
        assert found.verdict.sandbox_level == sandbox_level.level
        assert found.message.startswith("plausible: 3 of 3 runs, 2 examples pass")
        assert found.n_candidates == 3
        (row,) = await bench.rows()
        assert (row.kind, str(row.label), row.shown, row.trusted) == (
            Kind.COMPLETE, "right", True, True,
        )  # fmt: skip
        table: Any = await asyncio.to_thread(stats_table, bench.ledger.path)
        (cell,) = table["cells"]
        assert (cell["n_suggestions"], cell["n_verified"], cell["n_right"]) == (1, 1, 1)
    assert tree_hash(workspace) == before


@pytest.mark.sandbox
async def test_when_none_passes_the_message_says_so(
    tmp_path: Path, workspace: Path, scratch_root: Path, sandbox_level: SandboxStatus
) -> None:
    """The best of the failing ones is offered as failing, or not at all, as the settings say."""
    document = in_workspace(workspace)
    grounds = grounds_in(workspace, sandbox_level, scratch_root)
    async with bench_of(tmp_path, scripted("    return -1\n", WRONG)) as bench:
        found = await written(bench, document, grounds, max_candidates=2, offer_unverified=False)
        assert found.edit is None
        assert found.verdict.outcome is Outcome.STILL_FAILING
        assert found.message.startswith(
            "no candidate passed: the best of 2 passes 1 of 2 checks (still failing: 1 of 2"
        )
        (row,) = await bench.rows()
        assert (str(row.label), row.shown) == ("wrong", False)


@pytest.mark.sandbox
async def test_tests_that_name_the_function_are_run_too(
    tmp_path: Path, workspace: Path, scratch_root: Path, sandbox_level: SandboxStatus
) -> None:
    """A body that passes the examples and fails a test of the workspace is not plausible."""
    document = in_workspace(workspace)
    tests = "from sums import triangle\n\n\ndef test_negative():\n    assert triangle(-3) == 0\n"
    write_tree(workspace, {"tests/test_sums.py": tests, "conftest.py": ""})
    grounds = grounds_in(workspace, sandbox_level, scratch_root)
    cheat = "    return n * (n + 1) // 2\n"
    async with bench_of(tmp_path, scripted(cheat, RIGHT)) as bench:
        found = await written(bench, document, grounds, repeats=2)
        assert found.edit is not None
        assert found.edit.apply(document.text) == SOURCE + RIGHT
        assert found.verdict.rung is Rung.NO_REGRESSIONS
        assert found.verdict.repeats == 2
        assert "1 test passes" in found.message


@pytest.mark.sandbox
async def test_a_body_that_ends_the_process_is_refused(
    tmp_path: Path, workspace: Path, scratch_root: Path, sandbox_level: SandboxStatus
) -> None:
    """``os._exit(0)`` is not a way to pass; it is not even run, nor offered."""
    text = f"import os\n\n{SOURCE}"
    document = in_workspace(workspace, text)
    grounds = grounds_in(workspace, sandbox_level, scratch_root)
    async with bench_of(tmp_path, scripted("    os._exit(0)\n")) as bench:
        found = await written(bench, document, grounds, max_candidates=2)
        assert found.verdict.outcome is Outcome.TAMPERED
        assert "os._exit" in found.message
        assert found.edit is None
        (row,) = await bench.rows()
        assert (str(row.label), row.shown) == ("wrong", False)


@pytest.mark.sandbox
async def test_a_body_that_hangs_is_ended_and_the_search_goes_on(
    tmp_path: Path, workspace: Path, scratch_root: Path, sandbox_level: SandboxStatus
) -> None:
    """An endless loop costs its time limit and nothing else."""
    document = in_workspace(workspace)
    grounds = grounds_in(workspace, sandbox_level, scratch_root, timeout_s=2.0)
    async with bench_of(tmp_path, scripted("    while True: pass\n", RIGHT)) as bench:
        found = await written(bench, document, grounds, repeats=1)
        assert found.verdict.outcome is Outcome.PLAUSIBLE
        assert found.n_candidates == 2


async def test_nothing_runs_in_an_untrusted_folder(tmp_path: Path, workspace: Path) -> None:
    """The body is offered on its looks: no code of the workspace was executed."""
    marker = tmp_path / "executed"
    text = f"open({str(marker)!r}, 'w').close()\n\n\n{SOURCE.partition(chr(10) * 3)[2]}"
    document = in_workspace(workspace, text)
    write_tree(workspace, {"test_sums.py": "import sums\n\ndef test_triangle(): pass\n"})
    async with bench_of(tmp_path, scripted(RIGHT)) as bench:
        found = await written(bench, document, NOBODY)
        assert found.edit is not None
        assert found.verdict.outcome is Outcome.NOT_RUN
        assert found.verdict.rung is Rung.RESOLVES
        assert found.verdict.repeats == 0
        assert found.message == f"resolves; {NOBODY.reason}"
        (row,) = await bench.rows()
        assert str(row.label) == "unverified"
    assert not marker.exists()


async def test_without_running_the_one_that_resolves_is_preferred(
    tmp_path: Path, workspace: Path
) -> None:
    """A body with an undefined name is passed over for one without."""
    document = in_workspace(workspace)
    async with bench_of(tmp_path, scripted("    return sum_to(n)\n", RIGHT)) as bench:
        found = await written(bench, document, NOBODY)
        assert found.edit is not None
        assert found.edit.apply(document.text) == SOURCE + RIGHT
        assert found.n_candidates == 2


async def test_equal_candidates_count_once(tmp_path: Path, workspace: Path) -> None:
    """Bodies that differ in comments and layout are one candidate, also when asked again."""
    document = in_workspace(workspace)
    same = "    # again\n    return  undefined(n)\n"
    async with bench_of(tmp_path, scripted("    return undefined(n)\n", same)) as bench:
        found = await written(bench, document, NOBODY)
        assert found.n_candidates == 1
        assert len(bench.prompts) == CONFIG.max_candidates


async def test_a_body_that_does_not_parse_is_never_offered(tmp_path: Path, workspace: Path) -> None:
    """Broken answers give no edit, whatever the settings say."""
    document = in_workspace(workspace)
    async with bench_of(tmp_path, scripted("    return (\n", "    x = = 1\n")) as bench:
        found = await written(bench, document, NOBODY, max_candidates=2)
        assert found.edit is None
        assert found.verdict.outcome is Outcome.BROKEN
        (row,) = await bench.rows()
        assert (str(row.label), row.shown) == ("wrong", False)


@pytest.mark.parametrize("reply", ["", "\n\n", "```\n", "def other():\n    pass\n"])
async def test_an_empty_answer_is_no_candidate(tmp_path: Path, workspace: Path, reply: str) -> None:
    """When every answer is empty the message says so and nothing is offered."""
    document = in_workspace(workspace)
    async with bench_of(tmp_path, scripted(reply)) as bench:
        found = await written(bench, document, NOBODY, max_candidates=3)
        assert found.edit is None
        assert "syntax" in found.message or "no body was found" in found.message


async def test_a_method_in_a_file_with_windows_line_ends(tmp_path: Path) -> None:
    """The body gets the method's indentation and the file's line ends; text in strings stays."""
    text = (
        'class Page:\r\n    def head(self) -> str:\r\n        """Return the head."""\r\n'
        "\r\n    def foot(self) -> str:\r\n        return ''\r\n"
    )
    reply = '    text = """\nat the margin\n"""\n    return text.strip()\n\nprint(1)\n'
    async with bench_of(tmp_path, [{"kind": "chat", "reply": reply}]) as bench:
        found = await written(bench, document_of(text), NOBODY, function="Page.head")
        assert found.edit is not None
        assert found.edit.apply(text) == text.replace(
            '"""Return the head."""\r\n',
            '"""Return the head."""\r\n        text = """\r\nat the margin\r\n"""\r\n'
            "        return text.strip()\r\n",
        )


async def test_forms_of_asking(tmp_path: Path) -> None:
    """Chat, infill and continuation are asked greedily first, then sampled with seeds."""
    async with bench_of(tmp_path, scripted("")) as bench:
        await written(bench, document_of(SOURCE), NOBODY, max_candidates=6)
        forms = [form for form, _ in bench.prompts]
        assert forms == ["chat", "infill", "text"] * 2
        samplings = [request.sampling for request in bench.backend.asked]
        assert [item.temperature > 0 for item in samplings] == [False] * 3 + [True] * 3
        assert len({item.seed for item in samplings[3:]}) == 3
    (tmp_path / "other").mkdir()
    async with bench_of(tmp_path / "other", scripted(""), fim=False) as bench:
        await written(bench, document_of(SOURCE), NOBODY, max_candidates=4)
        assert [form for form, _ in bench.prompts] == ["chat", "text"] * 2


async def test_samples_of_one_form_are_one_request(tmp_path: Path) -> None:
    """The prompt is read once for all of them; they are shared out evenly, no seed twice."""
    async with bench_of(tmp_path, scripted("")) as bench:
        await written(bench, document_of(SOURCE), NOBODY, max_candidates=8)
        asked = bench.backend.asked
        assert [request.n for request in asked] == [1, 1, 1, 2, 2, 1]
        assert [request.prompt for request in asked[3:]] == [r.prompt for r in asked[:3]]
        seeds = [
            request.sampling.seed + choice for request in asked[3:] for choice in range(request.n)
        ]
        assert seeds == [1, 2, 3, 4, 5]
        assert {request.stop_when.name for request in asked if request.stop_when} == {"dedent"}
        assert [request.stop_when.indent for request in asked if request.stop_when] == ["    "] * 6


async def test_the_rest_is_not_waited_for(tmp_path: Path, workspace: Path) -> None:
    """A sample that is enough ends the search while its siblings are still generated."""
    document = in_workspace(workspace)
    # The greedy chat says the first of these, its samples with the seeds 1 and 2 the others.
    rules = [{"kind": "chat", "replies": ["", "x " * 400, RIGHT], "delay_ms": 20}]
    async with bench_of(tmp_path, rules, default="") as bench:
        found = await written(bench, document, NOBODY, max_candidates=8)
        assert found.edit is not None
        assert found.edit.apply(document.text) == SOURCE + RIGHT
        assert [request.n for request in bench.backend.asked] == [1, 1, 1, 2]
        await until_async(lambda: len(bench.backend.ended) == 4)
        assert bench.backend.ended[-1].reason is FinishReason.CANCELLED


async def test_a_function_that_is_gone_gives_nothing(tmp_path: Path) -> None:
    """Asking for a function that the text does not have is answered with None."""
    async with bench_of(tmp_path, scripted(RIGHT)) as bench:
        found = await write_body(
            BodyRequest(document=document_of(SOURCE), function="square"),
            workbench=bench.workbench,
            grounds=NOBODY,
            config=CONFIG,
            progress=lambda _: None,
        )
        assert found is None
        assert bench.prompts == []


async def test_a_cancelled_search_is_recorded(tmp_path: Path) -> None:
    """Cancelling ends the generation in the engine and is in the ledger."""
    rules = [{"reply": "x " * 300, "delay_ms": 20}]
    async with bench_of(tmp_path, rules) as bench:
        task = asyncio.create_task(written(bench, document_of(SOURCE), NOBODY))
        await until_async(lambda: bool(bench.backend.asked))
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await until_async(lambda: bool(bench.backend.ended))
        assert bench.backend.ended[0].reason == "cancelled"
        (row,) = await bench.rows()
        assert (row.answered, row.shown, str(row.label)) == (False, False, "unverified")
