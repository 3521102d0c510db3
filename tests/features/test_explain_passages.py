"""Explaining a selection or a file: part by part, as it comes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from ducktypist.domain import Document, Span
from ducktypist.features.explain import ExplainRequest, Passage, passages
from ducktypist.features.explain.passages import MAX_BLOCKS
from ducktypist.features.workbench import Workbench
from support.explaining import CONFIG, asking, bundled_sources, explaining, nothing_runs
from support.workbench import bench_of, document_of

SCRIPT = """\
#!/bin/bash
# Clean up.
set -e

find . -name '*.tmp' -print0 | xargs -0 -r rm
for f in *.log; do
    gzip -9 "$f"
done
"""
SAID = "is used for this."


def whole(document: Document) -> ExplainRequest:
    """Return a request for all of a document."""
    return ExplainRequest(
        document=document, offset=0, selection=Span(start=0, end=len(document.text))
    )


async def told(request: ExplainRequest, workbench: Workbench | None) -> list[Passage]:
    """Return all passages of a request."""
    return [
        passage
        async for passage in passages(
            request,
            explaining=explaining(),
            workbench=workbench,
            sources=bundled_sources(),
            config=CONFIG,
            grounds=nothing_runs,
        )
    ]


async def test_a_script_is_explained_command_by_command(tmp_path: Path) -> None:
    """Each command has a heading with its lines, its facts, its prose and who said it."""
    async with bench_of(tmp_path, [{"reply": SAID}]) as bench:
        found = await told(whole(document_of(SCRIPT, language="shellscript")), bench.workbench)
    headings = [item.markdown for item in found if item.kind == "heading"]
    assert [text.split(":")[0] for text in headings] == [
        "### Line 3",
        "### Line 5",
        "### Lines 6–8",
    ]
    assert headings[0] == "### Line 3: `set -e`"
    kinds = [item.kind for item in found]
    second = kinds.index("heading", 1)
    third = kinds.index("heading", second + 1)
    assert kinds[second + 1] == "facts"
    assert kinds[second + 2] == "prose"
    assert kinds[third - 1] == "provenance"
    assert all(item.suggestion_id for item in found if item.kind in {"prose", "provenance"})
    prose = "\n".join(item.markdown for item in found if item.kind == "prose")
    assert "`xargs` is used for this." in prose


async def test_without_a_model_there_are_the_facts() -> None:
    """Facts alone need nobody to be asked."""
    found = await told(whole(document_of(SCRIPT, language="shellscript")), None)
    assert {item.kind for item in found} == {"heading", "facts"}
    assert any("`xargs -r`" in item.markdown for item in found)


async def test_one_block_has_no_heading(tmp_path: Path) -> None:
    """What is asked about at a place is explained as a hover would."""
    async with bench_of(tmp_path, [{"reply": SAID}]) as bench:
        request = asking("def f(a):\n    return a <CURSOR>+ 1\n")
        found = await told(request, bench.workbench)
    assert "heading" not in {item.kind for item in found}
    assert "".join(item.markdown for item in found if item.kind == "prose").count("**What:**") == 1


async def test_less_than_a_block_is_explained_as_it_was_chosen(tmp_path: Path) -> None:
    """Three words of a line are what the question is about."""
    async with bench_of(tmp_path, [{"reply": SAID}]) as bench:
        document = document_of("total = price * count + tax\n")
        chosen = Span(start=8, end=21)
        request = ExplainRequest(document=document, offset=8, selection=chosen)
        found = await told(request, bench.workbench)
        assert "\n\nprice * count\n\n" in bench.prompts[0][1]
    assert {item.span for item in found} == {chosen}


async def test_a_selection_of_comments_has_nothing_to_explain() -> None:
    """No block, no passage."""
    document = document_of("# one\n\n# two\n")
    assert await told(whole(document), None) == []


async def test_a_very_long_file_says_what_was_left_out() -> None:
    """So many blocks are explained, and the rest is counted."""
    text = "".join(f"echo {number}\n" for number in range(MAX_BLOCKS + 5))
    found = await told(whole(document_of(text, language="shellscript")), None)
    assert found[-1].markdown == "5 more blocks were left out; choose less"


async def test_what_a_hover_explained_is_not_asked_for_again(tmp_path: Path) -> None:
    """A selection finds what was explained before."""
    async with bench_of(tmp_path, [{"reply": SAID}]) as bench:
        request = asking("x = 1 <CURSOR>+ 1\n")
        given = {
            "explaining": explaining(),
            "workbench": bench.workbench,
            "sources": bundled_sources(),
            "config": CONFIG,
            "grounds": nothing_runs,
        }
        first = [item async for item in passages(request, **given)]
        n_asked = len(bench.prompts)
        chosen = replace(request, selection=Span(start=0, end=len(request.document.text)))
        again = [item async for item in passages(chosen, **given)]
        assert len(bench.prompts) == n_asked
        said = [
            [item.markdown for item in found if item.kind == "prose"] for found in (first, again)
        ]
        assert "".join(said[0]).replace("\n", "") == "".join(said[1]).replace("\n", "")
