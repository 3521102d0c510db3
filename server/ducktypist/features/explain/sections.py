"""How a prose is divided: what each part is made to begin with and how long it may be.

One sentence at a time keeps a small model with the facts. The words themselves are the template's.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from ducktypist.domain import Fact, FactKind, Span
from ducktypist.prompting.templates import Template

_LEAD = re.compile(r"\s*(?:\*\*[^*\n]+\*\*\s*)?")

MAX_STEPS = {"line": 0, "short": 5, "thorough": 8}
SENTENCE_TOKENS = 60
"""A longer sentence is one that got lost."""
SENTENCES = {"line": 1, "short": 2, "thorough": 4}
"""How many the part about the how may have where it is not told step by step."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """One part of a prose."""

    heading: str
    """With what it is made to begin."""
    n_sentences: int
    stops: tuple[str, ...] = ()
    """Words with which it would go on to what other sections are about."""

    @property
    def lead(self) -> str:
        """What of it is layout, and no part of a sentence."""
        return self.heading[: len(self.heading) - len(self.opening)]

    @property
    def opening(self) -> str:
        """The words of it with which a sentence begins; may be empty."""
        match = _LEAD.match(self.heading)
        return self.heading[match.end() :] if match is not None else self.heading

    @property
    def max_tokens(self) -> int:
        """What it may take."""
        return self.n_sentences * SENTENCE_TOKENS


def sections(
    template: Template, opening: str, facts: tuple[Fact, ...], within: Span, depth: str
) -> tuple[Section, ...]:
    """Return the parts of a prose.

    Args:
        template: Whose words.
        opening: With what the whole answer is made to begin.
        facts: Name the commands that become steps.
        within: What is explained.
        depth: ``line``, ``short`` or ``thorough``.
    """
    n_sentences = SENTENCES.get(depth, SENTENCES["short"])
    if not template.continuations:
        return (Section(heading=opening, n_sentences=n_sentences),)
    first = Section(heading=opening, n_sentences=1)
    if depth == "line":
        return (first,)
    names = _commands(facts, within)[: MAX_STEPS.get(depth, MAX_STEPS["short"])]
    if names and template.steps:
        beginning, further = template.steps
        return (
            first,
            *(
                Section(
                    heading=(further if number else beginning).replace("{}", name),
                    n_sentences=1,
                    stops=tuple(
                        f"{joint} `{other}`"
                        for other in names
                        if other != name
                        for joint in (",", " and", ", then")
                    ),
                )
                for number, name in enumerate(names)
            ),
        )
    return (
        first,
        *(Section(heading=text, n_sentences=n_sentences) for text in template.continuations),
    )


def _commands(facts: tuple[Fact, ...], within: Span) -> list[str]:
    """Return the names of the commands of a part, as they follow each other."""
    found = [
        (fact.span.start, fact.subject)
        for fact in facts
        if fact.kind is FactKind.COMMAND
        and fact.span is not None
        and within.start <= fact.span.start < within.end
        and "`" not in fact.subject
    ]
    return list(dict.fromkeys(name for _, name in sorted(found)))
