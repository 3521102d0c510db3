"""Runs any test command in the sandbox: vitest, jest, ``node --test``, a script.

What the command says counts when it writes JUnit XML, its exit status where it does not. Tests that
must fail cannot run along, because nobody knows the language: reports say so, and verdicts repeat
it. Not here: the dialects of JUnit XML (``junit``).
"""

from __future__ import annotations

import asyncio
import fnmatch
import json
import os
import re
import secrets
import shutil
import sys
from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from pathlib import Path, PurePosixPath

from ducktypist.domain import TestOutcome, TestReport
from ducktypist.errors import RunnerError
from ducktypist.verify.command_report import CommandPlan, read_report
from ducktypist.verify.inside_view import PROGRAM_PATH, SYSTEM
from ducktypist.verify.runner import RunRequest, Trials
from ducktypist.verify.sandbox import SUPPORT, Sandbox
from ducktypist.verify.trials import cold_trials

DRIVER = Path(__file__).with_name("command_driver.py")
PLAN = "command_plan.json"
TEST, JUNIT = "{test}", "{junit}"
MAX_FILES = 500
"""How many test files one run names, and how many commands it starts."""
MAX_FILES_SEEN = 50_000
_SKIPPED = frozenset({"node_modules", "vendor", "dist", "build", "target", "__pycache__", "venv"})
_OUTPUT_TAIL_CHARACTERS = 4000
_LANGUAGES = {
    ".ts": "typescript",
    ".tsx": "typescript",
    ".js": "javascript",
    ".jsx": "javascript",
    ".mjs": "javascript",
    ".cjs": "javascript",
    ".rb": "ruby",
    ".java": "java",
    ".rs": "rust",
    ".sh": "bash",
}
_RED = frozenset({TestOutcome.FAILED, TestOutcome.ERROR})


class CommandRunner:
    """Runs one command for the files that some patterns name."""

    def __init__(
        self, *, sandbox: Sandbox, command: Sequence[str], patterns: Sequence[str]
    ) -> None:
        """Remember where and what.

        Args:
            sandbox: Where every run takes place.
            command: A program and its arguments. An argument ``{test}`` becomes one argument for
                each test file; inside a longer argument it stands for one file, and the command is
                run for each. ``{junit}`` stands for where to write JUnit XML.
            patterns: Which files are its tests: ``*.test.ts``, or with a slash ``tests/**/*.js``.

        Raises:
            RunnerError: The command is empty.
        """
        if not command or not command[0] or "{" in command[0]:
            raise RunnerError("tests.command names no program; expected a program and arguments")
        self._sandbox = sandbox
        self._command = tuple(command)
        self._patterns = tuple(patterns)

    @property
    def name(self) -> str:
        """Return what people call it: the program's name."""
        return Path(self._command[0]).name

    @property
    def language(self) -> str:
        """Return the language of the tests when all patterns agree, else nothing."""
        found = {_LANGUAGES.get(PurePosixPath(pattern).suffix, "") for pattern in self._patterns}
        return found.pop() if len(found) == 1 else ""

    def owns(self, relative: Path) -> bool:
        """Tell whether a file matches one of the patterns."""
        path = PurePosixPath(relative.as_posix())
        return any(_matches(path, pattern) for pattern in self._patterns)

    def trials(self, request: RunRequest) -> AbstractAsyncContextManager[Trials]:
        """Get ready to try many patches."""
        return cold_trials(self, request)

    async def run(self, request: RunRequest) -> TestReport:
        """Run tests once.

        Raises:
            RunnerError: The program is missing, wrote no usable report, or a race was asked for.
            SandboxError: The run could not be isolated.
        """
        if request.race:
            raise RunnerError(f"{self.name} finds no data races; only `go test` does")
        if any(target.startswith("-") for target in request.targets):
            raise RunnerError(f"{request.targets!r} holds an option; expected node ids or files")
        plan = await asyncio.to_thread(self._plan, request)
        result = await self._sandbox.run(
            argv=[sys.executable, "-I", "-S", f"{SUPPORT}/{DRIVER.name}", f"{SUPPORT}/{PLAN}"],
            workspace=plan.root,
            overlay=request.overlay,
            environment={
                "PATH": plan.path,
                "CI": "1",
                "NO_COLOR": "1",
                "FORCE_COLOR": "0",
            },
            limits=request.limits,
            interpreter=Path(sys.executable),
            readable=plan.readable,
            support={DRIVER.name: DRIVER, PLAN: plan.text},
        )
        return await asyncio.to_thread(read_report, plan, result, request.targets)

    def _plan(self, request: RunRequest) -> CommandPlan:
        root = request.root.resolve()
        files = self._files(root, request)
        commands = self._commands([file for file, exists in files.items() if exists])
        path, readable = _program(self._command[0], root)
        commands *= max(1, request.repeats)
        nonce = secrets.token_hex(16)
        return CommandPlan(
            root=root,
            files=files,
            commands=commands,
            nonce=nonce,
            text=json.dumps({"nonce": nonce, "commands": commands}),
            path=path,
            readable=readable,
            with_junit=any(JUNIT in argument for argument in self._command),
        )

    def _files(self, root: Path, request: RunRequest) -> dict[str, bool]:
        """Return the test files that are asked for, and whether each exists."""
        found: dict[str, bool] = {}
        for target in request.targets:
            name = target.partition("::")[0]
            pure = PurePosixPath(name)
            if pure.is_absolute() or ".." in pure.parts:
                raise RunnerError(f"{name} is not a path below the workspace")
            if (root / pure).is_dir():
                found |= dict.fromkeys(self._owned(root, Path(pure), request.overlay), True)
                continue
            found[pure.as_posix()] = Path(pure) in request.overlay or (root / pure).is_file()
        if not request.targets:
            found = dict.fromkeys(self._owned(root, Path(), request.overlay), True)
        return dict(list(found.items())[:MAX_FILES])

    def _owned(self, root: Path, below: Path, overlay: Mapping[Path, str]) -> list[str]:
        found = {path for path in overlay if path.is_relative_to(below) and self.owns(path)}
        n_seen = 0
        for folder, subfolders, names in os.walk(root / below):
            subfolders[:] = sorted(
                item for item in subfolders if not item.startswith(".") and item not in _SKIPPED
            )
            at = Path(folder).relative_to(root)
            found |= {at / name for name in names if self.owns(at / name)}
            n_seen += len(names)
            if n_seen > MAX_FILES_SEEN:
                break
        return [path.as_posix() for path in sorted(found)]

    def _commands(self, files: Sequence[str]) -> list[tuple[str, ...]]:
        if not any(TEST in argument for argument in self._command):
            return [self._command]
        if all(argument == TEST for argument in self._command if TEST in argument) and any(
            JUNIT in argument for argument in self._command
        ):
            expanded: list[str] = []
            for argument in self._command:
                expanded += files if argument == TEST else [argument]
            return [tuple(expanded)] if files else []
        # Without a report, only a run of its own tells what became of a file.
        return [tuple(argument.replace(TEST, file) for argument in self._command) for file in files]


def _program(name: str, root: Path) -> tuple[str, tuple[Path, ...]]:
    """Return the PATH of a run and what it has to see so that the program is found there.

    Raises:
        RunnerError: There is no such program.
    """
    if "/" in name:
        return PROGRAM_PATH, ()
    found = shutil.which(name)
    if found is None:
        raise RunnerError(f"tests.command names {name}, which is no program on PATH")
    program = Path(found).absolute()
    is_system = any(program.is_relative_to(top) for top in SYSTEM)
    if is_system or program.is_relative_to(root) or program.resolve().is_relative_to(root):
        return PROGRAM_PATH, ()
    # Installed by a version manager: its folder holds the program and its libraries.
    return f"{program.parent}:{PROGRAM_PATH}", (program.parent.parent, program.resolve().parent)


def _matches(path: PurePosixPath, pattern: str) -> bool:
    if "/" not in pattern:
        return fnmatch.fnmatchcase(path.name, pattern)
    regex = "".join(_GLOB.get(part, re.escape(part)) for part in _GLOB_PARTS.split(pattern))
    return re.fullmatch(regex, path.as_posix()) is not None


_GLOB_PARTS = re.compile(r"(\*\*/|\*\*|\*|\?)")
_GLOB = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
