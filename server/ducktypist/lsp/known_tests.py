"""The tests of a file and what is known of them, and what became of each test of a run.

Both as ``docs/protocol.md`` has them. Runs nothing, so it answers in folders that are not trusted.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ducktypist.domain import Document, FailingTest, Span, TestResult
from ducktypist.features.followed_files import language_of
from ducktypist.features.grounds import TEST_FILES
from ducktypist.features.red import MAX_MESSAGE_CHARS, TestRun, shortened
from ducktypist.lsp.convert import Mapper, range_as_json
from ducktypist.lsp.diagnostics import name_of
from ducktypist.lsp.passed_tests import digest_of
from ducktypist.lsp.window import View
from ducktypist.syntax.regions import TestFunction, test_functions

if TYPE_CHECKING:
    from ducktypist.app import App
    from ducktypist.lsp.session import Session


async def known_tests(session: Session, uri: str) -> dict[str, Any]:
    """Return the tests of a document or a file, in the order of its text.

    A file has tests if it is named as its language's test files are, or if a test of it is known
    from a run: another file's ``test_…`` functions are no tests. A test is red if it is with one of
    its parameters.

    Raises:
        StaleError: We lost track of the document's text.
        DucktypistError: It is not open, and its file cannot be read.
    """
    is_open = session.server.protocol.workspace.open_document(uri) is not None
    # In a thread: a file that is not open is read from the disk.
    view = (
        session.server.view(uri) if is_open else await asyncio.to_thread(session.server.view, uri)
    )
    path = view.document.path
    place = await asyncio.to_thread(_place, session.app, path)
    if path is None or place is None:
        return {"trusted": False, "tests": []}
    root, file, is_trusted = place.root, place.file, place.is_trusted
    language = _language(view.document, path)
    tests = await asyncio.to_thread(_tests, view, language)
    red = {name_of(test.node_id) for test in session.red.at(path, -1, ["", *tests])}
    states = {
        suffix: _state(session, root, f"{file}::{suffix}", digest, red)
        for suffix, (_, digest) in tests.items()
    }
    named = TEST_FILES.get(language)
    is_test_file = named is not None and named.fullmatch(path.name) is not None
    if not is_test_file and not any(state != "unknown" for state in states.values()):
        tests = {}
    return {
        "trusted": is_trusted,
        "tests": [
            {
                "nodeid": f"{file}::{suffix}",
                "name": suffix,
                "range": _range(view.mapper, test),
                "state": states[suffix],
            }
            for suffix, (test, _) in tests.items()
        ],
    }


def told_of_tests(session: Session, run: TestRun, root: Path) -> list[dict[str, Any]]:
    """Return what became of each test of a run, files that could not be read among them."""
    failing = {test.node_id: test for test in run.failing}
    return [
        _told(session, item, failing.get(item.node_id), root)
        for item in (*run.report.results, *run.report.collection_errors)
    ]


def _told(
    session: Session, result: TestResult, failing: FailingTest | None, root: Path
) -> dict[str, Any]:
    told: dict[str, Any] = {
        "nodeid": result.node_id,
        "outcome": str(result.outcome),
        "duration_ms": round(result.duration_ms, 1),
    }
    if message := shortened(result.message)[:MAX_MESSAGE_CHARS]:
        told["message"] = message
    # As it stands in the editor now: what was typed during the run moved it.
    now = session.red.get(root, result.node_id) if failing is not None else None
    place = now or failing
    if place is not None:
        told["uri"] = session.red.uri_of(place.path)
        told["line"] = place.line - 1
    return told


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    """Where a file is in the workspace."""

    root: Path
    file: str
    """As node ids name it."""
    is_trusted: bool


def _place(app: App, path: Path | None) -> _Place | None:
    root = app.root_of(path)
    if path is None or root is None:
        return None
    file = path.resolve().relative_to(root).as_posix()
    return _Place(root=root, file=file, is_trusted=app.is_trusted(root))


def _tests(view: View, language: str) -> dict[str, tuple[TestFunction, str]]:
    """Return tests and the digests of their texts by suffix; of several the last counts."""
    text = view.document.text
    return {test.suffix: (test, digest_of(text, test)) for test in test_functions(text, language)}


def _state(session: Session, root: Path, node_id: str, digest: str, red: set[str]) -> str:
    if name_of(node_id) in red:
        return "failed"
    # Red without a name is the file itself: none of its tests can be run.
    is_readable = "" not in red
    has_passed = session.desk.passed.has(root, node_id, digest)
    return "passed" if has_passed and is_readable else "unknown"


def _language(document: Document, path: Path) -> str:
    # A file that is not open has no language of the editor's.
    return document.language or language_of(path.name) or ""


def _range(mapper: Mapper, test: TestFunction) -> dict[str, Any]:
    """Return where a test stands, from its signature on, as JSON."""
    function = test.region
    return range_as_json(
        mapper.to_range(Span(start=function.signature.start, end=function.span.end))
    )
