"""Who knows facts is put together from the machine, never from a workspace."""

from __future__ import annotations

import asyncio
from pathlib import Path

from ducktypist.app import App
from ducktypist.app.knowing import _Helping
from ducktypist.domain import Document, Span
from ducktypist.verify.sandbox import SandboxStatus, probe

ENV = Path("/usr/bin/env")


async def test_a_program_says_what_it_can_do_in_the_sandbox(tmp_path: Path) -> None:
    """Its help text comes back, whatever else it would have done."""
    status = await probe(scratch_root=tmp_path)
    said = await asyncio.to_thread(_Helping(lambda: status), ENV)
    assert said is not None
    assert "--ignore-environment" in said


async def test_without_a_sandbox_no_program_is_asked() -> None:
    """Neither where there is none nor where nobody has looked yet."""
    none = SandboxStatus(level=0, tool="", version="", reason="there is none")
    assert await asyncio.to_thread(_Helping(lambda: none), ENV) is None
    assert await asyncio.to_thread(_Helping(lambda: None), ENV) is None


async def test_an_app_knows_shell_and_python(tmp_path: Path) -> None:
    """Facts come for both, and nothing is asked of a model."""
    app = await asyncio.to_thread(lambda: App(roots=[tmp_path]))
    try:
        sources = await app.fact_sources()
        assert await app.fact_sources() is sources
        for language, text, subject in (
            ("shellscript", "xargs -r rm\n", "-r"),
            ("python", "import os\nos.replace('a', 'b')\n", "os.replace"),
        ):
            document = Document(uri="file:///x", path=None, language=language, version=1, text=text)
            found = await sources.late(document, Span(start=0, end=len(text)), tmp_path)
            assert subject in {fact.subject for fact in found}
    finally:
        await app.aclose()
