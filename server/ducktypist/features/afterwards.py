"""After acceptance: run what can be run of the code that stands in the editor then.

Not the suggestion is checked but what became of it. Where that is the suggestion as it was made,
the outcome is evidence for or against it; else it is told apart in the ledger, because the code is
the person's by then. Where too little of it is left, nothing is claimed. Asks no model.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ducktypist.domain import Document, Outcome, Rung, Span, TextEdit, Verdict
from ducktypist.errors import SandboxError
from ducktypist.features.check_body import check_body, failed, not_run
from ducktypist.features.grounds import Grounds, NotRunnable
from ducktypist.ledger.attribution.matching import STILL_IN, edit_ratio
from ducktypist.ledger.events import Moment, Verified, Verifier
from ducktypist.ledger.store import Ledger
from ducktypist.syntax.checks import static_rung, syntax_errors
from ducktypist.syntax.doc_checks import doc_checks
from ducktypist.syntax.lines import indent_of
from ducktypist.syntax.parse import grammar_of
from ducktypist.syntax.regions import FunctionRegion, function_at, function_named
from ducktypist.verify.verdict import judge_body

MAX_LINE_TESTS = 10
"""A line is not worth running more tests than that."""
ENDING = re.compile(r"(?:return|raise|panic)\b")
"""What begins a statement behind which nothing is run."""
STUBS = {"python": "pass", "go": 'panic("todo")'}
"""What stands in for a body, so that a check sees it as something added."""
BOTH_PASS = re.compile(r"(\d+ examples?) pass(?:es)?, (\d+ tests?) pass(?:es)?")
NOTHING_LEARNED = frozenset({Outcome.NOT_RUN, Outcome.SANDBOX_ERROR, Outcome.STALE})


@dataclass(frozen=True, slots=True, kw_only=True)
class Suggested:
    """A suggestion as the editor was given it."""

    suggestion_id: str
    document: Document
    """As it was then."""
    edit: TextEdit
    function: str = ""
    """Qualified name of the function whose body it is; empty when only its place is known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """The part of a suggestion that was accepted, in words that outlive its place."""

    suggestion_id: str
    uri: str
    function: str
    """Qualified name of the function that it is in."""
    head: str
    """That function's signature and docstring, as they were."""
    text: str
    """The whole body, or the line or lines that were accepted."""
    is_body: bool
    """Whether it is the whole body of a function that was empty. Of one without a docstring only
    what ends in a return or raise is: else it may be its first lines."""
    as_made: Document
    """The document with the suggestion in it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What an accepted suggestion has become in a document."""

    taken: Taken
    document: Document
    function: FunctionRegion
    as_suggested: bool
    """Whether it is the whole body as it was made, under the head that it was made for."""

    @property
    def text(self) -> str:
        """The function's text, which is what an outcome is true of."""
        return self.function.span.of(self.document.text)


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """What running it said."""

    standing: Standing
    verdict: Verdict
    message: str
    """One line for a person; empty where there is nothing to tell."""


def taken(suggested: Suggested, *, n_chars: int | None = None) -> Taken | None:
    """Return what was accepted of a suggestion, or None when it is in no function.

    Reads the whole text, so call it in a thread.

    Args:
        suggested: The suggestion.
        n_chars: How many characters of it were taken; None means all.
    """
    document, edit = suggested.document, suggested.edit
    is_partial = n_chars is not None and n_chars < len(edit.new_text)
    if is_partial:
        edit = replace(edit, new_text=edit.new_text[:n_chars])
    text, language = edit.apply(document.text), document.language
    if suggested.function:
        function = function_named(text, language, suggested.function)
    else:
        end = edit.span.start + len(edit.new_text.rstrip())
        function = function_at(text, language, end)
    if function is None or not edit.new_text.strip():
        return None
    before = function_named(document.text, language, function.qualified_name)
    is_body = (
        not is_partial
        and before is not None
        and before.is_empty
        and not function.is_empty
        and (before.docstring is not None or is_finished(text, function))
    )
    return Taken(
        suggestion_id=suggested.suggestion_id,
        uri=document.uri,
        function=function.qualified_name,
        head=_head(text, function),
        text=function.body.of(text) if is_body else edit.new_text.strip(),
        is_body=is_body,
        as_made=replace(document, text=text),
    )


def standing(what: Taken, document: Document) -> Standing | None:
    """Return what became of an accepted suggestion, or None where nothing can be claimed of it.

    That is where the function is gone or empty, where hardly anything of the suggestion is left,
    and where the file does not parse, so that whatever is run would say nothing of the function.
    Reads the whole text, so call it in a thread.
    """
    text, language = document.text, document.language
    function = function_named(text, language, what.function)
    if function is None or function.is_empty or syntax_errors(text, language):
        return None
    body = function.body.of(text)
    if what.is_body:
        is_there = edit_ratio(what.text, body) <= STILL_IN
    else:
        is_there = _lines(what.text) in _lines(function.span.of(text))
    if not is_there:
        return None
    return Standing(
        taken=what,
        document=document,
        function=function,
        as_suggested=what.is_body
        and _lines(what.text) == _lines(body)
        and _lines(what.head) == _lines(_head(text, function)),
    )


async def check_accepted(
    what: Standing,
    *,
    grounds: Grounds | NotRunnable,
    ledger: Ledger,
    repeats: int,
    most_tests: int | None = None,
) -> Checked | None:
    """Run the examples of a function and the tests that name it, and record what they said.

    Of a line that was accepted only the tests are run, once, and only where they are few.

    Args:
        what: What stands there.
        grounds: What may be run.
        ledger: Where it is recorded.
        repeats: How often a body is run.
        most_tests: Where more tests than that name the function, nothing is run; None means that
            any number is run.

    Returns:
        None where nothing may be run, or nothing was learned.
    """
    if isinstance(grounds, NotRunnable):
        return None
    document = what.document
    path = document.path and await asyncio.to_thread(grounds.relative, document.path)
    if path is None:
        return None
    language = grammar_of(document.language) or ""
    tests = await grounds.tests_naming(what.function.name, language, near=path)
    if most_tests is not None and len(tests) > most_tests:
        return None
    if what.taken.is_body:
        verdict, has_examples = await _run_body(what, tests, grounds=grounds, repeats=repeats)
    elif 0 < len(tests) <= MAX_LINE_TESTS:
        verdict, has_examples = await _run_tests(what, path, tests, grounds=grounds), False
    else:
        return None
    if verdict is None or verdict.outcome in NOTHING_LEARNED:
        return None
    ledger.append_all(_events(what, verdict, has_examples=has_examples))
    return Checked(standing=what, verdict=verdict, message=_message(what, verdict))


def is_finished(text: str, function: FunctionRegion) -> bool:
    """Tell whether a function's last statement leaves it, so that nothing can follow."""
    body = function.body.of(text).rstrip()
    last = body.rpartition("\n")[2]
    if ENDING.match(last.strip()) is None:
        return False
    is_below_head = text[: function.body.start].endswith(("\n", "\r"))
    return not is_below_head or indent_of(last) == function.indent


# --------------------------------------------------------------------------- what is run


async def _run_body(
    what: Standing, tests: Sequence[str], *, grounds: Grounds, repeats: int
) -> tuple[Verdict | None, bool]:
    """Return the verdict on a whole body, and whether its docstring states anything."""
    text, language = what.document.text, what.document.language
    emptied = await asyncio.to_thread(_without_body, what.document, what.function)
    if emptied is None:
        return None, False
    before, function, edit = emptied
    static = await asyncio.to_thread(static_rung, before.text, text, language)
    verdict = await check_body(
        edit,
        before,
        function,
        static=not_run(static, "nothing was run"),
        grounds=grounds,
        tests=tests,
        repeats=repeats,
    )
    return verdict, bool(await asyncio.to_thread(doc_checks, before.text, language, function))


async def _run_tests(
    what: Standing, path: Path, tests: Sequence[str], *, grounds: Grounds
) -> Verdict:
    """Return what the tests say of a function in which a line was accepted.

    Its examples are about a body that may not be finished.
    """
    try:
        report = await grounds.tests(tests, changed={path: what.document.text})
    except SandboxError as error:
        return failed(Rung.PARSES, Outcome.SANDBOX_ERROR, f"the sandbox failed: {error}")
    return judge_body(
        static=Rung.PARSES, examples=(), tests=(report,), level=grounds.level, expected=tests
    )


def _without_body(
    document: Document, function: FunctionRegion
) -> tuple[Document, FunctionRegion, TextEdit] | None:
    """Return the document with a stub in place of the body, and what puts the body back."""
    text, body = document.text, function.body
    stub = STUBS.get(grammar_of(document.language) or "")
    if stub is None:
        return None
    if text[: body.start].endswith(("\n", "\r")):
        stub = function.indent + stub
    before = replace(document, text=text[: body.start] + stub + text[body.end :])
    region = function_named(before.text, document.language, function.qualified_name)
    if region is None:
        return None
    edit = TextEdit(
        span=Span(start=body.start, end=body.start + len(stub)),
        old_text=stub,
        new_text=body.of(text),
    )
    return before, region, edit


def _head(text: str, function: FunctionRegion) -> str:
    parts = [function.signature, *([function.docstring] if function.docstring else [])]
    return "\n".join(part.of(text) for part in parts)


def _lines(text: str) -> str:
    """Return a text without what editors change by themselves: ends of lines, blank ones."""
    lines = (line.rstrip() for line in text.strip().splitlines())
    return "\n".join(line for line in lines if line)


# --------------------------------------------------------------------------- what it said


def _events(what: Standing, verdict: Verdict, *, has_examples: bool) -> tuple[Verified, ...]:
    # That a file does not import or compile is as likely due to the rest of it.
    is_evidence = what.as_suggested and verdict.outcome is not Outcome.BROKEN
    return Verified.of_verdict(
        verdict,
        suggestion_id=what.taken.suggestion_id,
        deciding=_deciding(verdict, has_examples=has_examples),
        moment=Moment.AS_SUGGESTED if is_evidence else Moment.IN_EDITED_CODE,
    )


def _deciding(verdict: Verdict, *, has_examples: bool) -> Verifier:
    passed_examples = verdict.rung.height >= Rung.EXAMPLES_PASS.height
    fails_later = passed_examples and verdict.outcome is not Outcome.PLAUSIBLE
    if not has_examples or fails_later or verdict.rung.height >= Rung.TESTS_PASS.height:
        return Verifier.TARGET_TEST
    return Verifier.EXAMPLES


def _message(what: Standing, verdict: Verdict) -> str:
    """Return what a person is told: the verdict's summary, what was run first."""
    _, _, said = verdict.summary.partition(": ")
    if verdict.outcome is Outcome.TAMPERED:
        return ""
    if verdict.outcome is not Outcome.PLAUSIBLE:
        # Of a line one is told good news only: its function may not be finished.
        return said if what.taken.is_body else ""
    runs, _, passing = said.partition(", ")
    told = BOTH_PASS.sub(r"\1 and \2 pass", passing)
    return f"{told} ({runs})"
