"""From what a model said to a candidate: a body in the file's own indentation and line breaks.

With the standard library's imports that it needs, and without the head said again. Pure functions.
"""

from __future__ import annotations

from ducktypist.domain import (
    Generation,
    Outcome,
    Rung,
    Source,
    Span,
    TextEdit,
    Verdict,
)
from ducktypist.features.body.case import BodyCandidate, BodyCase
from ducktypist.features.body.forms import Form
from ducktypist.features.check_body import failed, not_run
from ducktypist.prompting import postprocess
from ducktypist.syntax.checks import new_syntax_errors, static_rung
from ducktypist.syntax.edits import body_edit, normal_form, reindent
from ducktypist.syntax.go_imports import (
    missing_go_imports,
    unused_go_imports,
    with_imports,
    without_imports,
)
from ducktypist.syntax.python_imports import missing_python_imports, with_python_imports
from ducktypist.syntax.regions import FunctionRegion, function_named

_FRAME = "def _():\n"


def candidate_of(
    generation: Generation, form: Form, case: BodyCase, *, ms: float
) -> BodyCandidate | None:
    """Return the candidate that an answer amounts to; None when it is no body.

    Args:
        generation: The answer.
        form: How it was asked for.
        case: For which function.
        ms: Its share of its request's time.
    """
    function, indent = case.function, form.indent
    text, language = case.document.text, case.document.language
    body = postprocess.body_from(generation.text, language=language, indent=indent)
    if indent != function.indent:
        body = reindent(body, to_indent=function.indent, from_indent=indent, language=language)
    if language == "python":
        body = _without_head(body, function)
    if not body.strip():
        return None
    edit = body_edit(text, function, body)
    patched = edit.apply(text)
    after = function_named(patched, language, function.qualified_name)
    if after is None or after.is_empty:
        return None
    whole = with_needed_imports(text, patched, language)
    if whole != patched:
        patched, edit = whole, edit_between(text, whole)
    logprobs = [token.logprob for token in generation.logprobs]
    return BodyCandidate(
        edit=edit,
        text=patched,
        source=form.source,
        what=f"body of `{function.name}`",
        static=read_only(text, patched, language),
        normal_form=normal_form(patched, language),
        generation=generation,
        is_greedy=form.sampling.temperature <= 0,
        n_tokens=generation.timings.completion_tokens or len(logprobs),
        ms=ms,
        mean_logprob=sum(logprobs) / len(logprobs) if logprobs else None,
    )


def mended(
    base: BodyCandidate,
    edit: TextEdit,
    case: BodyCase,
    *,
    source: Source,
    what: str,
) -> BodyCandidate | None:
    """Return a candidate with a change made to it; None when that is no body any more.

    Args:
        base: The candidate.
        edit: The change, to the text with the candidate.
        case: For which function.
        source: Where the change comes from.
        what: It in words.
    """
    text, language = case.document.text, case.document.language
    patched = edit.apply(base.text)
    after = function_named(patched, language, case.function.qualified_name)
    if after is None or after.is_empty:
        return None
    return BodyCandidate(
        edit=edit_between(text, patched),
        text=patched,
        source=source,
        what=what,
        static=read_only(text, patched, language),
        normal_form=normal_form(patched, language),
    )


def read_only(before: str, after: str, language: str) -> Verdict:
    """Return what can be said of a body without running it."""
    if new_syntax_errors(before, after, language):
        return failed(Rung.UNVERIFIED, Outcome.BROKEN, "it adds a syntax error")
    return not_run(static_rung(before, after, language), "nothing was run")


def edit_between(before: str, after: str) -> TextEdit:
    """Return the edit of whole lines that makes one text the other."""
    old, new = before.splitlines(keepends=True), after.splitlines(keepends=True)
    n_head = 0
    for one, other in zip(old, new, strict=False):
        if one != other:
            break
        n_head += 1
    n_tail = 0
    for one, other in zip(reversed(old[n_head:]), reversed(new[n_head:]), strict=False):
        if one != other:
            break
        n_tail += 1
    start = sum(map(len, old[:n_head]))
    span = Span(start=start, end=len(before) - sum(map(len, old[len(old) - n_tail :])))
    return TextEdit(
        span=span,
        old_text=span.of(before),
        new_text="".join(new[n_head : len(new) - n_tail]),
    )


def _without_head(body: str, function: FunctionRegion) -> str:
    """Return a Python body without the signature and the docstring, should they be said again."""
    framed = _FRAME + body
    again = function_named(framed, "python", f"_.{function.name}")
    if again is not None and not again.is_empty:
        lead = framed[len(_FRAME) : again.span.start].strip()
        rest = framed[again.span.end :].strip()
        if not lead and not rest:
            inner = framed[again.body.start : again.body.end]
            return reindent(inner, function.indent, again.indent, language="python")
    own = function_named(framed, "python", "_")
    if own is None or own.docstring is None or function.docstring is None:
        return body
    return framed[own.docstring.end :].lstrip("\n")


def with_needed_imports(before: str, after: str, language: str) -> str:
    """Return a text with the imports of the standard library that a body needs.

    Go takes no import that is not used, so one that only another body would have used goes.
    """
    if language == "python":
        known = missing_python_imports(before)
        wanted = [line for line in missing_python_imports(after) if line not in known]
        return with_python_imports(after, wanted)
    if language == "go":
        after = with_imports(after, missing_go_imports(after))
        return without_imports(after, unused_go_imports(after))
    return after
