"""Reading the imports of a starting server."""

from __future__ import annotations

import asyncio
import subprocess
import sys

import pytest

from ducktypist.bench.editor import EditorFailure
from ducktypist.bench.stage import set_stage
from ducktypist.bench.startup import PRESENT, imported_before_answer, imported_modules, unwanted

NOBODY_BACKEND = "no-such-backend"


def test_import_times_are_read_as_python_prints_them() -> None:
    """Nested modules lose their indentation, the head of the table is no module."""
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-c", "import json, sys; print('x', file=sys.stderr)"],
        capture_output=True,
        text=True,
        check=True,
    )
    names = imported_modules(done.stderr.splitlines())
    assert {"json", "json.decoder"} <= set(names)
    assert not {"imported package", "x", ""} & set(names)


def test_families_are_found_by_their_first_name() -> None:
    """A grammar package counts as tree-sitter; a module that only sounds alike does not."""
    names = ["tree_sitter_python._binding", "numpy.core", "ducktypist.tree_sitter", "json.apsw"]
    assert unwanted(names) == ["numpy", "tree_sitter_python"]


async def imports() -> list[str]:
    """Start a server on a stage and return what it imports."""
    async with set_stage(NOBODY_BACKEND) as stage:
        return await imported_before_answer(stage)


def test_the_server_answers_before_anything_heavy_is_imported() -> None:
    """Until ``initialize`` is answered, pygls is there and none of the heavy ones."""
    names = asyncio.run(imports())
    assert PRESENT in names
    assert unwanted(names) == []


def test_a_server_whose_imports_cannot_be_told_is_a_failure(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """An empty list of imports is not taken for a light server."""
    monkeypatch.setattr(sys, "executable", "/bin/true")
    with pytest.raises(EditorFailure, match="imports cannot be told"):
        asyncio.run(imports())
