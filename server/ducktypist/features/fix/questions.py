"""What the model is asked when a test is to be fixed, and how its answers become candidates.

Measured on a 0.5B model: filling in one line of the function, the original left out, finds far
more patches than asking for the function rewritten. So infills come first. All holes of a function
are asked for in one request: what stands before the first is read once.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ducktypist.config import FixConfig
from ducktypist.domain import (
    Candidate,
    Generation,
    GenerationRequest,
    Hole,
    HoleKind,
    Prompt,
    Sampling,
    Source,
    StopRule,
    TextEdit,
)
from ducktypist.features.fix.case import Failure
from ducktypist.features.fix.localise import Suspect
from ducktypist.features.workbench import MAX_ANSWERS, Budget, Workbench
from ducktypist.prompting import assemble, postprocess
from ducktypist.prompting.templates import Template
from ducktypist.syntax.edits import body_edit, reindent
from ducktypist.syntax.holes import hole_edit, holes

ABOVE = Budget(within_ms=4000.0, floor_tokens=300, ceiling_tokens=2000, usual_tokens=400)
"""The function before the hole; read once for all of its holes."""
BELOW = Budget(within_ms=500.0, floor_tokens=64, ceiling_tokens=600, usual_tokens=200)
"""The function after the hole; read for each hole anew."""
MAX_CHECKS = 8
MAX_FAILURE_CHARS = 800
REWRITE_TOKENS = 320
GREEDY = Sampling()
SAMPLED = Sampling(temperature=0.8, top_p=0.95, seed=1)
BODY_INDENT = {"go": "\t"}
OF_KIND = {
    Source.LINE: HoleKind.LINE,
    Source.SPAN: HoleKind.SPAN,
    Source.INSERTION: HoleKind.INSERTION,
}
MAX_HOLES = {Source.LINE: 40, Source.SPAN: 16, Source.INSERTION: 16}
SAMPLES = {Source.LINE: 2, Source.SPAN: 2, Source.INSERTION: 1, Source.BODY: 4, Source.REWRITE: 2}
MODEL_SOURCES = (Source.LINE, Source.INSERTION, Source.SPAN, Source.BODY, Source.REWRITE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One thing to ask, and how its answer becomes an edit."""

    place: Suspect
    source: Source
    prompt: Prompt
    hole: Hole | None
    """What to fill in; None for a body or a rewritten function."""

    def candidate(self, generation: Generation, *, ms: float) -> Candidate | None:
        """Return the candidate that an answer amounts to; None when it says nothing."""
        edit = self._edit(generation.text)
        if edit is None:
            return None
        logprobs = [token.logprob for token in generation.logprobs]
        return Candidate(
            path=self.place.path,
            edit=edit,
            source=self.source,
            function=self.place.function.qualified_name,
            what=self._what(),
            suspicion=suspicion_of(self.place, self.hole),
            mean_logprob=sum(logprobs) / len(logprobs) if logprobs else None,
            completion_tokens=generation.timings.completion_tokens or len(logprobs),
            generation_ms=ms,
        )

    def _edit(self, answer: str) -> TextEdit | None:
        place = self.place
        language = place.function.language
        if self.hole is None:
            is_infill = self.source is Source.BODY
            return _body_edit(place, answer, place.function.indent if is_infill else None)
        if self.hole.kind is HoleKind.SPAN:
            new = postprocess.body_from(answer, language=language, indent=self.hole.indent)
        else:
            new = postprocess.middle_line(answer)
        return hole_edit(place.text, self.hole, new, language)

    def _what(self) -> str:
        name = self.place.function.name
        if self.hole is None:
            words = "body of" if self.source is Source.BODY else "rewritten"
            return f"{words} `{name}`"
        line, last = self.hole.first_line, self.hole.first_line + self.hole.n_lines - 1
        match self.hole.kind:
            case HoleKind.INSERTION:
                return f"a line before line {line} of `{name}`"
            case HoleKind.SPAN:
                return f"lines {line} to {last} of `{name}`"
            case _:
                return f"line {line} of `{name}`"


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """Questions of one kind, to be asked together."""

    source: Source
    questions: tuple[Question, ...]
    """The most suspicious first; never none."""
    template: Template
    sampling: Sampling
    n: int
    """How many answers each shall have."""
    max_tokens: int
    stop: tuple[str, ...] = ()
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
    failure: Failure, *, workbench: Workbench, config: FixConfig, sources: Sequence[Source]
) -> list[Round]:
    """Return what to ask: of each source greedy first, in the order given, then samples."""
    wanted = [item for item in sources if item in MODEL_SOURCES]
    if not workbench.model.has_fim:
        wanted = [item for item in wanted if item is Source.REWRITE]
    room = (await workbench.max_chars(ABOVE), await workbench.max_chars(BELOW))
    maker = _Maker(failure, workbench, config, room)
    greedy = [item for source in wanted for item in maker.rounds(source, GREEDY, 1)]
    sampled = [item for source in wanted for item in maker.rounds(source, SAMPLED, SAMPLES[source])]
    return greedy + sampled


def repair_round(
    failure: Failure, place: Suspect, *, function_text: str, workbench: Workbench
) -> Round:
    """Return the question for a better patch than one that failed.

    Args:
        failure: The test with its new failure.
        place: The function as it is.
        function_text: The function as the patch had it.
        workbench: The engine and the prompts.
    """
    return _rewriting(failure, place, function_text, workbench, sampling=GREEDY, n=1)


def suspicion_of(place: Suspect, hole: Hole | None) -> float:
    """Return how suspicious what is changed is: the mean of its lines, 0 to 1."""
    if hole is None:
        return place.suspicion
    lines = range(hole.first_line, hole.first_line + max(1, hole.n_lines))
    return sum(place.lines.get(line, 0.0) for line in lines) / len(lines)


class _Maker:
    """Makes the rounds of one search."""

    def __init__(
        self, failure: Failure, workbench: Workbench, config: FixConfig, room: tuple[int, int]
    ) -> None:
        self._failure, self._workbench, self._config = failure, workbench, config
        self._room = room
        self._checks = checks_of(failure)

    def rounds(self, source: Source, sampling: Sampling, n: int) -> Iterator[Round]:
        if source in OF_KIND:
            yield from self._infills(source, sampling, n)
            return
        for place in self._failure.places[:2]:
            if source is Source.BODY:
                yield self._body(place, sampling, n)
            else:
                text = textwrap.dedent(place.function.span.of(place.text)).strip("\n")
                yield _rewriting(
                    self._failure, place, text, self._workbench, sampling=sampling, n=n
                )

    def _infills(self, source: Source, sampling: Sampling, n: int) -> Iterator[Round]:
        found = [
            (suspicion_of(place, hole), place, hole)
            for place in self._failure.places
            for hole in holes(place.text, place.function, place.lines)
            if hole.kind is OF_KIND[source]
        ]
        # Sorting is stable: of equal suspicion, the first function's first line goes first.
        found.sort(key=lambda item: -item[0])
        asked = [self._infill(source, place, hole) for _, place, hole in found]
        asked = asked[: MAX_HOLES[source]]
        most = MAX_ANSWERS // n
        for start in range(0, len(asked), most):
            some = asked[start : start + most]
            is_span = source is Source.SPAN
            yield Round(
                source=source,
                questions=tuple(some),
                template=self._workbench.prompts["fix-infill"],
                sampling=sampling,
                n=n,
                max_tokens=self._config.line_max_tokens * (3 if is_span else 1),
                stop=() if is_span else ("\n",),
            )

    def _infill(self, source: Source, place: Suspect, hole: Hole) -> Question:
        function, text = place.function.span, place.text
        # What stands before one hole begins where it does for the next: it is read once.
        before, after = text[function.start : hole.span.start], text[hole.span.end : function.end]
        if hole.kind is HoleKind.INSERTION:
            before, after = before + hole.indent, "\n" + after
        prompt = self._workbench.prompts["fix-infill"].render(
            comment=assemble.comment_marker(place.function.language),
            checks=self._checks,
            before=assemble.steady_before(before, self._room[0]),
            after=assemble.clip_after(after, self._room[1]),
        )
        return Question(place=place, source=source, prompt=prompt, hole=hole)

    def _body(self, place: Suspect, sampling: Sampling, n: int) -> Round:
        function, text = place.function, place.text
        edit = body_edit(text, function, function.indent + "\0")
        before, after = edit.apply(text).split("\0", 1)
        prompt = self._workbench.prompts["fix-infill"].render(
            comment=assemble.comment_marker(function.language),
            checks=self._checks,
            before=assemble.steady_before(before[function.span.start :], self._room[0]),
            after=assemble.clip_after(after, self._room[1]),
        )
        question = Question(place=place, source=Source.BODY, prompt=prompt, hole=None)
        return Round(
            source=Source.BODY,
            questions=(question,),
            template=self._workbench.prompts["fix-infill"],
            sampling=sampling,
            n=n,
            max_tokens=REWRITE_TOKENS,
            stop_when=postprocess.body_rule(language=function.language, indent=function.indent),
        )


def checks_of(failure: Failure) -> list[str]:
    """Return what a test asserts, one line each."""
    lines = [line.strip() for line in failure.test_code.splitlines()]
    if failure.language == "python":
        found = [line for line in lines if line.startswith(("assert", "self.assert"))]
    else:
        found = [line for line in lines[1:-1] if line and not line.startswith("//")]
    return found[:MAX_CHECKS]


def _rewriting(
    failure: Failure,
    place: Suspect,
    function_text: str,
    workbench: Workbench,
    *,
    sampling: Sampling,
    n: int,
) -> Round:
    template = workbench.prompts["fix-rewrite-chat"]
    language = place.function.language
    prompt = template.render(
        language=assemble.language_name(language),
        fence=assemble.fence(language),
        code=function_text,
        test=failure.test_code,
        failure=failure.message.strip()[-MAX_FAILURE_CHARS:],
        head=assemble.head_of(place.text, place.function),
    )
    return rewriting_round(place, template, prompt, sampling=sampling, n=n)


def rewriting_round(
    place: Suspect, template: Template, prompt: Prompt, *, sampling: Sampling, n: int
) -> Round:
    """Return the round of a prompt that ends in a function's head at the margin."""
    language = place.function.language
    question = Question(place=place, source=Source.REWRITE, prompt=prompt, hole=None)
    return Round(
        source=Source.REWRITE,
        questions=(question,),
        template=template,
        sampling=sampling,
        n=n,
        max_tokens=REWRITE_TOKENS,
        stop=template.stop,
        stop_when=postprocess.body_rule(language=language, indent=_margin(language)),
        # A repaired function is mostly the one that was there.
        speculate=True,
    )


def _margin(language: str) -> str:
    """Return the indentation of a body whose head stands at the margin."""
    return BODY_INDENT.get(language, "    ")


def _body_edit(place: Suspect, answer: str, indent: str | None) -> TextEdit | None:
    """Return the edit that makes an answer the body.

    Args:
        place: The function.
        answer: What the model wrote after the function's head.
        indent: The body's indentation in the question; None where the head stood at the margin.
    """
    language = place.function.language
    indent = _margin(language) if indent is None else indent
    body = postprocess.body_from(answer, language=language, indent=indent)
    if not body.strip():
        return None
    body = reindent(body, to_indent=place.function.indent, from_indent=indent, language=language)
    return body_edit(place.text, place.function, body)
