from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ducktypist.config import CompleteConfig
from ducktypist.domain import Kind, Outcome, Rung, Source
from ducktypist.features.body import BodyProposal, BodyRequest, write_body
from ducktypist.features.grounds import Grounds, NotRunnable
from ducktypist.ledger.sources import read_sources, source_counts
from ducktypist.verify.sandbox import SandboxStatus
from support.workbench import Bench, bench_of, document_of, grounds_in, write_tree

CONFIG = CompleteConfig(max_candidates=6, repair_s=0.0, repeats=1)
NOBODY = NotRunnable(reason="the folder is not trusted, so nothing was run")

SOURCE = '''\
def double(n: int) -> int:
    """Return twice ``n``.

    >>> double(2)
    4
    """
'''
TWICE = "    return n * 2\n"
PLUS = "    return n + n\n"
SQUARE = "    return n ** 2\n"
TABLE = "    return 4 if n == 2 else 0\n"
WRONG = "    return n + 1\n"


def scripted(chat: Sequence[str], infill: Sequence[str], text: Sequence[str]) -> list[Any]:
    """Return what the model says to each form: greedily the first, sampled the others by seed."""
    return [
        {"kind": "chat", "replies": list(chat)},
        {"kind": "infill", "replies": list(infill)},
        {"kind": "text", "replies": list(text)},
    ]


async def written(
    bench: Bench, root: Path, grounds: Grounds | NotRunnable, text: str = SOURCE, **changes: Any
) -> BodyProposal:
    """Return what came of asking for the body of ``double``."""
    write_tree(root, {"doubles.py": text})
    found = await write_body(
        BodyRequest(
            document=document_of(text, path=root / "doubles.py"), function="double", trusted=True
        ),
        workbench=bench.workbench,
        grounds=grounds,
        config=replace(CONFIG, **changes),
        progress=lambda _: None,
    )
    assert found is not None
    return found


@pytest.mark.sandbox
async def test_the_largest_group_that_behaves_alike_is_believed(
    tmp_path: Path, workspace: Path, scratch_root: Path, sandbox_level: SandboxStatus
) -> None:
    """One body that passes goes before two others that pass and agree on further inputs."""
    grounds = grounds_in(workspace, sandbox_level, scratch_root)
    rules = scripted([SQUARE], [TWICE], [PLUS])
    async with bench_of(tmp_path, rules) as bench:
        found = await written(bench, workspace, grounds, max_candidates=3)
        assert found.edit is not None
        assert found.edit.new_text.strip() in {TWICE.strip(), PLUS.strip()}
        assert found.verdict.outcome is Outcome.PLAUSIBLE
        assert found.verdict.rung is Rung.EXAMPLES_PASS
        assert "but 1 other body that passes does otherwise: double(" in found.message
        assert "here, " in found.message
        (row,) = await bench.rows()
        assert row.shown
        sources = await asyncio.to_thread(read_sources, bench.ledger.path)
        assert {item.key.source: item.n_plausible for item in sources} == {
            "chat": 1, "infill": 1, "text": 1,
        }  # fmt: skip
        assert sum(item.n_chosen for item in sources) == 1


@pytest.mark.sandbox
async def test_answers_that_are_the_same_program_count(
    tmp_path: Path, workspace: Path, scratch_root: Path, sandbox_level: SandboxStatus
) -> None:
    """Two answers that are one program outweigh a single one that does otherwise."""
    grounds = grounds_in(workspace, sandbox_level, scratch_root)
    rules = scripted([SQUARE], [TWICE], ["    return  n*2  # again\n"])
    async with bench_of(tmp_path, rules) as bench:
        found = await written(bench, workspace, grounds, max_candidates=3)
        assert found.edit is not None
        assert found.edit.new_text.strip() == TWICE.strip()
        assert found.n_candidates == 2
        assert len(await bench.rows()) == 1
        counts = await asyncio.to_thread(
            source_counts,
            bench.ledger.path,
            model_sha256=bench.workbench.model.sha256,
            kind=Kind.COMPLETE,
            language="python",
        )
        assert {one.source: (one.n_tried, one.n_plausible) for one in counts} == {
            Source.CHAT: (1, 1), Source.INFILL: (1, 1), Source.TEXT: (1, 1),
        }  # fmt: skip


@pytest.mark.sandbox
async def test_agreement_leaves_no_doubt(
    tmp_path: Path, workspace: Path, scratch_root: Path, sandbox_level: SandboxStatus
) -> None:
    """Bodies that pass and behave alike are one opinion; the verdict has no reservation."""
    grounds = grounds_in(workspace, sandbox_level, scratch_root)
    async with bench_of(tmp_path, scripted([WRONG], [TWICE], [PLUS])) as bench:
        found = await written(bench, workspace, grounds, max_candidates=3)
        assert found.verdict.outcome is Outcome.PLAUSIBLE
        assert "but" not in found.message


@pytest.mark.sandbox
async def test_a_body_that_knows_the_example_comes_last(
    tmp_path: Path, workspace: Path, scratch_root: Path, sandbox_level: SandboxStatus
) -> None:
    """A special case for the example's value passes the example, and is not preferred for it."""
    text = SOURCE.replace("double(2)\n    4", "double(21)\n    42")
    table = "    return 42 if n == 21 else 0\n"
    grounds = grounds_in(workspace, sandbox_level, scratch_root)
    async with bench_of(tmp_path, scripted([table], [table], [TWICE])) as bench:
        found = await written(bench, workspace, grounds, text, max_candidates=3)
        assert found.edit is not None
        assert found.edit.new_text.strip() == TWICE.strip()
    (tmp_path / "alone").mkdir()
    async with bench_of(tmp_path / "alone", scripted([table], [table], [table])) as bench:
        found = await written(bench, workspace, grounds, text, max_candidates=3)
        assert "it names values of the examples" in found.message


async def test_where_nothing_runs_the_candidates_vote(tmp_path: Path, workspace: Path) -> None:
    """The program that most answers were is offered, and that nothing was run is said."""
    rules = scripted([SQUARE], [TWICE], [TWICE])
    async with bench_of(tmp_path, rules) as bench:
        found = await written(bench, workspace, NOBODY, max_candidates=3)
        assert found.edit is not None
        assert found.edit.new_text.strip() == TWICE.strip()
        assert found.message == f"resolves; {NOBODY.reason}"
        (row,) = await bench.rows()
        assert (row.shown, str(row.label)) == (True, "unverified")


async def test_where_nothing_runs_the_likelier_one_is_offered(
    tmp_path: Path, workspace: Path
) -> None:
    """Of programs that one answer each was, the one with the higher probability is offered."""
    rules = [
        {"kind": "chat", "reply": SQUARE, "logprob": -0.9},
        {"kind": "infill", "reply": TWICE, "logprob": -0.1},
        {"kind": "text", "reply": WRONG, "logprob": -0.5},
    ]
    async with bench_of(tmp_path, rules) as bench:
        found = await written(bench, workspace, NOBODY, max_candidates=3)
        assert found.edit is not None
        assert found.edit.new_text.strip() == TWICE.strip()


async def test_agreement_does_not_outweigh_an_undefined_name(
    tmp_path: Path, workspace: Path
) -> None:
    """A body that does not resolve is not preferred, however many answers it is."""
    undefined = "    return twice(n)\n"
    async with bench_of(tmp_path, scripted([undefined], [undefined], [TWICE])) as bench:
        found = await written(bench, workspace, NOBODY, max_candidates=3)
        assert found.edit is not None
        assert found.edit.new_text.strip() == TWICE.strip()


@pytest.mark.sandbox
async def test_offer_unverified_offers_what_fails(
    tmp_path: Path, workspace: Path, scratch_root: Path, sandbox_level: SandboxStatus
) -> None:
    """Whoever turned it on gets the best failing body, with the truth; others get none."""
    grounds = grounds_in(workspace, sandbox_level, scratch_root)
    async with bench_of(tmp_path, scripted([WRONG], [WRONG], [WRONG])) as bench:
        found = await written(bench, workspace, grounds, max_candidates=3, offer_unverified=True)
        assert found.edit is not None
        assert found.verdict.outcome is Outcome.STILL_FAILING
        assert found.message.startswith("no candidate passed: the best of 1 passes 0 of 1")
        found = await written(bench, workspace, grounds, max_candidates=3)
        assert found.edit is None


@pytest.mark.parametrize(
    "reply",
    [
        '    """Return twice ``n``.\n\n    >>> double(2)\n    4\n    """\n    return n * 2\n',
        '    def double(n: int) -> int:\n        """Return twice ``n``."""\n        return n * 2\n',
    ],
)
async def test_the_head_is_not_repeated(tmp_path: Path, workspace: Path, reply: str) -> None:
    """Docstring and signature that the model says again are taken off."""
    async with bench_of(tmp_path, [{"reply": reply}]) as bench:
        found = await written(bench, workspace, NOBODY, max_candidates=1)
        assert found.edit is not None
        assert found.edit.apply(SOURCE) == SOURCE + TWICE


async def test_a_missing_import_comes_with_the_body(tmp_path: Path) -> None:
    """One edit adds the module that the body needs, with the line ends of the file."""
    text = '"""Circles."""\r\n\r\n\r\ndef area(r):\r\n    """Return the area."""\r\n'
    async with bench_of(tmp_path, [{"reply": "    return math.pi * r ** 2\n"}]) as bench:
        found = await write_body(
            BodyRequest(document=document_of(text), function="area"),
            workbench=bench.workbench,
            grounds=NOBODY,
            config=CONFIG,
            progress=lambda _: None,
        )
    assert found is not None
    assert found.edit is not None
    assert found.edit.old_text == found.edit.span.of(text)
    patched = found.edit.apply(text)
    assert "import math\r\n" in patched
    assert patched.endswith('    """Return the area."""\r\n    return math.pi * r ** 2\r\n')
    assert "\n" not in patched.replace("\r\n", "")
    assert found.verdict.rung is Rung.RESOLVES


async def test_go_gets_the_imports_that_it_uses_and_no_other(tmp_path: Path) -> None:
    """What the body needs is imported; what nothing uses now would not compile, and goes."""
    head = "// Shout returns s in capitals.\nfunc Shout(s string) string {\n"
    text = f'package a\n\nimport "sort"\n\n{head}}}\n'
    async with bench_of(tmp_path, [{"reply": "\treturn strings.ToUpper(s)\n}\n"}]) as bench:
        found = await write_body(
            BodyRequest(document=document_of(text, language="go"), function="Shout"),
            workbench=bench.workbench,
            grounds=NOBODY,
            config=CONFIG,
            progress=lambda _: None,
        )
    assert found is not None
    assert found.edit is not None
    patched = found.edit.apply(text)
    assert '"strings"' in patched
    assert '"sort"' not in patched
    assert "func Shout(s string) string {\n\treturn strings.ToUpper(s)\n}\n" in patched
    assert found.verdict.rung is Rung.RESOLVES
