"""What the model is asked when a test is to be fixed, and how its answers become edits.

Measured on a 0.5B model: filling in one line of the function, the original left out, finds far
more patches than asking for the function rewritten. So infills come first, greedy for every
suspicious line, then samples; rewritten bodies last.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from dataclasses import dataclass

from ducktypist.config import FixConfig
from ducktypist.domain import Prompt, Sampling, Span, TestResult, TextEdit
from ducktypist.features.localise import Suspect
from ducktypist.features.workbench import Workbench
from ducktypist.prompting import assemble, postprocess
from ducktypist.prompting.templates import Template
from ducktypist.syntax.edits import body_edit, reindent

CONTEXT_TOKENS = 600
MAX_CHECKS = 8
SAMPLES_PER_LINE = 2
SAMPLE_TEMPERATURE = 0.8
MAX_FAILURE_CHARS = 800
REWRITE_TOKENS = 320
BODY_INDENT = "    "


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One thing to ask, and how its answer becomes an edit."""

    suspect: Suspect
    template: Template
    prompt: Prompt
    sampling: Sampling
    hole: Span | None
    """The line to replace; None for a rewritten body."""
    max_tokens: int

    def ended(self, text: str) -> bool:
        """Tell whether the running answer is complete."""
        if self.hole is not None:
            return "\n" in text.lstrip("\n")
        return postprocess.body_ended(text, language="python", indent=BODY_INDENT)

    def edit(self, answer: str) -> TextEdit | None:
        """Return the edit that an answer amounts to; None when it says nothing."""
        if self.hole is not None:
            return _line_edit(self.suspect, self.hole, answer)
        return _body_edit(self.suspect, answer)


def questions(
    places: tuple[Suspect, ...],
    failed: TestResult,
    test_code: str,
    *,
    workbench: Workbench,
    config: FixConfig,
) -> Iterator[Question]:
    """Yield greedy infills of every suspicious line, then samples, then rewritten bodies."""
    checks = _checks(test_code)
    if workbench.model.has_fim:
        for seed in range(1 + SAMPLES_PER_LINE):
            for place in places:
                for line in place.lines:
                    yield _line_question(place, line, checks, workbench, config, seed=seed)
    template = workbench.prompts["fix-rewrite-chat"]
    for place in places:
        prompt = template.render(
            language=assemble.language_name("python"),
            fence=assemble.fence("python"),
            code=textwrap.dedent(place.function.span.of(place.text)).strip("\n"),
            test=test_code,
            failure=failed.message.strip()[-MAX_FAILURE_CHARS:],
            head=assemble.head_of(place.text, place.function),
        )
        yield Question(
            suspect=place,
            template=template,
            prompt=prompt,
            sampling=Sampling(),
            hole=None,
            max_tokens=REWRITE_TOKENS,
        )


def _line_question(
    place: Suspect,
    line: Span,
    checks: list[str],
    workbench: Workbench,
    config: FixConfig,
    *,
    seed: int,
) -> Question:
    template = workbench.prompts["fix-line-infill"]
    budget = int(CONTEXT_TOKENS * assemble.CHARS_PER_TOKEN)
    function = place.function.span
    before = assemble.clip_before(place.text[function.start : line.start], budget * 2 // 3)
    after = assemble.clip_after(place.text[line.end : function.end], budget // 3)
    sampling = Sampling(temperature=SAMPLE_TEMPERATURE if seed else 0.0, top_p=0.95, seed=seed)
    return Question(
        suspect=place,
        template=template,
        prompt=template.render(
            comment=assemble.comment_marker("python"), checks=checks, before=before, after=after
        ),
        sampling=sampling,
        hole=line,
        max_tokens=config.line_max_tokens,
    )


def _checks(test_code: str) -> list[str]:
    """Return the assertions of a test, one line each."""
    lines = (line.strip() for line in test_code.splitlines())
    return [line for line in lines if line.startswith(("assert", "self.assert"))][:MAX_CHECKS]


def _line_edit(place: Suspect, hole: Span, answer: str) -> TextEdit | None:
    new = postprocess.middle_line(answer).lstrip()
    rest = place.text[hole.end : place.function.span.end].lstrip("\r\n").split("\n", 1)[0].strip()
    if not new or new == rest:
        return None
    return TextEdit(span=hole, old_text=hole.of(place.text), new_text=new)


def _body_edit(place: Suspect, answer: str) -> TextEdit | None:
    body = postprocess.body_from(answer, language="python", indent=BODY_INDENT)
    if not body.strip():
        return None
    body = reindent(
        body, to_indent=place.function.indent, from_indent=BODY_INDENT, language="python"
    )
    return body_edit(place.text, place.function, body)
