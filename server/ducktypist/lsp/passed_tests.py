"""Which tests passed when this window last ran them.

It says so of one text of the test: edited, it is another test of which nothing is known. Of the
code that it calls it says nothing; that may have changed since. Runs of others are not counted.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from ducktypist.domain import TestOutcome, TestReport
from ducktypist.features.followed_files import language_of
from ducktypist.lsp.diagnostics import name_of
from ducktypist.syntax.model import TestFunction
from ducktypist.syntax.regions import test_functions

PASSED = (TestOutcome.PASSED, TestOutcome.XFAILED, TestOutcome.XPASSED)
MAX_FILES = 300
"""Of a run of more, the tests of the rest stay unknown: each file has to be parsed."""


class PassedTests:
    """The tests of one window that passed, by folder."""

    def __init__(self) -> None:
        self._digests: dict[Path, dict[str, str]] = {}
        """Of the tests' texts, by node id without parameters and subtests."""

    def update(
        self, passed: Mapping[str, str], *, root: Path, settled: Callable[[str], bool]
    ) -> None:
        """Take the outcome of a run.

        Args:
            passed: What :func:`passed_texts` found.
            root: The folder that node ids are relative to.
            settled: Tells of a node id whether the run says something of it.
        """
        before = self._digests.get(root, {})
        kept = {node_id: digest for node_id, digest in before.items() if not settled(node_id)}
        self._digests[root] = {**kept, **passed}

    def keep(self, roots: Iterable[Path]) -> None:
        """Forget folders that are none of these."""
        kept = set(roots)
        self._digests = {root: found for root, found in self._digests.items() if root in kept}

    def has(self, root: Path, node_id: str, digest: str) -> bool:
        """Tell whether a test of that text passed."""
        return self._digests.get(root, {}).get(node_id) == digest


def passed_texts(report: TestReport, text_of: Callable[[Path], str]) -> dict[str, str]:
    """Return the tests that passed with the digests of their texts. Reads and parses files.

    Args:
        report: Of a run.
        text_of: Returns the text that was run of a file below the root, or raises OSError.
    """
    names: dict[str, set[str]] = {}
    for node_id in report.ids(*PASSED):
        names.setdefault(node_id.partition("::")[0], set()).add(name_of(node_id))
    found: dict[str, str] = {}
    for file in list(names)[:MAX_FILES]:
        language = language_of(file)
        try:
            text = text_of(Path(file)) if language is not None else ""
        except (OSError, ValueError):
            continue
        for test in test_functions(text, language or ""):
            if test.suffix in names[file]:
                found[f"{file}::{test.suffix}"] = digest_of(text, test)
    return found


def digest_of(text: str, test: TestFunction) -> str:
    """Return what tells one text of a test from another."""
    own = test.region.span.of(text).encode(errors="surrogatepass")
    return hashlib.blake2b(own, digest_size=16).hexdigest()
