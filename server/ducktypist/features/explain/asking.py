"""How the prose comes about: section by section, each one's claims judged before the next begins.

What contradicts the facts is asked for once more with the facts named; what still contradicts them
then is struck or replaced by the facts' own words, and what nobody can confirm is marked.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from ducktypist.claims import (
    Subject,
    calls_of,
    claims_of,
    mark,
    misses,
    strike,
    with_results,
)
from ducktypist.config import ExplainConfig
from ducktypist.domain import (
    ChatPrompt,
    Claim,
    ClaimCount,
    Fact,
    FactKind,
    FinishReason,
    Generation,
    GenerationRequest,
    Prompt,
    Sampling,
)
from ducktypist.errors import PromptError
from ducktypist.features.explain.sections import Section, sections
from ducktypist.features.explain.target import Target
from ducktypist.features.explain.words import ExplainRequest
from ducktypist.features.workbench import Tally, Workbench
from ducktypist.prompting import assemble
from ducktypist.prompting.markdown import plain_markdown
from ducktypist.prompting.templates import Template

MIN_WORDS = 3
MAX_FACTS = 14
"""More distract a small model more than they help."""
MAX_SETTING_CHARS = 60
SENTENCE_ENDS = (".", "!", "?", "…")
APOSTROPHES = ("'", "\N{RIGHT SINGLE QUOTATION MARK}")
END = ". "
"""Where a single sentence ends; not kept by the engine."""

Results = Callable[[Sequence[str]], Awaitable[Mapping[str, str]]]
"""Calls with literal arguments in, what running them gave out; none for what did not run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """All that one explanation follows from."""

    target: Target
    facts: tuple[Fact, ...]
    template: Template
    config: ExplainConfig

    @property
    def subject(self) -> Subject:
        """What the claims of the prose are compared with."""
        return Subject(
            code=self.target.code,
            context=self.target.context,
            language=self.target.language,
            facts=self.facts,
            known=frozenset(),
        )

    def prompt(self, corrections: Sequence[str] = ()) -> ChatPrompt:
        """Return what the model is asked.

        Args:
            corrections: What a first answer got wrong.

        Raises:
            PromptError: The template is no chat.
        """
        target, config = self.target, self.config
        values: dict[str, object] = {
            "language": assemble.language_name(target.language),
            "what": target.title,
            "code": target.code,
            "context": target.context,
            "facts": [_for_a_model(fact) for fact in self.facts[:MAX_FACTS]],
            "corrections": list(corrections),
            "audience": _short(config.audience) or "a programmer",
            "answer_language": _short(config.language),
        }
        prompt: Prompt = self.template.render(
            **{name: values[name] for name in values if name in self.template.variables}
        )
        if not isinstance(prompt, ChatPrompt):
            raise PromptError(f"prompt {self.template.name} must be a chat")
        return prompt

    @property
    def sections(self) -> tuple[Section, ...]:
        """The parts of the answer."""
        return sections(
            self.template,
            self.prompt().assistant_prefix,
            self.facts,
            self.target.span,
            self.config.depth,
        )


@dataclass(slots=True, kw_only=True)
class Telling:
    """A prose in the making."""

    question: Question
    request: ExplainRequest
    """With which priority, for whom."""
    workbench: Workbench
    results: Results | None
    """Runs calls that the prose speaks of; None where nothing may be run."""
    prose: str = ""
    """The sections that are finished: plain, checked, marked."""
    claims: list[Claim] = field(default_factory=list)
    """What the finished sections claim, as it stands in them."""
    first: ClaimCount = field(default_factory=ClaimCount)
    """How the claims of the first answers stood, before anything was asked again: what the model
    is worth."""
    n_struck: int = 0
    n_asked_again: int = 0
    parts: list[Generation] = field(default_factory=list)
    tally: Tally = field(default_factory=Tally)
    total_ms: float = 0.0
    """From the beginning to the end of what was generated last."""
    is_superseded: bool = False

    @property
    def count(self) -> ClaimCount:
        """How what is shown stands; what was struck counts as contradicted."""
        return replace(ClaimCount.of(self.claims), n_contradicted=self.n_struck)

    @property
    def generation(self) -> Generation | None:
        """All that was generated as one answer, None where nothing was."""
        if not self.parts:
            return None
        return replace(
            self.parts[-1],
            text=self.prose,
            timings=replace(self.tally.total(), total_ms=self.total_ms),
            logprobs=tuple(token for part in self.parts for token in part.logprobs),
        )

    async def go_on(self) -> AsyncGenerator[str]:
        """Have the prose written and yield what there is of it after each finished section.

        Raises:
            EngineError: One of its four kinds.
            PromptError: The template is no chat.
        """
        for section in self.question.sections:
            await self._add(section)
            if self.is_superseded:
                return
            yield self.prose

    async def _add(self, section: Section) -> None:
        said = await self._said(section)
        # A heading with nothing to say is left out.
        if not said:
            return
        claims = await self._judged(said)
        count = ClaimCount.of(claims)
        self.first = self.first.plus(count)
        if count.n_contradicted:
            said, claims = await self._again(section, said, claims)
        n_bad = ClaimCount.of(claims).n_contradicted
        if n_bad:
            self.n_struck += n_bad
            said = strike(said, claims)
            claims = await self._judged(said)
            if ClaimCount.of(claims).n_contradicted:
                # What replaced a false sentence is false as well: better nothing.
                return
        if said.strip() and not self.is_superseded:
            self.claims += claims
            lead = f"{section.lead.rstrip(' ')} " if section.lead else ""
            self.prose += f"{lead}{mark(said, claims)}"

    async def _again(
        self, section: Section, said: str, claims: tuple[Claim, ...]
    ) -> tuple[str, tuple[Claim, ...]]:
        """Ask once more with the truth at hand; the answer with fewer contradictions counts."""
        self.n_asked_again += 1
        again = await self._said(section, misses(claims))
        other = await self._judged(again)
        is_better = ClaimCount.of(other).n_contradicted <= ClaimCount.of(claims).n_contradicted
        return (again, other) if again and is_better else (said, claims)

    async def _said(self, section: Section, corrections: Sequence[str] = ()) -> str:
        """Return one section's sentences, plain, without its lead; empty where nothing was said.

        What was read and said stays in the engine's cache, so a section costs little more than its
        own tokens.
        """
        question = self.question
        is_one = section.n_sentences == 1
        generation = await self.workbench.generate(
            GenerationRequest(
                prompt=replace(
                    question.prompt(corrections), assistant_prefix=self.prose + section.heading
                ),
                max_tokens=min(section.max_tokens, max(16, question.config.max_tokens)),
                sampling=Sampling(),
                stop=(*question.template.stop, *((END,) if is_one else ()), *section.stops),
                priority=self.request.priority,
                lane=self.request.lane,
            )
        )
        self.tally.add(generation.timings)
        self.parts.append(generation)
        self.total_ms = self.tally.total().total_ms
        if generation.finish_reason is FinishReason.CANCELLED:
            self.is_superseded = True
            return ""
        text = generation.text.strip()
        if is_one and generation.finish_reason is FinishReason.STOP:
            # The stop that ended the sentence was its full stop.
            text = text.rstrip(" ,;")
            text = text if text.endswith(SENTENCE_ENDS) else f"{text}."
        said = plain_markdown(_whole_sentences(text))
        if len(said.split()) < MIN_WORDS:
            return ""
        # An apostrophe goes on with the word before it.
        return f"{section.opening}{'' if said.startswith(APOSTROPHES) else ' '}{said}".lstrip()

    async def _judged(self, said: str) -> tuple[Claim, ...]:
        # In a thread, because a long prose takes longer than a keystroke may wait.
        claims = await asyncio.to_thread(claims_of, said, self.question.subject)
        calls = calls_of(claims)
        if calls and self.results is not None:
            claims = with_results(claims, await self.results(calls))
        return claims


def _for_a_model(fact: Fact) -> str:
    """Return a fact as one line of a prompt."""
    if fact.kind is FactKind.OPTION:
        return f"`{fact.of} {fact.subject}`: {fact.text}"
    if fact.kind in {FactKind.RAISES, FactKind.RETURNS, FactKind.EFFECT}:
        return fact.text
    return f"`{fact.subject}`: {fact.text}"


def _short(setting: str) -> str:
    """Return a setting as a few words of a sentence; a workspace's file may have written it."""
    return " ".join(setting.split())[:MAX_SETTING_CHARS]


def _whole_sentences(text: str) -> str:
    """Cut a text that ran into its token limit back to its last whole sentence."""
    stripped = text.rstrip()
    if stripped.endswith((".", "!", "?")):
        return stripped
    end = max(stripped.rfind(mark) for mark in (". ", "! ", "? "))
    if end > 0:
        return stripped[: end + 1]
    return f"{stripped} …" if stripped else ""
