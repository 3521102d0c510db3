"""Reading JUnit XML: what test runners of all languages write when asked for a report.

There is no standard; the dialects of pytest, jest-junit, vitest, surefire, gotestsum and Node's
own runner are understood. The text may be anybody's: its size is bounded, a document type (which is
what entities come with) is refused, and whatever is wrong is a RunnerError.
Not here: where the file lies, and who wrote it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from xml.etree import ElementTree as ET

from ducktypist.domain import TestOutcome, TestResult
from ducktypist.errors import RunnerError

MAX_BYTES = 16 * 1024**2
MAX_CASES = 100_000
MAX_DEPTH = 64
MAX_TEXT = 12_000
MAX_PATH = 1000
_DOCTYPE = re.compile(rb"<!\s*(?:DOCTYPE|ENTITY)", re.IGNORECASE)
_PLACE = re.compile(r"(?:file://)?([\w@./+-]+\.\w+):(\d+)")
_SUFFIXES = (".py", ".ts", ".tsx", ".js", ".jsx", ".mjs", ".cjs", ".go", ".rb", ".java", ".kt")


@dataclass(frozen=True, slots=True, kw_only=True)
class JunitReport:
    """What one document says."""

    results: tuple[TestResult, ...]
    """In document order; of a test that is named twice the worst."""
    unplaced: tuple[str, ...]
    """Names of tests of which the document does not say in which file they are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Case:
    element: ET.Element
    suites: tuple[ET.Element, ...]
    """What it lies in, outermost first."""


def read_junit(
    raw: bytes,
    *,
    exists: Callable[[str], bool],
    only_file: str | None = None,
    root: str = "",
) -> JunitReport:
    """Return the tests of a JUnit XML document.

    Args:
        raw: The document.
        exists: Tells whether a path relative to the root is a file's; dialects without a file
            attribute are understood through it.
        only_file: The only file that was run; tests that say nothing else are taken to be its.
        root: The root's path as the tests saw it; it is cut from messages.

    Raises:
        RunnerError: It is too large, has a document type, or is no JUnit XML.
    """
    if len(raw) > MAX_BYTES:
        raise RunnerError(f"a JUnit report has {len(raw)} bytes; at most {MAX_BYTES} are read")
    # In UTF-16 the words below would not be found, nor would any runner write it.
    if b"\0" in raw or _DOCTYPE.search(raw):
        raise RunnerError("a JUnit report has a document type or is not UTF-8; it is not read")
    try:
        top = ET.fromstring(raw)  # noqa: S314 - bounded, and without entities, see above
    except (ET.ParseError, ValueError, LookupError, RecursionError) as error:
        raise RunnerError(f"a JUnit report is not well-formed XML: {error}") from error
    if _tag(top) not in {"testsuites", "testsuite"}:
        raise RunnerError(f"a report's first element is <{_tag(top)[:40]}>, expected <testsuites>")
    results: dict[str, TestResult] = {}
    unplaced: list[str] = []
    for case in _cases(top):
        name = case.element.get("name", "").strip()
        whole = _whole_file(case, exists)
        file = whole or _file(case, exists) or only_file
        if not file:
            unplaced.append(name)
            continue
        result = _result(case, file, is_whole=whole is not None, root=root)
        before = results.get(result.node_id)
        if before is None or before.outcome is TestOutcome.PASSED:
            results[result.node_id] = result
    return JunitReport(results=tuple(results.values()), unplaced=tuple(unplaced))


def place_in(message: str, file: str) -> int | None:
    """Return the first line of a file that a failure's text names, None when it names none."""
    for match in _PLACE.finditer(message):
        found = match[1].replace("\\", "/")
        if found == file or found.endswith("/" + file) or file.endswith("/" + found):
            return int(match[2])
    return None


def _cases(top: ET.Element) -> Iterator[_Case]:
    waiting: list[tuple[ET.Element, tuple[ET.Element, ...]]] = [(top, ())]
    n_cases = 0
    while waiting:
        element, suites = waiting.pop()
        if _tag(element) == "testcase":
            n_cases += 1
            if n_cases > MAX_CASES:
                raise RunnerError(f"a JUnit report has more than {MAX_CASES} tests")
            yield _Case(element=element, suites=suites)
        elif _tag(element) in {"testsuites", "testsuite"}:
            if len(suites) >= MAX_DEPTH:
                raise RunnerError(f"a JUnit report nests suites deeper than {MAX_DEPTH}")
            waiting.extend((child, (*suites, element)) for child in reversed(element))


def _result(case: _Case, file: str, *, is_whole: bool, root: str) -> TestResult:
    outcome, text = _outcome(case.element)
    if root:
        text = text.replace(f"file://{root}/", "").replace(f"{root}/", "")
    if is_whole and outcome is TestOutcome.FAILED:
        # A file that cannot be loaded is reported as a test of its own name.
        outcome = TestOutcome.ERROR
    return TestResult(
        node_id=file if is_whole else f"{file}::{_name(case, file)}",
        outcome=outcome,
        duration_ms=_milliseconds(case.element),
        message=text,
    )


def _outcome(case: ET.Element) -> tuple[TestOutcome, str]:
    found = {_tag(child): child for child in reversed(case)}
    for tag, outcome in (
        ("error", TestOutcome.ERROR),
        ("failure", TestOutcome.FAILED),
        ("skipped", TestOutcome.SKIPPED),
    ):
        element = found.get(tag)
        if element is not None:
            if tag == "skipped" and "xfail" in element.get("type", ""):
                return TestOutcome.XFAILED, _text(element)
            return outcome, _text(element)
    # vitest and jest-junit may say it in an attribute only.
    if case.get("status", "").lower() in {"skipped", "disabled", "notrun"}:
        return TestOutcome.SKIPPED, ""
    return TestOutcome.PASSED, ""


def _text(element: ET.Element) -> str:
    message = element.get("message", "").strip()
    body = "".join(element.itertext()).strip()
    whole = body if message in body else f"{message}\n{body}".strip()
    if len(whole) <= MAX_TEXT:
        return whole
    return f"{whole[: MAX_TEXT // 4]}\n[...]\n{whole[-3 * MAX_TEXT // 4 :]}"


def _name(case: _Case, file: str) -> str:
    name = case.element.get("name", "").strip() or "(no name)"
    class_name = case.element.get("classname", "").strip()
    if file.endswith(".py"):
        # pytest: `tests.test_a.TestX`; what follows the file's own name is a class.
        module = file.removesuffix(".py").replace("/", ".")
        for end in _ends(module):
            if class_name == end:
                return name
            if class_name.startswith(end + "."):
                return f"{class_name.removeprefix(end + '.').replace('.', '::')}::{name}"
        return name
    # Node nests suites and names no class; the groups are part of the test's name.
    groups = [suite.get("name", "") for suite in case.suites if _is_group(suite, file)]
    if file.endswith((".js", ".mjs", ".cjs", ".ts", ".tsx", ".jsx")):
        return " > ".join([*groups, name])
    return name


def _is_group(suite: ET.Element, file: str) -> bool:
    name = suite.get("name", "")
    if _tag(suite) == "testsuites" or not name:
        return False
    # jest-junit and vitest have one suite a file, whose tests carry the groups in their names.
    is_of_file = suite.get("file") is not None or suite.get("timestamp") is not None
    return not is_of_file and not _same_file(name, file)


def _whole_file(case: _Case, exists: Callable[[str], bool]) -> str | None:
    """Return the file of a case that is no test but a file that could not be loaded."""
    name = case.element.get("name", "").strip()
    found = _relative(name, exists)
    if found is None and not case.element.get("classname"):
        found = _by_dots(name, exists)
    return found


def _file(case: _Case, exists: Callable[[str], bool]) -> str | None:
    elements = (case.element, *reversed(case.suites))
    named = [element.get(key, "") for element in elements for key in ("file", "filepath")]
    class_name = case.element.get("classname", "")
    named += [class_name, *(suite.get("name", "") for suite in reversed(case.suites))]
    for text in named:
        relative = _relative(text, exists)
        if relative is not None:
            return relative
    return _by_dots(class_name, exists)


def _relative(text: str, exists: Callable[[str], bool]) -> str | None:
    """Return an existing file's path below the root, whatever stands before it."""
    text = text.strip().removeprefix("file://").replace("\\", "/")
    pure = PurePosixPath(text)
    if not pure.suffix or len(text) > MAX_PATH or ".." in pure.parts:
        return None
    parts = [part for part in pure.parts if part not in {"/", "."}]
    for first in range(len(parts)):
        candidate = "/".join(parts[first:])
        if exists(candidate):
            return candidate
        if not pure.is_absolute():
            break
    return None


def _by_dots(class_name: str, exists: Callable[[str], bool]) -> str | None:
    """Return the file of a dotted name: ``tests.test_a.TestX``, ``com.example.ShopTest``."""
    parts = class_name.split(".")
    if not all(parts) or len(parts) > MAX_DEPTH:
        return None
    for last in range(len(parts), 0, -1):
        stem = "/".join(parts[:last])
        for prefix in ("", "src/test/java/", "src/test/kotlin/", "src/"):
            for suffix in _SUFFIXES:
                if exists(f"{prefix}{stem}{suffix}"):
                    return f"{prefix}{stem}{suffix}"
    return None


def _ends(module: str) -> Iterator[str]:
    """Yield a dotted name and every end of it: a report's root may lie below ours."""
    parts = module.split(".")
    for first in range(len(parts)):
        yield ".".join(parts[first:])


def _same_file(name: str, file: str) -> bool:
    return file.endswith(Path(name).name) and bool(Path(name).suffix)


def _milliseconds(case: ET.Element) -> float:
    try:
        found = float(case.get("time", "0").replace(",", "")) * 1000
    except ValueError:
        return 0.0
    return found if 0.0 <= found < float("inf") else 0.0


def _tag(element: ET.Element) -> str:
    # Surefire and some others name a schema, which ElementTree puts in front.
    return element.tag.rpartition("}")[2]
