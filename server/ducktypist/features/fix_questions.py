"""What the model is asked when a test is to be fixed, and how its answers become edits.

Measured on a 0.5B model: filling in one line of the function, the original left out, finds far
more patches than asking for the function rewritten. So infills come first, greedy for every
suspicious line, then samples; rewritten bodies last. All lines of a function are asked for in one
request: what stands before the first is read once.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ducktypist.config import FixConfig
from ducktypist.domain import (
    GenerationRequest,
    Prompt,
    Sampling,
    Span,
    StopRule,
    TestResult,
    TextEdit,
)
from ducktypist.features.localise import Suspect
from ducktypist.features.workbench import MAX_ANSWERS, Budget, Workbench
from ducktypist.prompting import assemble, postprocess
from ducktypist.prompting.templates import Template
from ducktypist.syntax.edits import body_edit, reindent

ABOVE = Budget(within_ms=4000.0, floor_tokens=300, ceiling_tokens=2000, usual_tokens=400)
"""The function before the line; read once for all of its lines."""
BELOW = Budget(within_ms=500.0, floor_tokens=64, ceiling_tokens=600, usual_tokens=200)
"""The function after the line; read for each line anew."""
MAX_CHECKS = 8
SAMPLES_PER_LINE = 2
SAMPLING = Sampling(temperature=0.8, top_p=0.95, seed=1)
MAX_FAILURE_CHARS = 800
REWRITE_TOKENS = 320
BODY_INDENT = "    "


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One thing to ask, and how its answer becomes an edit."""

    suspect: Suspect
    prompt: Prompt
    hole: Span | None
    """The line to replace; None for a rewritten body."""

    def edit(self, answer: str) -> TextEdit | None:
        """Return the edit that an answer amounts to; None when it says nothing."""
        if self.hole is not None:
            return _line_edit(self.suspect, self.hole, answer)
        return _body_edit(self.suspect, answer)


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """Questions of one kind about one function, to be asked together."""

    questions: tuple[Question, ...]
    """The most suspicious first; never none."""
    template: Template
    sampling: Sampling
    n: int
    """How many answers each shall have."""
    max_tokens: int
    stop: tuple[str, ...]
    stop_when: StopRule | None = None
    speculate: bool = False

    def request(self, *, deadline_ms: float) -> GenerationRequest:
        """Return what to send; what has not come by the deadline comes as far as it is."""
        first, *more = (question.prompt for question in self.questions)
        return GenerationRequest(
            prompt=first,
            more=tuple(more),
            n=self.n,
            max_tokens=self.max_tokens,
            sampling=self.sampling,
            stop=self.stop,
            stop_when=self.stop_when,
            speculate=self.speculate,
            deadline_ms=deadline_ms,
        )


async def rounds(
    places: Sequence[Suspect],
    failed: TestResult,
    test_code: str,
    *,
    workbench: Workbench,
    config: FixConfig,
) -> list[Round]:
    """Return greedy infills of every suspicious line, then samples, then rewritten bodies."""
    found: list[Round] = []
    if workbench.model.has_fim:
        room = (await workbench.max_chars(ABOVE), await workbench.max_chars(BELOW))
        checks = _checks(test_code)
        for sampling, n in ((Sampling(), 1), (SAMPLING, SAMPLES_PER_LINE)):
            for place in places:
                asked = [
                    _line_question(place, line, checks, workbench, room) for line in place.lines
                ]
                found += _line_rounds(asked, workbench, config, sampling=sampling, n=n)
    found += [_rewriting(place, failed, test_code, workbench) for place in places]
    return found


def _line_rounds(
    asked: Sequence[Question],
    workbench: Workbench,
    config: FixConfig,
    *,
    sampling: Sampling,
    n: int,
) -> Iterator[Round]:
    most = MAX_ANSWERS // n
    for first in range(0, len(asked), most):
        yield Round(
            questions=tuple(asked[first : first + most]),
            template=workbench.prompts["fix-line-infill"],
            sampling=sampling,
            n=n,
            max_tokens=config.line_max_tokens,
            stop=("\n",),
        )


def _line_question(
    place: Suspect, line: Span, checks: list[str], workbench: Workbench, room: tuple[int, int]
) -> Question:
    function = place.function.span
    # What stands before one line begins where it does for the next, so that it is read once.
    before = assemble.steady_before(place.text[function.start : line.start], room[0])
    after = assemble.clip_after(place.text[line.end : function.end], room[1])
    prompt = workbench.prompts["fix-line-infill"].render(
        comment=assemble.comment_marker("python"), checks=checks, before=before, after=after
    )
    return Question(suspect=place, prompt=prompt, hole=line)


def _rewriting(place: Suspect, failed: TestResult, test_code: str, workbench: Workbench) -> Round:
    template = workbench.prompts["fix-rewrite-chat"]
    prompt = template.render(
        language=assemble.language_name("python"),
        fence=assemble.fence("python"),
        code=textwrap.dedent(place.function.span.of(place.text)).strip("\n"),
        test=test_code,
        failure=failed.message.strip()[-MAX_FAILURE_CHARS:],
        head=assemble.head_of(place.text, place.function),
    )
    return Round(
        questions=(Question(suspect=place, prompt=prompt, hole=None),),
        template=template,
        sampling=Sampling(),
        n=1,
        max_tokens=REWRITE_TOKENS,
        stop=template.stop,
        stop_when=postprocess.body_rule(language="python", indent=BODY_INDENT),
        # A repaired function is mostly the one that was there.
        speculate=True,
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
