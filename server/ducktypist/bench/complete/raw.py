"""The same model without the feature: asked once, greedily; and every form of asking at once.

What a body is asked with is the feature's own (:mod:`ducktypist.features.body.forms`); what is done
with the answers is not: each is cut to a body, put in its place, and that is all. A line is plain
fill-in-the-middle with the whole file around the cursor.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path

from ducktypist.bench.complete.tasks import BODY, CompleteTask
from ducktypist.config import CompleteConfig
from ducktypist.domain import (
    Generation,
    GenerationRequest,
    InfillPrompt,
    Prompt,
    Source,
    TextPrompt,
)
from ducktypist.features.body.forms import Form, body_forms
from ducktypist.features.workbench import Tally, Workbench
from ducktypist.prompting import postprocess
from ducktypist.syntax.edits import LineTable, reindent

LINE_STOP = "\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Raw:
    """What the model says when nobody checks it; files, each with the answer in its place."""

    greedy: str
    """Of the one greedy answer."""
    candidates: tuple[str, ...] = ()
    """Of all answers of all forms, alike ones once, the greedy one among them; only of a body, and
    only where they were wanted."""


async def raw_answer(
    task: CompleteTask, *, workbench: Workbench, folder: Path, with_candidates: bool
) -> Raw:
    """Ask the model itself.

    Args:
        task: What is to be typed.
        workbench: Whom to ask.
        folder: Where the file would be.
        with_candidates: Whether to ask in every form, for a body.

    Raises:
        EngineError: It did not answer.
    """
    if task.kind == BODY:
        return await _body(task, workbench, folder, with_candidates=with_candidates)
    return Raw(greedy=await _line(task, workbench))


def cursor_of(task: CompleteTask) -> int:
    """Return the offset of a line task's cursor: the end of the line that is left."""
    return LineTable(task.text).span(task.line - 1).end


async def _line(task: CompleteTask, workbench: Workbench) -> str:
    at = cursor_of(task)
    before, after = task.text[:at], task.text[at:]
    prompt: Prompt = TextPrompt(text=before)
    if workbench.model.has_fim:
        prompt = InfillPrompt(prefix=before, suffix=after)
    found = await workbench.generate(
        GenerationRequest(
            prompt=prompt, max_tokens=CompleteConfig().inline_max_tokens, stop=(LINE_STOP,)
        )
    )
    return before + found.text.split(LINE_STOP, 1)[0].rstrip() + after


async def _body(
    task: CompleteTask, workbench: Workbench, folder: Path, *, with_candidates: bool
) -> Raw:
    forms = await body_forms(
        task.document(folder), task.region(), workbench=workbench, config=CompleteConfig()
    )
    forms.sort(key=lambda form: not _is_plain(form))
    if not with_candidates:
        del forms[1:]
    found = [
        await asyncio.to_thread(_in_place, answer, form, task)
        for form in forms
        for answer in await _answers(form, task, workbench)
    ]
    return Raw(greedy=found[0], candidates=tuple(dict.fromkeys(found)) if with_candidates else ())


def _is_plain(form: Form) -> bool:
    """Tell whether it is the one way of asking that needs no idea of ours: a greedy chat."""
    return form.source is Source.CHAT and form.sampling.temperature <= 0


async def _answers(form: Form, task: CompleteTask, workbench: Workbench) -> list[Generation]:
    request = GenerationRequest(
        prompt=form.prompt,
        n=form.n,
        max_tokens=CompleteConfig().max_tokens,
        sampling=form.sampling,
        stop=form.template.stop,
        stop_when=postprocess.body_rule(language=task.language, indent=form.indent),
    )
    async with workbench.answers(request, Tally()) as answers:
        found = {number: answer async for number, answer in answers}
    return [found[number] for number in sorted(found)]


def _in_place(answer: Generation, form: Form, task: CompleteTask) -> str:
    body = postprocess.body_from(answer.text, language=task.language, indent=form.indent)
    function = task.region()
    if form.indent != function.indent:
        body = reindent(
            body, to_indent=function.indent, from_indent=form.indent, language=task.language
        )
    return task.with_answer(body)
