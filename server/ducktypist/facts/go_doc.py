"""What Go code calls of the standard library, as ``go doc`` of the installed Go says it.

Functions of the same file are ``go_syntax``' business, and of other modules nothing is said:
finding those would have Go read what the workspace configures. It is run in an empty folder with an
environment of our own, so that nothing of a workspace has a say in it.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import os
import re
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

from ducktypist import config
from ducktypist.domain import Span
from ducktypist.domain.facts import Fact, FactKind
from ducktypist.facts.brace_scopes import BraceScope, brace_scopes
from ducktypist.facts.code_wording import call_text, detail_of, shortlist
from ducktypist.facts.go_effects import resolved
from ducktypist.syntax.parse import Node, parse

TIMEOUT_S = 1.5
MAX_ASKED = 12
_N_AT_ONCE = 2
_MAX_REMEMBERED = 2_000
_MAX_ANSWER_BYTES = 64_000
_NAME = re.compile(r"([a-z][a-z0-9]*(?:/[a-z0-9]+)*)\.([A-Z]\w*)")
_DECLARATION = re.compile(r"^(?:func|type) .*$", re.MULTILINE)


class GoDoc:
    """Answers of one Go installation, remembered in memory and on disk."""

    def __init__(
        self,
        program: Path | None,
        *,
        timeout_s: float = TIMEOUT_S,
        cache: Path | None = None,
    ) -> None:
        """Run nothing yet.

        Args:
            program: ``GOROOT/bin/go``; without one there are no facts.
            timeout_s: How long the calls of one region may take together.
            cache: The folder for what was answered; one in our own cache by default.
        """
        self._program = program
        self._timeout_s = timeout_s
        self._cache = cache
        self._answers: dict[str, str] = {}
        self._has_read = False
        self._n_saved = 0
        self._at_once = asyncio.Semaphore(_N_AT_ONCE)

    async def calls(self, text: str, span: Span, *, root: Path | None) -> tuple[Fact, ...]:
        """Return what is known of the standard library's functions that a region calls.

        Args:
            text: The whole file.
            span: The region.
            root: The workspace folder; a Go that lies in it is not run.
        """
        program = self._program
        if program is None:
            return ()
        called = await asyncio.to_thread(self._called, text, span, program, root)
        answers = self._answers
        missing = [name for name in called if name not in answers]
        if missing:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._timeout_s):
                    await asyncio.gather(*(self._ask(program, name) for name in missing))
            await asyncio.to_thread(self._save, program)
        facts = (_fact(name, place, answers.get(name, "")) for name, place in called.items())
        return shortlist(fact for fact in facts if fact is not None)

    def _called(
        self, text: str, span: Span, program: Path, root: Path | None
    ) -> dict[str, tuple[str, Span]]:
        """Return what a region calls; before that, read what was answered earlier."""
        if root is not None and _is_inside(program, root):
            return {}
        if not self._has_read:
            self._has_read = True
            self._answers.update(_read(self._place(program)))
            self._n_saved = len(self._answers)
        return _called(text, span, program)

    async def _ask(self, program: Path, name: str) -> None:
        async with self._at_once:
            answer = await _documentation(program, name)
        if answer is not None:
            self._answers[name] = answer

    def _save(self, program: Path) -> None:
        if len(self._answers) == self._n_saved:
            return
        self._n_saved = len(self._answers)
        _write(self._place(program), dict(list(self._answers.items())[-_MAX_REMEMBERED:]))

    def _place(self, program: Path) -> Path:
        folder = self._cache or config.cache_dir() / "go-doc"
        return folder / f"{_identity(program)}.json"


def _called(text: str, span: Span, program: Path) -> dict[str, tuple[str, Span]]:
    """Return what a region calls by import path and name, as it is written and where."""
    tree = parse(text, "go")
    if tree is None:
        return {}
    scopes = brace_scopes(tree, span)
    found: dict[str, tuple[str, Span]] = {}
    for call in tree.nodes(frozenset({"call_expression"})):
        function = call.child_by_field_name("function")
        if function is None or not span.start <= tree.offset(call.start_byte) < span.end:
            continue
        name = resolved(_scope_of(scopes, call), function)
        match = _NAME.fullmatch(name)
        # The standard library is what the installation brings.
        if match and (program.parent.parent / "src" / match[1]).is_dir():
            found.setdefault(name, (tree.text_of(function), tree.span(function)))
        if len(found) == MAX_ASKED:
            break
    return found


def _scope_of(scopes: tuple[BraceScope, ...], node: Node) -> BraceScope:
    inside = [
        scope
        for scope in scopes
        if scope.node.start_byte <= node.start_byte and node.end_byte <= scope.node.end_byte
    ]
    return inside[-1] if inside else scopes[0]


def _fact(name: str, written: tuple[str, Span], answer: str) -> Fact | None:
    subject, span = written
    declaration = _DECLARATION.search(answer)
    if declaration is None:
        return None
    own_name = name.rpartition(".")[2]
    signature = declaration[0].partition(own_name)[2]
    if declaration[0].startswith("type "):
        signature = f", a type{signature.removesuffix('{').rstrip()}"
    said = "\n".join(line.strip() for line in answer[declaration.end() :].splitlines())
    return Fact(
        kind=FactKind.CALLS,
        subject=subject,
        text=call_text(subject, signature, said.strip(), name=own_name),
        source="go doc",
        names=(name,) if name != subject else (),
        detail=detail_of(declaration[0], said.strip()),
        span=span,
    )


async def _documentation(program: Path, name: str) -> str | None:
    """Return what ``go doc`` says, empty for nothing; None when it could not be asked."""
    folder = await asyncio.to_thread(tempfile.mkdtemp, prefix="ducktypist-go-doc-")
    try:
        process = await asyncio.create_subprocess_exec(
            *(str(program), "doc", name),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            cwd=folder,
            env=_environment(folder),
        )
        try:
            answer, _ = await process.communicate()
        finally:
            if process.returncode is None:
                with contextlib.suppress(ProcessLookupError):
                    process.kill()
                await process.wait()
    except OSError:
        return None
    finally:
        await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)
    return answer[:_MAX_ANSWER_BYTES].decode("utf-8", "replace") if not process.returncode else ""


def _environment(folder: str) -> dict[str, str]:
    return {
        "PATH": os.defpath,
        "HOME": folder,
        "GOCACHE": f"{folder}/cache",
        "GOPATH": f"{folder}/path",
        "GOTOOLCHAIN": "local",
        "GOFLAGS": "",
        "GOPROXY": "off",
        "GOENV": "off",
        "GOWORK": "off",
        "GO111MODULE": "off",
        "LC_ALL": "C.UTF-8",
    }


def _is_inside(program: Path, root: Path) -> bool:
    return program.is_relative_to(root) or program.resolve().is_relative_to(root.resolve())


def _identity(program: Path) -> str:
    """Return a name for one installation: where it lies and which version it is."""
    with contextlib.suppress(OSError):
        version = (program.parent.parent / "VERSION").read_bytes()[:200]
        return hashlib.sha256(str(program).encode() + b"\0" + version).hexdigest()[:16]
    return hashlib.sha256(str(program).encode()).hexdigest()[:16]


def _read(place: Path) -> dict[str, str]:
    try:
        found = json.loads(place.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    if not isinstance(found, dict):
        return {}
    return {str(name): answer for name, answer in found.items() if isinstance(answer, str)}


def _write(place: Path, answers: Mapping[str, str]) -> None:
    with contextlib.suppress(OSError):
        place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(dir=place.parent, prefix=f".{place.name}.")
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump(answers, file)
        Path(name).replace(place)
