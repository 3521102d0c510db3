"""The rows of ``bench smoke``, against the real server and a scripted model."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import psutil
import pytest

from ducktypist.bench import smoke as module
from ducktypist.bench.editor import EditorFailure
from ducktypist.bench.measure import Report
from ducktypist.bench.smoke import GROUPS, KEYSTROKES_PER_RUN, line_starting, smoke
from ducktypist.bench.stage import N_LINES, big_file, set_stage
from ducktypist.cli.bench import GROUPS as OFFERED

pytestmark = pytest.mark.e2e


def leftovers(report: Report) -> list[str]:
    """Return the problems of a report."""
    return [row.problem for row in report.rows if row.problem]


def test_starts_are_paired_with_bare_imports() -> None:
    """Each start has its bare import, and nothing heavy is imported."""
    report = asyncio.run(smoke(runs=2, only=["start"]))
    rows = {row.name: row for row in report.rows}
    served, bare = rows["start"].samples, rows["start-bare"].samples
    assert len(served) == len(bare) == 2
    assert rows["start-difference"].samples == pytest.approx(
        [a - b for a, b in zip(served, bare, strict=True)]
    )
    assert rows["start-imports"].is_met() is True
    assert report.after is not None


def test_keystrokes_are_timed_while_the_model_generates(backend: str) -> None:
    """As many keystrokes as were asked for, and the model at work meanwhile."""
    report = asyncio.run(smoke(runs=2, only=["hover", "keystroke"], backend=backend))
    assert leftovers(report) == []
    rows = {row.name: row for row in report.rows}
    assert len(rows["keystroke"].samples) == 2 * KEYSTROKES_PER_RUN
    assert len(rows["keystroke-probe"].samples) == 2 * KEYSTROKES_PER_RUN
    assert min(rows["hover"].samples) > 0
    assert "generating" in rows["keystroke"].note
    assert report.model is not None
    assert report.model["backend"] == "scripted"


def test_a_model_that_fails_in_between_spoils_the_row(
    backend: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was measured beside a model at rest is not given out as measured beside one at work."""

    async def fail(_: object) -> None:
        raise EditorFailure("the engine is gone")

    monkeypatch.setattr(module._Generating, "_go_on", fail)
    report = asyncio.run(smoke(runs=1, only=["keystroke"], backend=backend))
    assert leftovers(report) == ["the engine is gone"]
    assert report.rows[0].samples == ()


@pytest.mark.sandbox
def test_memory_is_read_before_and_after_the_features_ran(backend: str) -> None:
    """Both times, resident and unshared; using the features needs more."""
    report = asyncio.run(smoke(runs=1, only=["memory"], backend=backend))
    assert leftovers(report) == []
    rows = {row.name: row.samples[0] for row in report.rows}
    assert set(rows) == {f"memory-{w}-{k}" for w in ("before", "after") for k in ("rss", "uss")}
    assert rows["memory-before-uss"] < rows["memory-before-rss"]
    assert rows["memory-before-uss"] < rows["memory-after-uss"]


def test_without_a_model_the_row_says_so() -> None:
    """What could not be measured has a reason and no samples."""
    report = asyncio.run(smoke(runs=1, only=["hover"]))
    assert report.model is None
    assert len(report.rows) == 1
    assert "ducktypist model pull" in report.rows[0].problem


def test_the_stage_leaves_nothing(backend: str) -> None:
    """The folders are removed, and the host that was started in them has ended."""

    async def use() -> Path:
        async with set_stage(backend) as stage:
            async with stage.editor(stage.folder("w")) as editor:
                await module.ready(editor)
            assert hosts_at(stage.top) != []
            return stage.top

    top = asyncio.run(use())
    for _ in range(100):
        if not hosts_at(top):
            break
        time.sleep(0.05)
    assert hosts_at(top) == []
    assert not top.exists()


def test_a_script_that_is_missing_is_said(tmp_path: Path) -> None:
    """The stage stands without a host, and knows why."""

    async def look() -> None:
        async with set_stage(f"scripted:{tmp_path / 'none.json'}") as stage:
            assert stage.spec is None
            assert stage.model() is None
            assert "cannot be read" in stage.no_spec

    asyncio.run(look())


def test_the_command_offers_every_group() -> None:
    """The names are written down twice, so that the help needs no imports."""
    assert tuple(GROUPS) == OFFERED


def test_the_large_file_has_its_lines_and_compiles() -> None:
    """It is valid Python of the promised length, its last function without a body."""
    text = big_file()
    assert text.count("\n") == N_LINES
    compile(text, "big.py", "exec")
    assert text.splitlines()[-1].endswith('"""')


def test_a_place_that_is_not_there_is_a_failure() -> None:
    """Nothing is measured at the wrong place."""
    assert line_starting("a\n  def\ndef x", "def ") == {"line": 2, "character": 4}
    with pytest.raises(EditorFailure, match="no line starts"):
        line_starting("a", "def ")


def hosts_at(folder: Path) -> list[int]:
    """Return the hosts whose socket is below a folder."""
    found = []
    for process in psutil.process_iter(["pid", "cmdline", "status"]):
        words = process.info["cmdline"] or []
        if any(f"--socket={folder}" in word for word in words):
            found += [process.info["pid"]] if process.info["status"] != "zombie" else []
    return found
