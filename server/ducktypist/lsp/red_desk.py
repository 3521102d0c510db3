"""Where one window's news of red tests comes together: runs of ours, and what others left on disk.

The later news wins. Only a trusted folder's tests are run; results that lie on the disk are shown
in any folder, because showing them runs nothing.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lsprotocol import types

from ducktypist import config, watch
from ducktypist.domain import TestOutcome, TestReport, TestResult
from ducktypist.errors import DucktypistError, RunnerError
from ducktypist.features.attributing import (
    Ran,
    followed_in,
    report_id,
    source_of,
    take_report,
    unchanged_since,
    utc_of,
)
from ducktypist.features.grounds import NotRunnable
from ducktypist.features.red import RED, TestRun, Told, located, run_tests, text_on_disk
from ducktypist.features.runs import Followed
from ducktypist.features.workbench import new_suggestion_id
from ducktypist.ledger.later import RunSource
from ducktypist.lsp.diagnostics import RedTests
from ducktypist.lsp.lenses import LensNews
from ducktypist.lsp.passed_tests import PassedTests, passed_texts

if TYPE_CHECKING:
    from ducktypist.lsp.session import Session

MAX_RUN_AGAIN = 200
MAX_LOCATED = 50
SETTLE_S = 0.3
"""How long to wait for an editor's further edits."""
CLOCK_SLACK_S = 1.0


class RedDesk:
    """One window's red tests, and what keeps them up to date."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self.tests = RedTests(on_moved=self._publish_soon)
        self.passed = PassedTests()
        self._lenses = LensNews(session)
        self._watchers: list[asyncio.Task[Any]] = []
        self._reruns: dict[Path, asyncio.Task[Any]] = {}
        self._publishing: asyncio.TimerHandle | None = None
        self._from_cache: dict[Path, frozenset[str]] = {}
        """What pytest's cache said was red, by root."""

    # ------------------------------------------------------------------ runs of ours

    async def run(self, targets: Sequence[str], root: Path, *, race: bool = False) -> TestRun:
        """Run tests on the editor's texts and publish what is red.

        Raises:
            RunnerError: Nothing can be run there; the message says why.
        """
        followed = await self._followed(root)
        with self.tests.following() as since:
            # Nothing may come between: the texts that are run are those of this moment.
            grounds = await self._session.grounds(root)
            if isinstance(grounds, NotRunnable):
                raise RunnerError(grounds.reason)
            started_s = time.time()
            # A whole suite is not slowed down for the ledger's sake; its tests' texts say enough.
            trace = bool(targets) and bool(followed.hashes)
            run = await run_tests(targets, grounds=grounds, race=race, trace=trace)
            text_of = unchanged_since(root, started_s, grounds.buffers)
            passed = await asyncio.to_thread(passed_texts, run.report, text_of)
            # Who hears of what is red may ask at once for what is green.
            self.passed.update(passed, root=root, settled=run.settles)
            self.tests.update(
                run.failing, root=root, settled=run.settles, texts=run.texts, since=since
            )
        self.publish()
        for problem in run.problems:
            self._session.say(types.MessageType.Warning, problem)
        ran = Ran(source=RunSource.SERVER, ran_utc=utc_of(started_s), run_id=new_suggestion_id())
        self._attribute(run.report, ran, root, text_of, followed)
        return run

    def rerun_soon(self, root: Path) -> None:
        """Run a folder's red tests again while nobody waits: one patch may mend several."""
        before = self._reruns.get(root)
        if before is not None:
            before.cancel()
        task = self._reruns[root] = self._session.in_background(self._rerun(root))
        task.add_done_callback(
            lambda done: self._reruns.pop(root) if self._reruns.get(root) is done else None
        )

    async def _rerun(self, root: Path) -> None:
        await asyncio.sleep(SETTLE_S)
        red = sorted(self.tests.known_ids(root))[:MAX_RUN_AGAIN]
        is_trusted = await asyncio.to_thread(self._session.app.is_trusted, root)
        if red and is_trusted:
            await self._run_known(red, root)

    async def _run_known(self, node_ids: Sequence[str], root: Path) -> None:
        try:
            await self.run(node_ids, root)
        except RunnerError:
            # A runner may refuse all because one is gone; their files then.
            files = dict.fromkeys(node_id.partition("::")[0] for node_id in node_ids)
            there = [file for file in files if await asyncio.to_thread((root / file).is_file)]
            if not there:
                raise
            await self.run(there, root)

    # ------------------------------------------------------------------ for the ledger

    async def _followed(self, root: Path) -> Followed:
        """Return in which functions of a folder accepted suggestions stand."""
        app = self._session.app
        if app.config.ledger.follow:
            # A function that is being edited is another one by now.
            await self._session.following.refresh(root)
            with contextlib.suppress(DucktypistError):
                return await asyncio.to_thread(followed_in, app.ledger, root)
        return Followed()

    def _attribute(
        self,
        report: TestReport,
        ran: Ran,
        root: Path,
        text_of: Callable[[Path], str],
        followed: Followed | None = None,
    ) -> None:
        """Note what a report says of accepted suggestions; nobody waits for it."""
        app = self._session.app
        if app.config.ledger.follow and report.results:
            self._session.in_background(
                asyncio.to_thread(
                    take_report,
                    report,
                    ran=ran,
                    root=root,
                    ledger=app.ledger,
                    text_of=text_of,
                    followed=followed,
                )
            )

    def _attribute_file(
        self, root: Path, report: TestReport, *, made_s: float, is_timed: bool
    ) -> None:
        ran = Ran(
            source=source_of(report),
            ran_utc=utc_of(made_s),
            run_id=report_id(report, root=root, made_s=None if is_timed else made_s),
        )
        self._attribute(report, ran, root, unchanged_since(root, made_s))

    # ------------------------------------------------------------------ publishing

    def publish(self) -> None:
        """Send the diagnostics that changed."""
        if self._publishing is not None:
            self._publishing.cancel()
            self._publishing = None
        server = self._session.server
        besides = self._session.acceptances.diagnostics()
        for uri, found in self.tests.changed_diagnostics(besides).items():
            document = server.protocol.workspace.open_document(uri)
            server.text_document_publish_diagnostics(
                types.PublishDiagnosticsParams(
                    uri=uri, diagnostics=found, version=document.version if document else None
                )
            )
        self._lenses.tell()

    def _publish_soon(self) -> None:
        """Publish when the person pauses; until then the editor moves what it shows by itself."""
        if self._publishing is not None:
            self._publishing.cancel()
        self._publishing = asyncio.get_running_loop().call_later(SETTLE_S, self.publish)

    def close(self) -> None:
        """Publish nothing from here on."""
        if self._publishing is not None:
            self._publishing.cancel()
            self._publishing = None

    # ------------------------------------------------------------------ what others leave on disk

    def watch(self) -> None:
        """Follow what lies on the disk, for the folders and settings of now."""
        for task in self._watchers:
            task.cancel()
        roots, settings = self._session.app.roots, self._session.app.config.tests
        self.passed.keep(roots)
        self._lenses.tell()
        if not roots:
            self._watchers = []
            return
        follows: list[Coroutine[Any, Any, None]] = [
            self._follow_lastfailed(roots),
            self._follow_records(roots),
        ]
        if settings.junit_xml:
            follows.append(self._follow_junit(roots, settings.junit_xml))
        self._watchers = [self._session.in_background(one) for one in follows]

    async def _follow_lastfailed(self, roots: Sequence[Path]) -> None:
        red = {root: await asyncio.to_thread(watch.read_lastfailed, root) for root in roots}
        before = {root: frozenset(one.node_ids if one else ()) for root, one in red.items()}
        async for told in watch.lastfailed_changes(roots):
            now = frozenset(told.node_ids)
            # What was red before may not have been run again.
            appeared, before[told.root] = now - before[told.root], now
            gone = self._from_cache.get(told.root, frozenset()) - now
            self._from_cache[told.root] = now
            self.tests.update((), root=told.root, settled=gone.__contains__)
            self.publish()
            known = self.tests.known_ids(told.root)
            new = [item for item in told.node_ids if item not in known]
            # Red by what we knew, and pytest does not say so: it passed, or it was not run.
            doubted = sorted(item for item in known - now if _is_python(item))
            ran = await self._find_out(told.root, new, doubted)
            await self._attribute_cache(told.root, sorted(appeared - ran))

    async def _attribute_cache(self, root: Path, appeared: Sequence[str]) -> None:
        """Note tests that became red and that were not run here."""
        with contextlib.suppress(OSError):
            made_s = (await asyncio.to_thread((root / watch.LASTFAILED).stat)).st_mtime
            report = _unexplained(appeared)
            ran = Ran(
                source=RunSource.LASTFAILED,
                ran_utc=utc_of(made_s),
                run_id=report_id(report, root=root, made_s=made_s),
            )
            self._attribute(report, ran, root, unchanged_since(root, made_s))

    async def _find_out(
        self, root: Path, new: Sequence[str], doubted: Sequence[str]
    ) -> frozenset[str]:
        """Run what pytest's cache tells of, where that may be; return what was run."""
        asked = [*new, *doubted][:MAX_LOCATED]
        ran: frozenset[str] = frozenset()
        is_trusted = await asyncio.to_thread(self._session.app.is_trusted, root)
        if asked and is_trusted:
            with contextlib.suppress(DucktypistError):
                await self._run_known(asked, root)
                ran = frozenset(asked)
        unknown = [item for item in new if item not in ran]
        await self._take(root, _unexplained(unknown), made_s=float("inf"))
        return ran

    async def _follow_records(self, roots: Sequence[Path]) -> None:
        folder = config.state_dir() / watch.RECORDS
        async for root, record in watch.record_changes(folder, roots):
            await self._take(root, record.report, made_s=record.made_s)
            # A record has no durations, so its time tells it from another that says the same.
            self._attribute_file(root, record.report, made_s=record.made_s, is_timed=False)

    async def _follow_junit(self, roots: Sequence[Path], relative: str) -> None:
        seen: dict[Path, frozenset[str]] = {}
        async for found in watch.junit_changes(roots, relative):
            if found.problem:
                self._session.say(types.MessageType.Warning, found.problem)
            elif found.report is None:
                gone = seen.pop(found.root, frozenset())
                self.tests.update((), root=found.root, settled=gone.__contains__)
                self.publish()
            else:
                seen[found.root] = frozenset(_red_ids(found.report))
                await self._take(found.root, found.report, made_s=found.made_s)
                self._attribute_file(found.root, found.report, made_s=found.made_s, is_timed=True)

    async def _take(self, root: Path, report: TestReport, *, made_s: float) -> None:
        """Show a report that was made elsewhere, of the files on the disk."""
        failing, texts = await asyncio.to_thread(
            lambda: located(_of_these_files(report, made_s), root, text_on_disk(root))
        )
        there = [test for test in failing if test.path in texts]
        self.tests.update(there, root=root, settled=Told(report).settles, texts=texts)
        self.publish()


def _unexplained(node_ids: Sequence[str]) -> TestReport:
    """Return red tests as pytest's cache names them: by their ids alone."""
    return TestReport(
        results=tuple(
            TestResult(
                node_id=node_id,
                outcome=TestOutcome.FAILED,
                duration_ms=0.0,
                message="it failed when pytest last ran",
            )
            for node_id in node_ids
        ),
        collected=(),
        exit_status=None,
        killed=None,
        duration_ms=0.0,
        output_tail="",
    )


def _of_these_files(report: TestReport, made_s: float) -> TestReport:
    """Leave out frames of files that were written after the report: their lines may be others."""
    later: dict[Path, bool] = {}

    def is_later(path: Path) -> bool:
        if path not in later:
            try:
                later[path] = path.stat().st_mtime > made_s + CLOCK_SLACK_S
            except OSError:
                later[path] = True
        return later[path]

    def kept(item: TestResult) -> TestResult:
        return replace(
            item, frames=tuple(frame for frame in item.frames if not is_later(frame.path))
        )

    return replace(
        report,
        results=tuple(kept(item) for item in report.results),
        collection_errors=tuple(kept(item) for item in report.collection_errors),
    )


def _red_ids(report: TestReport) -> list[str]:
    return [
        item.node_id for item in (*report.results, *report.collection_errors) if item.outcome in RED
    ]


def _is_python(node_id: str) -> bool:
    return node_id.partition("::")[0].endswith(".py")
