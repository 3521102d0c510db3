"""What is wrong with a suggestion, by judges of the bench's own: no code of the server's features.

Python is judged by Python's own parser, Go by the Go compiler, and where neither can say anything,
because the text was broken before, by the number of tree-sitter's error nodes. Nothing is run.
"""

from __future__ import annotations

import ast
import asyncio
import os
import re
import shutil
import tempfile
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path

from ducktypist.bench.tasks import write_files
from ducktypist.errors import DucktypistError, RunnerError
from ducktypist.syntax.parse import parse
from ducktypist.verify.go_toolchain import find_go

N_BELOW = 10
"""So many lines below the cursor must not be said again."""
BUILD_TIMEOUT_S = 120.0
_WORD = re.compile(r"\w")
_QUOTES = re.compile(r"^[rRuUbB]{0,2}(\"\"\"|''')|(\"\"\"|''')$")


def adds_syntax_error(before: str, after: str, language: str) -> bool:
    """Tell whether a text has a syntax error that it had not before.

    A text that was broken before and is broken now is compared by its number of errors.
    """
    if language == "python":
        if _compiles(after):
            return False
        if _compiles(before):
            return True
    return _n_error_nodes(after, language) > _n_error_nodes(before, language)


def repeated_below(text: str, start: int, inserted: str, *, end: int | None = None) -> str:
    """Return a line of an insertion that stands below the cursor already; empty when none does.

    Args:
        text: The text before the insertion.
        start: Where the insertion goes.
        inserted: What is inserted.
        end: Where what it replaces ends; ``start`` when it replaces nothing.

    Only lines with a word in them count: everybody closes brackets.
    """
    end = start if end is None else end
    rest, _, below = text[end:].partition("\n")
    known = [line.strip() for line in below.split("\n") if line.strip()][:N_BELOW]
    lines = inserted.split("\n")
    own = text[text.rfind("\n", 0, start) + 1 : start]
    whole = [*lines]
    whole[0] = own + whole[0]
    whole[-1] += rest
    added = [full.strip() for full, new in zip(whole, lines, strict=True) if new.strip()]
    bare = [line.strip() for line in lines]
    for line in (*added, *bare):
        if _WORD.search(line) and line in known:
            return line
    return ""


def repeated_docstring(docstring: str, inserted: str) -> str:
    """Return a line of an insertion that the function's docstring has; empty when there is none.

    Args:
        docstring: With its quotes or comment marks; empty when the function has none.
        inserted: What is inserted.
    """
    known = {_said(line) for line in docstring.split("\n")}
    for line in inserted.split("\n"):
        said = _said(line)
        if " " in said and said in known:
            return line.strip()
    return ""


async def builds(programs: Sequence[Mapping[str, str]]) -> list[bool]:
    """Tell of Go programs, each a package of its own, whether the compiler takes them.

    Raises:
        DucktypistError: There is no Go.
    """
    top = Path(await asyncio.to_thread(tempfile.mkdtemp, prefix="dtb-go-"))
    try:
        try:
            toolchain = await asyncio.to_thread(
                lambda: find_go(configured="", workspace=top / "none")
            )
        except RunnerError as error:
            raise DucktypistError(str(error)) from error
        return [
            await _builds(files, top / f"p{number}", toolchain.go, top / "cache")
            for number, files in enumerate(programs)
        ]
    finally:
        await asyncio.to_thread(shutil.rmtree, top, ignore_errors=True)


async def _builds(files: Mapping[str, str], root: Path, go: Path, cache: Path) -> bool:
    await asyncio.to_thread(write_files, {"go.mod": "module x\n\ngo 1.21\n", **files}, root)
    process = await asyncio.create_subprocess_exec(
        str(go),
        "build",
        "-o",
        os.devnull,
        "./...",
        cwd=root,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
        env={
            "HOME": str(root.parent),
            "PATH": os.defpath,
            "GOCACHE": str(cache),
            "GOFLAGS": "-mod=mod",
            "GOPROXY": "off",
            "GOTOOLCHAIN": "local",
            # Nothing but Go is compiled: a directive in the code must start no other compiler.
            "CGO_ENABLED": "0",
        },
    )
    try:
        return await asyncio.wait_for(process.wait(), BUILD_TIMEOUT_S) == 0
    except TimeoutError:
        process.kill()
        await process.wait()
        return False


def _compiles(text: str) -> bool:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True


def _n_error_nodes(text: str, language: str) -> int:
    tree = parse(text, language)
    if tree is None or not tree.root.has_error:
        return 0
    return sum(node.is_error or node.is_missing for node in tree.walk())


def _said(line: str) -> str:
    """Return the words of a docstring's or comment's line."""
    return _QUOTES.sub("", line.strip()).strip().lstrip("/#* ").strip()
