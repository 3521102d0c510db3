"""From explanations to Markdown: the prose, what is known, and whose words they are.

Facts hold text of the code and of manual pages. Whatever is in it stays text: nothing of it can be
clicked, loaded or obeyed (CommonMark 0.31).
"""

from __future__ import annotations

import builtins
import re
from collections.abc import Sequence
from dataclasses import dataclass

from ducktypist.domain import Fact, FactKind, Provenance, Span
from ducktypist.features.explain.words import Explanation
from ducktypist.prompting.markdown import plain_markdown

MAX_FACTS = {"line": 4, "short": 10, "thorough": 24}
"""How many are shown at each depth, those to watch for apart."""
WATCH = "**Watch for**"
FACTS = "**Facts**"
RULE = "---"
WATCHED = frozenset({FactKind.FINDING})

_BUILTINS = frozenset(dir(builtins))
_EMPHASIS = re.compile(r"\\|\*|(?<!\w)_+|_+(?!\w)|~(?=~)")
_ESCAPED = re.compile(r"\\([\\*_~])")


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """A piece of a longer explanation, as it comes."""

    kind: str
    """``heading``, ``facts``, ``prose`` or ``provenance``."""
    markdown: str
    span: Span | None = None
    """What it is about, in the document."""
    suggestion_id: str = ""
    """Whose prose it is; empty for what is no model's."""


def text_of(explanation: Explanation, *, last_line: str = "", depth: str = "short") -> str:
    """Return a hover: the prose, what to watch for, the facts, and the provenance last.

    Args:
        explanation: What there is.
        last_line: Instead of the provenance, without emphasis; for what has none.
        depth: How much is shown.
    """
    parts = [explanation.prose, *fact_lists(explanation.facts, depth=depth)]
    if last_line:
        parts.append(f"{RULE}\n*{last_line}*")
    elif explanation.provenance is not None:
        parts.append(f"{RULE}\n{provenance_line(explanation.provenance)}")
    return "\n\n".join(filter(None, parts))


def fact_lists(facts: Sequence[Fact], *, depth: str = "short") -> list[str]:
    """Return what to watch for and what else is known, as Markdown lists; none for no facts."""
    most = MAX_FACTS.get(depth, MAX_FACTS["short"])
    watched = [fact for fact in facts if fact.kind in WATCHED]
    others = _telling([fact for fact in facts if fact.kind not in WATCHED])
    lists = []
    for heading, chosen in ((WATCH, watched[:most]), (FACTS, others[:most])):
        if chosen:
            lists.append(f"{heading}\n\n" + "\n".join(map(fact_line, chosen)))
    n_more = len(others) - most
    if n_more > 0:
        lists[-1] += f"\n- and {n_more} more"
    return lists


def _telling(facts: Sequence[Fact]) -> list[Fact]:
    """Return facts without those that are no news.

    That ``-mtime`` compares days is none beside what ``-mtime +30`` means, and what ``len`` does,
    who reads Python knows.
    """
    here = {fact.subject.partition(" ")[0] for fact in facts if " " in fact.subject}
    return [
        fact
        for fact in facts
        if not (fact.kind is FactKind.OPTION and fact.subject in here)
        and not (fact.kind is FactKind.CALLS and fact.subject in _BUILTINS)
    ]


def fact_line(fact: Fact) -> str:
    """Return one fact as an item of a list: what it is about, what is known, who says so."""
    name = f"{fact.of} {fact.subject}" if fact.kind is FactKind.OPTION else fact.subject
    said = escaped(fact.text)
    return f"- {code_span(name)}: {said} *({escaped(fact.source)})*"


def provenance_line(provenance: Provenance) -> str:
    """Return the last line: who said it, how fast, how far checked, how likely right."""
    speed = "cached" if provenance.cached else f"{provenance.total_ms:.0f} ms"
    parts = [model_name(provenance), speed, provenance.verdict.summary]
    if provenance.prediction is not None:
        parts.append(provenance.prediction.sentence())
    return f"*{' · '.join(parts)}*"


def model_name(provenance: Provenance) -> str:
    """Return the model and its quantisation, once."""
    model = provenance.model
    said = model.quantisation.lower() in model.name.lower()
    return (model.name if said else f"{model.name} {model.quantisation}").strip()


def escaped(text: str) -> str:
    """Return plain text as Markdown that shows just that, and holds nothing to click.

    No more is escaped than has to be (CommonMark 0.31, 2.4 and 6.2), because some editors show the
    backslashes.
    """
    plain_text = plain_markdown(" ".join(text.split()))
    return _EMPHASIS.sub(lambda match: "".join(f"\\{sign}" for sign in match[0]), plain_text)


def code_span(text: str) -> str:
    """Return text as a code span, however many backticks it holds (CommonMark 0.31, 6.1)."""
    flat = " ".join(text.split())
    longest = max(map(len, re.findall(r"`+", flat)), default=0)
    fence = "`" * (longest + 1)
    pad = " " if flat.startswith("`") or flat.endswith("`") else ""
    return f"{fence}{pad}{flat}{pad}{fence}"


def plain(markdown: str) -> str:
    """Return our Markdown as text for clients that show none."""
    without = re.sub(r"(?<!\\)\*{1,3}(?=\S)([^*\n]+?)(?<=\S)(?<!\\)\*{1,3}", r"\1", markdown)
    without = without.replace(f"\n{RULE}\n", "\n")
    return _ESCAPED.sub(r"\1", re.sub(r"(?<!\\)`", "", without))
