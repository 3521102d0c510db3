"""The ways in which a body is asked for, and what the model gets to see for it.

The forms differ, because a small model that fails one often passes another: the chat that continues
the function's head, fill-in-the-middle, plain continuation; greedy first, then samples.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from ducktypist.config import CompleteConfig
from ducktypist.domain import Document, Prompt, Sampling
from ducktypist.features.workbench import MAX_ANSWERS, Budget, Workbench
from ducktypist.prompting import assemble
from ducktypist.prompting.templates import Template
from ducktypist.syntax.edits import body_edit
from ducktypist.syntax.lines import line_start
from ducktypist.syntax.regions import FunctionRegion

CONTEXT = Budget(within_ms=6000.0, floor_tokens=300, ceiling_tokens=3000, usual_tokens=700)
BELOW = Budget(within_ms=1000.0, floor_tokens=64, ceiling_tokens=1000, usual_tokens=233)
SAMPLING = Sampling(temperature=0.7, top_p=0.95, seed=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """One way of asking."""

    template: Template
    prompt: Prompt
    indent: str
    """What the body's lines begin with in this form."""
    sampling: Sampling = field(default_factory=Sampling)
    n: int = 1
    """How many answers."""


async def body_forms(
    document: Document,
    function: FunctionRegion,
    *,
    workbench: Workbench,
    config: CompleteConfig,
) -> list[Form]:
    """Return greedy forms first, then samples of each; ``config.max_candidates`` answers in all."""
    max_chars, max_below = await workbench.max_chars(CONTEXT), await workbench.max_chars(BELOW)

    def forms() -> list[Form]:
        n_max = config.max_candidates
        given = (document, function, workbench)
        return list(_forms(*given, n_max=n_max, max_chars=max_chars, max_below=max_below))

    # What reads the whole text runs in a thread: a keystroke must not wait for it.
    return await asyncio.to_thread(forms)


def _forms(
    document: Document,
    function: FunctionRegion,
    workbench: Workbench,
    *,
    n_max: int,
    max_chars: int,
    max_below: int,
) -> Iterator[Form]:
    text, language = document.text, document.language
    edit = body_edit(text, function, function.indent + "\0")
    before, after = edit.apply(text).split("\0", 1)
    before = assemble.clip_before(before, max_chars)
    chat = workbench.prompts["body-chat"]
    asked = chat.render(
        language=assemble.language_name(language),
        fence=assemble.fence(language),
        context=assemble.context_of(text, language, function, max_chars=max_chars // 2),
        head=assemble.head_of(text, function),
        tests="",
    )
    # In the chat the head stands at the margin, so the body is one level deep there.
    step = function.indent[len(_own_indent(text, function)) :] or "    "
    forms = [Form(template=chat, prompt=asked, indent=step)]
    if workbench.model.has_fim:
        infill = workbench.prompts["body-infill"]
        clipped = assemble.clip_after(after, min(max_chars // 3, max_below))
        hole = infill.render(before=before, after=clipped)
        forms.append(Form(template=infill, prompt=hole, indent=function.indent))
    continuation = workbench.prompts["body-text"]
    start = continuation.render(before=before)
    forms.append(Form(template=continuation, prompt=start, indent=function.indent))
    yield from forms[:n_max]
    n_samples, seed = max(0, n_max - len(forms)), SAMPLING.seed
    for number, form in enumerate(forms):
        # Shared out as evenly as it goes, the first forms first; no seed twice.
        n = min(MAX_ANSWERS, -(-(n_samples - number) // len(forms)))
        if n > 0:
            yield replace(form, sampling=replace(SAMPLING, seed=seed), n=n)
            seed += n


def _own_indent(text: str, function: FunctionRegion) -> str:
    """Return the indentation of the function's ``def`` line."""
    start = function.signature.start
    lead = text[line_start(text, start) : start]
    return "" if lead.strip() else lead
