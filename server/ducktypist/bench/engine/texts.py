"""What the synthetic loads are made of: broken functions to repair and empty ones to fill.

All of it is the depot of ``typing_document.txt``. No prompt is written here: the program's own
features make the questions.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from ducktypist.bench.engine.asking import (
    LANGUAGE,
    Trace,
    document_of,
    fix_rounds,
    function_of,
)
from ducktypist.config import CompleteConfig
from ducktypist.domain import GenerationRequest, Source
from ducktypist.errors import DucktypistError
from ducktypist.features.body.forms import body_forms
from ducktypist.features.workbench import Workbench
from ducktypist.prompting import postprocess


@dataclass(frozen=True, slots=True, kw_only=True)
class Repair:
    """A function with a bug, and what was seen of it."""

    function: str
    right: str
    wrong: str
    test: str
    failure: str


REPAIRS = (
    Repair(
        function="Depot.send",
        right="left -= crate.take(left)",
        wrong="left = crate.take(left)",
        test="assert depot.send(Order('ada', (Line('A', 7),)), TODAY) == 700",
        failure="E   AssertionError: assert 500 == 700",
    ),
    Repair(
        function="Depot.crates",
        right="key=lambda crate: crate.stored_on",
        wrong="key=lambda crate: crate.pieces",
        test="assert [crate.stored_on for crate in depot.crates('A')] == [MONDAY, TUESDAY]",
        failure="E   AssertionError: At index 0 diff: TUESDAY != MONDAY",
    ),
    Repair(
        function="read_articles",
        right='price_cents=int(row["price_cents"])',
        wrong='price_cents=row["price_cents"]',
        test="assert read_articles(CSV)[0].price_cents == 250",
        failure="E   AssertionError: assert '250' == 250",
    ),
    Repair(
        function="busiest",
        right="(-pieces[customer], customer)",
        wrong="(pieces[customer], customer)",
        test="assert busiest(ORDERS, 1) == ['ada']",
        failure="E   AssertionError: assert ['bob'] == ['ada']",
    ),
    Repair(
        function="Shelf.clear_empty",
        right="return before - len(self.crates)",
        wrong="return len(self.crates) - before",
        test="assert shelf.clear_empty() == 2",
        failure="E   assert -2 == 2",
    ),
    Repair(
        function="parcels",
        right="left = line.pieces",
        wrong="left = room",
        test="assert parcels(ORDER, depot, 900) == [{'A': 2}]",
        failure="E   AssertionError: assert [{'A': 2}, {'A': 1}] == [{'A': 2}]",
    ),
)
BODIES = ("Depot.in_stock", "Depot.send", "value_by_shelf", "read_articles", "busiest", "parcels")


async def repair_request(text: str, repair: Repair, workbench: Workbench) -> GenerationRequest:
    """Return the request that asks for a broken function rewritten, as a fix asks.

    Raises:
        DucktypistError: The text is not the one that the repairs were made for.
    """
    broken = text.replace(repair.right, repair.wrong)
    if broken == text:
        raise DucktypistError(f"the text of {repair.function} has no {repair.right!r} to break")
    asked = await fix_rounds(
        broken, repair.function, repair.test, repair.failure, workbench=workbench
    )
    rewriting = next(item for item in asked if item.source is Source.REWRITE)
    return rewriting.request(deadline_ms=0.0)


async def body_requests(text: str, name: str, workbench: Workbench) -> list[GenerationRequest]:
    """Return the greedy requests for a body, as the feature makes them, each with its stop rule."""
    config = CompleteConfig()
    function = await asyncio.to_thread(function_of, text, name)
    forms = await body_forms(document_of(text), function, workbench=workbench, config=config)
    return [
        GenerationRequest(
            prompt=form.prompt,
            max_tokens=config.max_tokens,
            stop=form.template.stop,
            stop_when=postprocess.body_rule(language=LANGUAGE, indent=form.indent),
        )
        for form in forms
        if form.sampling.temperature == 0.0
    ]


def finished_text(trace: Trace) -> str:
    """Return the trace's document as it is in the end."""
    return trace.text_after(len(trace.events))[0]
