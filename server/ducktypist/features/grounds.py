"""What may be run for one workspace, and with what; or why nothing may.

Built by ``app``. Here it is only used: a feature asks for the examples or the tests of a patched
file and gets reports. The tree itself is never written.
"""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ducktypist.domain import TestReport
from ducktypist.errors import RunnerError
from ducktypist.syntax.regions import test_functions
from ducktypist.verify.example_trials import screen_examples
from ducktypist.verify.examples import ExampleReport, run_examples
from ducktypist.verify.go_checks import run_go_examples, screen_go_examples
from ducktypist.verify.runner import Runner, RunRequest
from ducktypist.verify.sandbox import Sandbox
from ducktypist.verify.watchdog import Limits

TEST_FILES = {
    "python": re.compile(r"test_.*\.py|.*_test\.py"),
    "go": re.compile(r"[^._].*_test\.go"),
}
"""By language, the names of test files."""
SKIPPED = frozenset(
    {
        *("node_modules", "venv", "__pycache__", "site-packages", "build", "dist"),
        *("vendor", "testdata"),
    }
)
_GO_PACKAGE = re.compile(r"^package[ \t]+(\w+)", re.MULTILINE)
MAX_FILES_SEEN = 20_000
MAX_NAMING_TESTS = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class NotRunnable:
    """Nothing of this workspace is executed."""

    reason: str
    """In words, such as ``the folder is not trusted``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Grounds:
    """A trusted workspace, a sandbox that holds, and an interpreter."""

    root: Path
    sandbox: Sandbox
    interpreter: Path
    runners: tuple[Runner, ...]
    """Each test file belongs to the first one that owns it."""
    limits: Limits
    suite_limits: Limits
    buffers: Mapping[Path, str]
    """Unsaved texts by path relative to ``root``; they are part of what is tested."""
    missing: tuple[str, ...] = ()
    """Why runners that the folder wants are not there, a sentence each."""

    @property
    def level(self) -> int:
        """The sandbox level of every run made here."""
        return self.sandbox.status.level

    def relative(self, path: Path) -> Path | None:
        """Return ``path`` relative to the root, or None when it lies elsewhere."""
        for root, candidate in ((self.root, path), (self.root.resolve(), path.resolve())):
            if candidate.is_relative_to(root):
                return candidate.relative_to(root)
        return None

    def text_of(self, relative: Path) -> str:
        """Return the text that counts for a file: the open buffer's, else the disk's."""
        if relative in self.buffers:
            return self.buffers[relative]
        with (self.root / relative).open(encoding="utf-8", errors="replace", newline="") as file:
            return file.read()

    async def tests_naming(
        self, name: str, language: str = "python", *, near: Path | None = None
    ) -> tuple[str, ...]:
        """Return the node ids of the tests whose text names a function.

        Args:
            name: The function's own name.
            language: ``python`` or ``go``; there are none of others.
            near: The function's file, relative to the root. Tests beside it come first; Go tests
                elsewhere count only where they name the package, too.
        """
        return await asyncio.to_thread(self._tests_naming, name, language, near)

    def runner_for(self, language: str) -> Runner | None:
        """Return the runner of a language, None when there is none."""
        return next((runner for runner in self.runners if runner.language == language), None)

    def runner_of(self, node_id: str) -> Runner:
        """Return whose test (or test file, or folder) this is.

        Raises:
            RunnerError: Nobody's.
        """
        relative = Path(node_id.partition("::")[0])
        for runner in self.runners:
            if runner.owns(relative):
                return runner
        names = " and ".join(runner.name for runner in self.runners) or "no test runner"
        why = "; ".join(self.missing) or "see the settings under `tests`"
        raise RunnerError(f"{relative} is no test file of {names}; {why}")

    def request(
        self,
        targets: Sequence[str],
        *,
        changed: Mapping[Path, str] | None = None,
        whole_suite: bool = False,
    ) -> RunRequest:
        """Return a request to run tests on the buffers with ``changed`` laid over them."""
        return RunRequest(
            root=self.root,
            limits=self.suite_limits if whole_suite else self.limits,
            targets=tuple(targets),
            overlay={**self.buffers, **(changed or {})},
        )

    async def tests(
        self,
        targets: Sequence[str],
        *,
        changed: Mapping[Path, str] | None = None,
        hash_seed: int = 0,
        canaries: bool = True,
        whole_suite: bool = False,
        trace: bool = False,
    ) -> TestReport:
        """Run tests on the buffers with ``changed`` laid over them."""
        request = self.request(targets, changed=changed, whole_suite=whole_suite)
        return await self.runner_of(targets[0] if targets else "x.py").run(
            replace(request, canaries=canaries, hash_seed=hash_seed, trace=trace)
        )

    async def examples(
        self, path: Path, text: str, function: str, *, hash_seed: int = 0
    ) -> ExampleReport:
        """Run what the docstring of one function of a patched file states; Go is compiled anyway.

        Raises:
            RunnerError: There is no Go to run with, or it did not start.
            SandboxError: The run could not be isolated.
        """
        if path.suffix == ".go":
            return await run_go_examples(
                runner=self.runner_of(f"{path.stem}_test.go"),
                root=self.root,
                path=path,
                text=text,
                overlay=self.buffers,
                function=function,
                hash_seed=hash_seed,
                limits=self.limits,
                level=self.level,
            )
        return await run_examples(
            sandbox=self.sandbox,
            interpreter=self.interpreter,
            root=self.root,
            path=path,
            text=text,
            overlay=self.buffers,
            function=function,
            hash_seed=hash_seed,
            limits=self.limits,
        )

    async def screen(
        self, path: Path, texts: Sequence[str], function: str
    ) -> tuple[ExampleReport, ...]:
        """Run what a function's docstring states in many versions of its file; no verdict.

        Raises:
            RunnerError: As for :meth:`examples`.
            SandboxError: The run could not be isolated.
        """
        if path.suffix == ".go":
            return await screen_go_examples(
                runner=self.runner_of(f"{path.stem}_test.go"),
                root=self.root,
                path=path,
                texts=texts,
                overlay=self.buffers,
                function=function,
                limits=self.limits,
                level=self.level,
            )
        return await screen_examples(
            sandbox=self.sandbox,
            interpreter=self.interpreter,
            root=self.root,
            path=path,
            texts=texts,
            overlay=self.buffers,
            function=function,
            limits=self.limits,
        )

    def _tests_naming(self, name: str, language: str, near: Path | None) -> tuple[str, ...]:
        if language not in TEST_FILES:
            return ()
        here = near.parent if near is not None else None
        package = self._go_package(near) if language == "go" and near is not None else ""
        found: list[str] = []
        files = self._test_files(TEST_FILES[language])
        for relative in sorted(files, key=lambda path: path.parent != here):
            is_far = bool(package) and relative.parent != here
            head = rf"\b{package}\." if is_far else r"\b"
            word = re.compile(rf"{head}{re.escape(name)}\b")
            text = self.text_of(relative)
            if not word.search(text):
                continue
            found += [
                f"{relative.as_posix()}::{test.suffix}"
                for test in test_functions(text, language)
                if word.search(test.region.span.of(text))
            ]
            if len(found) >= MAX_NAMING_TESTS:
                break
        return tuple(found[:MAX_NAMING_TESTS])

    def _go_package(self, relative: Path) -> str:
        try:
            clause = _GO_PACKAGE.search(self.text_of(relative))
        except OSError:
            return ""
        return clause[1] if clause is not None else ""

    def _test_files(self, named: re.Pattern[str]) -> list[Path]:
        files: list[Path] = []
        n_seen = 0
        for folder, subfolders, names in os.walk(self.root):
            subfolders[:] = sorted(
                item for item in subfolders if not item.startswith(".") and item not in SKIPPED
            )
            n_seen += len(names)
            files += [
                (Path(folder) / item).relative_to(self.root)
                for item in sorted(names)
                if named.fullmatch(item)
            ]
            if n_seen > MAX_FILES_SEEN:
                break
        return files
