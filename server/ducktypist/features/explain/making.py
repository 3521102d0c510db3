"""How one explanation is made: facts, then what is kept, then a model's prose, section by section.

What is learned of it on the way goes into the ledger. Who else waits for it is not known here.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from ducktypist.config import ExplainConfig
from ducktypist.domain import ModelIdentity, Outcome, Provenance, Rung, Sampling, Verdict
from ducktypist.features.explain.asking import Question, Results, Telling
from ducktypist.features.explain.running import results_of
from ducktypist.features.explain.sources import FactSources
from ducktypist.features.explain.store import ExplanationStore, Told
from ducktypist.features.explain.target import Target, target_at, target_of
from ducktypist.features.explain.words import ExplainRequest, Explanation
from ducktypist.features.grounds import Grounds, NotRunnable
from ducktypist.features.telling import before_running, for_a_person
from ducktypist.features.workbench import About, Budget, Workbench, new_suggestion_id
from ducktypist.ledger.claimed import Claimed
from ducktypist.ledger.events import (
    Cancelled,
    Event,
    Generated,
    SourceText,
    Superseded,
    TextRole,
    Tier,
    Verified,
    Verifier,
)

CONTEXT = Budget(within_ms=5000.0, floor_tokens=300, ceiling_tokens=3000, usual_tokens=1500)
"""The code and the function around it; what stands around it stays in the engine's cache."""

GroundsOf = Callable[[], Awaitable[Grounds | NotRunnable]]
"""What may be run for the document's folder; asked only when there is something to run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Means:
    """With what an explanation is made."""

    workbench: Workbench
    sources: FactSources
    config: ExplainConfig
    grounds: GroundsOf
    store: ExplanationStore


async def what_is_known(
    request: ExplainRequest, sources: FactSources, config: ExplainConfig
) -> Explanation | None:
    """Return what is known at once, without prose; None where nothing is to be explained."""
    target = await _target(request, config)
    if target is None:
        return None
    facts = await sources.soon(request.document, target.span, request.root)
    return Explanation(title=target.title, span=target.span, facts=facts)


async def make(request: ExplainRequest, means: Means) -> AsyncGenerator[Explanation]:
    """Yield an explanation as it grows; nothing where nothing is to be explained.

    The last one is whole, unless nothing was said or a newer request took over.

    Raises:
        EngineError: One of its four kinds.
        PromptError: A prompt is not what it must be.
    """
    target = await _target(request, means.config)
    if target is None:
        return
    facts = await means.sources.late(request.document, target.span, request.root)
    known = Explanation(title=target.title, span=target.span, facts=facts)
    yield known
    workbench, store = means.workbench, means.store
    prompts = workbench.prompts
    question = Question(
        target=target.within(await workbench.max_chars(CONTEXT)),
        facts=facts,
        template=prompts["explain-translated"] if means.config.language else prompts["explain"],
        config=means.config,
    )
    key = _key(question, workbench.model)
    if request.fresh:
        await asyncio.to_thread(store.forget, key)
    told = await asyncio.to_thread(store.get, key)
    if told is not None:
        yield replace(_explained(known, told, workbench.model, cached=True), is_whole=True)
        return
    telling = Telling(
        question=question,
        request=request,
        workbench=workbench,
        results=_results(question.target, request, means),
    )
    async with contextlib.aclosing(_ask(known, telling)) as answers:
        async for answer in answers:
            if answer.is_whole and answer.provenance is not None:
                told = _told(telling, answer.provenance.suggestion_id)
                await asyncio.to_thread(store.put, key, told)
            yield answer


async def _ask(known: Explanation, telling: Telling) -> AsyncGenerator[Explanation]:
    """Have the model say it, and write down what came of it."""
    question, request, workbench = telling.question, telling.request, telling.workbench
    suggestion_id, language = new_suggestion_id(), request.document.language
    workbench.requested(
        suggestion_id=suggestion_id,
        template=question.template,
        prompt=question.prompt(),
        language=language,
        about=About.of(request.document, "explain", question.target.span.start),
        sampling=Sampling(),
        trusted=request.trusted,
    )
    try:
        async with contextlib.aclosing(telling.go_on()) as sections:
            async for _ in sections:
                told = _told(telling, suggestion_id)
                yield _explained(known, told, workbench.model, cached=False)
    except BaseException:
        workbench.record([Cancelled(suggestion_id=suggestion_id)])
        raise
    generation = telling.generation
    if telling.is_superseded or generation is None:
        workbench.record([Superseded(suggestion_id=suggestion_id)])
        return
    event, prediction = before_running(
        workbench,
        Generated.of(generation, suggestion_id=suggestion_id),
        kind=question.template.kind,
        language=language,
    )
    if not telling.prose:
        workbench.record([event])
        return
    told = _told(telling, suggestion_id)
    kept = SourceText(suggestion_id=suggestion_id, role=TextRole.ANSWER, text=told.prose)
    workbench.record([event, kept, *_of_claims(telling, suggestion_id)])
    answer = _explained(known, told, workbench.model, cached=False)
    # Nothing proves an explanation right, and a rate that rests on none would be an invention.
    if answer.provenance is not None and prediction is not None and prediction.n_like > 0:
        said = for_a_person(workbench, prediction)
        answer = replace(answer, provenance=replace(answer.provenance, prediction=said))
    yield replace(answer, is_whole=True)


def _of_claims(telling: Telling, suggestion_id: str) -> list[Event]:
    """Return how the claims stood, first and in the end; nothing where there were none."""
    first, shown = telling.first, telling.count
    if not first.n_confirmed + first.n_contradicted + first.n_unconfirmed:
        return []
    claimed = Claimed(
        suggestion_id=suggestion_id,
        n_confirmed=first.n_confirmed,
        n_contradicted=first.n_contradicted,
        n_unconfirmed=first.n_unconfirmed,
        n_asked_again=telling.n_asked_again,
        n_struck=telling.n_struck,
        n_shown_confirmed=shown.n_confirmed,
        n_shown_unconfirmed=shown.n_unconfirmed,
    )
    if not shown.n_confirmed:
        return [claimed]
    checked = Verified(
        suggestion_id=suggestion_id,
        verifier=Verifier.CLAIM,
        tier=Tier.VISIBLE,
        outcome=Outcome.PLAUSIBLE,
        n_passed=shown.n_confirmed,
        n_failed=0,
    )
    return [claimed, checked]


def _told(telling: Telling, suggestion_id: str) -> Told:
    return Told(
        prose=telling.prose,
        claims=telling.count,
        suggestion_id=suggestion_id,
        total_ms=telling.total_ms,
    )


def _explained(
    known: Explanation, told: Told, model: ModelIdentity, *, cached: bool
) -> Explanation:
    return replace(
        known,
        prose=told.prose,
        claims=told.claims,
        provenance=Provenance(
            suggestion_id=told.suggestion_id,
            model=model,
            total_ms=told.total_ms,
            cached=cached,
            verdict=Verdict(
                rung=Rung.UNVERIFIED,
                outcome=Outcome.NOT_RUN,
                repeats=0,
                passed=told.claims.n_confirmed,
                failed=0,
                summary=told.claims.sentence(),
            ),
        ),
    )


def _key(question: Question, model: ModelIdentity) -> str:
    """Return the hash of all that the answer follows from."""
    config, target = question.config, question.target
    said: Sequence[object] = (
        model.sha256 or model.name,
        question.template.template_hash,
        target.language,
        target.title,
        target.form,
        len(target.code),
        bool(target.context),
        [(fact.kind, fact.of, fact.subject, fact.text) for fact in question.facts],
        (config.language, config.depth, config.audience, config.max_tokens, config.run_claims),
    )
    return hashlib.blake2b(repr(said).encode("utf-8", "replace"), digest_size=20).hexdigest()


async def _target(request: ExplainRequest, config: ExplainConfig) -> Target | None:
    # In a thread, because parsing a large file takes longer than a keystroke may wait.
    if request.selection is not None:
        return await asyncio.to_thread(target_of, request.document, request.selection, config)
    return await asyncio.to_thread(target_at, request.document, request.offset, config)


def _results(target: Target, request: ExplainRequest, means: Means) -> Results | None:
    """Return what runs calls of the explained function; None where nothing may be run."""
    path = request.document.path
    if path is None or not (means.config.run_claims and request.trusted and target.function):
        return None

    async def run(calls: Sequence[str]) -> Mapping[str, str]:
        here = await means.grounds()
        if not isinstance(here, Grounds):
            return {}
        text, function = request.document.text, target.function
        return await results_of(calls, function=function, path=path, text=text, grounds=here)

    return run
