"""Runs Go's tests in the sandbox: ``go test``, with ``-race`` when asked to.

Not here: which packages (``go_packages``), with what arguments (``go_plan``), what came of it
(``go_report``), and what that is worth (``verdict``).
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import secrets
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from ducktypist.domain import TestReport
from ducktypist.errors import RunnerError
from ducktypist.verify import go_cache, go_canary, go_plan
from ducktypist.verify.go_packages import TEST_SUFFIX, Package, Selection, Tree, select
from ducktypist.verify.go_report import Ended, GoReader, GoRun
from ducktypist.verify.go_toolchain import GoToolchain
from ducktypist.verify.go_trials import LIFETIME_S, Settled, go_trials
from ducktypist.verify.go_vet import VetFinding, vet_argv, vet_findings
from ducktypist.verify.runner import RunRequest, Trials
from ducktypist.verify.sandbox import SUPPORT, RunResult, Sandbox, Session
from ducktypist.verify.trials import cold_trials
from ducktypist.verify.watchdog import Limits

DRIVER = Path(__file__).with_name("go_driver.py")
PLAN = "go_plan.json"
WARMING = Limits(
    timeout_s=600.0,
    max_memory_bytes=8 * 1024**3,
    max_processes=256,
    max_output_bytes=64 * 1024**2,
    max_scratch_bytes=8 * 1024**3,
)
"""For builds of the user's own tree; the standard library with ``-race`` takes a minute."""


class GoRunner:
    """Runs ``go test`` with one toolchain and a build cache of our own."""

    def __init__(self, *, sandbox: Sandbox, toolchain: GoToolchain, cache_dir: Path) -> None:
        """Remember where and with what.

        Args:
            sandbox: Where every run takes place.
            toolchain: The Go to run with; never executed outside of the sandbox.
            cache_dir: A private folder of ours; the build cache is a folder in it.
        """
        self._sandbox = sandbox
        self._toolchain = toolchain
        self._cache = cache_dir / "go-build"
        self._warming = asyncio.Lock()
        self._warm: set[tuple[Path, Path, bool]] = set()

    @property
    def name(self) -> str:
        """Return what people call it."""
        return "go test"

    @property
    def language(self) -> str:
        """Return the language of what it tests."""
        return "go"

    def owns(self, relative: Path) -> bool:
        """Tell whether a file is one of Go's tests, or a folder that may hold some."""
        return relative.name.endswith(TEST_SUFFIX)

    def trials(self, request: RunRequest) -> AbstractAsyncContextManager[Trials]:
        """Get ready to try many patches."""
        return self._trials(request)

    async def run(self, request: RunRequest) -> TestReport:
        """Run tests once.

        Raises:
            RunnerError: ``go`` did not start, or ``-race`` has no C compiler to build with.
            SandboxError: The run could not be isolated.
        """
        self._require_sound(request)
        plan = await asyncio.to_thread(self._plan, request)
        await self.warm(plan.run.root, plan.packages, race=request.race)
        result = await self._in_sandbox(
            plan.text,
            plan=plan,
            limits=request.limits,
            race=request.race,
        )
        return await asyncio.to_thread(self._read, plan, result)

    async def vet(
        self, root: Path, folders: Sequence[PurePosixPath], *, limits: Limits
    ) -> tuple[VetFinding, ...]:
        """Return what ``go vet`` finds in packages of the module at ``root``; nothing is executed.

        Raises:
            RunnerError: The cache cannot be made, or the time did not suffice.
            SandboxError: It could not be isolated.
        """
        await asyncio.to_thread(go_cache.prepare, self._cache)
        nonce = secrets.token_hex(16)
        plan = {"jobs": [{"cwd": ".", "argv": vet_argv(self._toolchain, folders)}]}
        result = await self._sandbox.run(
            argv=self._argv(),
            workspace=root,
            overlay={},
            environment=self._environment(race=False),
            limits=limits,
            interpreter=Path(sys.executable),
            readable=self._readable(),
            support={
                DRIVER.name: DRIVER,
                PLAN: go_plan.plan_text(nonce, plan, timeout_s=limits.timeout_s),
            },
            cache=self._cache,
        )
        told = [json.loads(line) for line in result.reports.splitlines() if line.endswith(b"}")]
        if not any("finished" in item and "expired" not in item for item in told):
            raise RunnerError(
                f"`go vet` of {len(folders)} packages did not end: "
                f"{result.output.strip()[-400:] or 'it said nothing'}"
            )
        return vet_findings(str(item["text"]) for item in told if "text" in item)

    async def settle(self, request: RunRequest) -> Settled:
        """Read the tree for trials, and build what they have in common; see ``run``."""
        self._require_sound(request)
        plan = await asyncio.to_thread(self._plan, request)
        await self.warm(plan.run.root, plan.packages, race=request.race)
        how = replace(plan.how, is_trial=True, shuffle=0)
        return Settled(run=plan.run, how=how, overlay=plan.overlay, limits=request.limits)

    def session(self, settled: Settled) -> AbstractAsyncContextManager[Session]:
        """Start the driver for trials."""
        return self._sandbox.open(
            argv=self._argv()[:-1],
            workspace=settled.run.root,
            overlay=settled.overlay,
            environment=self._environment(race=settled.how.race),
            limits=replace(settled.limits, timeout_s=LIFETIME_S),
            interpreter=Path(sys.executable),
            readable=self._readable(),
            support={DRIVER.name: DRIVER},
            cache=self._cache,
        )

    async def warm(self, root: Path, packages: Sequence[Package], *, race: bool = False) -> None:
        """Build packages as they are on the disk, so that later runs find all but the patch built.

        Once for each package of each kind; what cannot be built now is built by the runs.

        Raises:
            RunnerError: The cache cannot be made.
            SandboxError: The build could not be isolated.
        """
        async with self._warming:
            cold = [p for p in packages if (root, p.folder, race) not in self._warm]
            if not cold:
                return
            await asyncio.to_thread(go_cache.prepare, self._cache)
            selections = tuple(Selection(package=package, tests=None) for package in cold)
            plan = go_plan.builds(cold, self._toolchain, race=race)
            text = go_plan.plan_text("", plan, timeout_s=WARMING.timeout_s)
            await self._sandbox.run(
                argv=self._argv(),
                workspace=root,
                overlay={
                    **go_plan.laid_over(selections, self._toolchain, None),
                    **go_plan.warming(cold),
                },
                environment=self._environment(race=race),
                limits=WARMING,
                interpreter=Path(sys.executable),
                readable=self._readable(),
                support={DRIVER.name: DRIVER, PLAN: text},
                cache=self._cache,
                keep=lambda written: _take_over(written, self._cache),
            )
            self._warm |= {(root, package.folder, race) for package in cold}

    async def warm_all(self, root: Path) -> None:
        """Build every package of a workspace that has tests; see :meth:`warm`."""
        real, packages = await asyncio.to_thread(_all_packages, root)
        await self.warm(real, packages)

    @contextlib.asynccontextmanager
    async def _trials(self, request: RunRequest) -> AsyncIterator[Trials]:
        async with (
            cold_trials(self, request) as cold,
            go_trials(opener=self, cold=cold, request=request) as trials,
        ):
            yield trials

    def _require_sound(self, request: RunRequest) -> None:
        if any(target.startswith("-") for target in request.targets):
            raise RunnerError(f"{request.targets!r} holds an option; expected node ids or files")
        if request.race and self._toolchain.compiler is None:
            raise RunnerError(
                "`go test -race` needs a C compiler, and there is no gcc or clang in /usr/bin or "
                "/usr/local/bin; install one, for example with `apt install gcc`"
            )

    def _plan(self, request: RunRequest) -> _Plan:
        root = request.root.resolve()
        tree = Tree(root=root, overlay=request.overlay)
        selections, unknown = select(tree, request.targets)
        canary = go_canary.make() if request.canaries else None
        # An order of its own is for tests that were named; a whole file's may build on each other.
        named = bool(request.targets) and all("::" in target for target in request.targets)
        how = go_plan.How(
            toolchain=self._toolchain,
            timeout_s=request.limits.timeout_s,
            race=request.race,
            repeats=max(1, request.repeats),
            shuffle=request.hash_seed if named else 0,
        )
        plan = {
            "jobs": go_plan.jobs(selections, how, canary),
            "trace": go_plan.traces(selections, how, canary) if request.trace else (),
            "hidden": canary.mark if canary else "",
        }
        run = GoRun(
            root=root,
            tree=tree,
            selections=selections,
            unknown=unknown,
            canary=canary,
            repeats=how.repeats,
            nonce=secrets.token_hex(16),
        )
        return _Plan(
            run=run,
            how=how,
            text=go_plan.plan_text(run.nonce, plan, timeout_s=how.timeout_s),
            overlay={
                **request.overlay,
                **go_plan.laid_over(selections, self._toolchain, canary),
            },
        )

    def _read(self, plan: _Plan, result: RunResult) -> TestReport:
        reader = GoReader(plan.run)
        for line in result.reports.splitlines():
            reader.feed(line)
        if not reader.has_begun and result.killed is None and plan.run.selections:
            raise RunnerError(
                f"{self._toolchain.go} did not start (status {result.exit_status}): "
                f"{result.output.strip()[-800:] or 'it said nothing'}"
            )
        return reader.report(
            Ended(
                killed=result.killed,
                duration_ms=result.duration_ms,
                output=result.output,
                root_inside=result.root_inside,
            )
        )

    async def _in_sandbox(self, text: str, *, plan: _Plan, limits: Limits, race: bool) -> RunResult:
        return await self._sandbox.run(
            argv=self._argv(),
            workspace=plan.run.root,
            overlay=plan.overlay,
            environment=self._environment(race=race),
            limits=limits,
            interpreter=Path(sys.executable),
            readable=self._readable(),
            support={DRIVER.name: DRIVER, PLAN: text},
            cache=self._cache,
        )

    def _argv(self) -> list[str]:
        return [sys.executable, "-I", "-S", f"{SUPPORT}/{DRIVER.name}", f"{SUPPORT}/{PLAN}"]

    def _environment(self, *, race: bool) -> dict[str, str]:
        return go_plan.environment(
            self._toolchain, race=race, module_cache=self._toolchain.module_cache is not None
        )

    def _readable(self) -> list[Path]:
        cache = self._toolchain.module_cache
        return [self._toolchain.goroot, *([cache] if cache is not None else [])]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Plan:
    """What is settled before a run, all of it read from the file system."""

    run: GoRun
    how: go_plan.How
    text: str
    overlay: dict[Path, str]

    @property
    def packages(self) -> list[Package]:
        return [selection.package for selection in self.run.selections]


def _take_over(written: Path, cache: Path) -> None:
    go_cache.take_over(written, cache)


def _all_packages(root: Path) -> tuple[Path, list[Package]]:
    tree = Tree(root=root.resolve(), overlay={})
    return tree.root, list(tree.packages_below(Path()))
