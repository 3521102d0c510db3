"""What a person sees of an explanation, taken apart: prose, facts, and who said it.

The server's Markdown is read as it is shown; nothing is known of how it was made, nothing is
judged. A list of facts begins with a bold line of its own; the provenance is a line in italics
with points in it, under a rule at the end of a hover and under each block of a longer text.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

MARK = "(?)"
"""Stands after what could not be confirmed."""
_RULE = re.compile(r"\s{0,3}-{3,}\s*")
_HEADING = re.compile(r"\s{0,3}\*\*(?:Facts|Watch for)\b[^*\n]*\*\*\s*:?\s*")
_ITEM = re.compile(r"\s*[-*+] +(\S.*)")
_MORE = re.compile(r"and \d+ more")
_PROVENANCE = re.compile(r"\*(?!\*)[^*\n]*[^*\s]\*")
_OF_MODEL = re.compile(r" · (?:cached|\d+ ms) · |the model found nothing to say")
_WRITING = re.compile(r"being written|hover again|is loading|is being loaded", re.IGNORECASE)
_ESCAPED = re.compile(r"(`+)(?:.+?)\1|\\([!-/:-@\[-`{-~])")


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """An explanation as it is shown."""

    prose: str
    """What the model said, with the marks that were put into it; empty where nothing is there
    yet."""
    facts: tuple[str, ...]
    """One line each, without the sign of the list and without escapes."""
    provenance: str
    """The last line; empty where there is none."""
    n_provenances: int = 0
    """How many lines look like one."""

    @property
    def is_whole(self) -> bool:
        """Whether nothing more is coming."""
        return not _WRITING.search(self.provenance)

    @property
    def is_of_model(self) -> bool:
        """Whether a model has said something, however much of it was left."""
        return bool(self.prose) or bool(_OF_MODEL.search(self.provenance))

    @property
    def text(self) -> str:
        """The prose with the facts under it, without the provenance."""
        facts = "\n".join(f"- {fact}" for fact in self.facts)
        return "\n\n".join(part for part in (self.prose, facts) if part)


def shown_of(markdown: str) -> Shown:
    """Return the parts of a hover, or of a longer explanation with several lists of facts."""
    prose: list[str] = []
    facts: list[str] = []
    provenances: list[str] = []
    is_list = False
    lines = markdown.split("\n")
    last = max((number for number, line in enumerate(lines) if line.strip()), default=-1)
    for number, line in enumerate(lines):
        item = _ITEM.fullmatch(line)
        if _HEADING.fullmatch(line):
            is_list = True
        elif is_list and item and not _PROVENANCE.fullmatch(line.strip()):
            if not _MORE.fullmatch(item[1].strip()):
                facts.append(_unescaped(item[1].rstrip()))
        elif is_list and not line.strip():
            continue
        else:
            is_list = False
            if _is_provenance(line, is_last=number == last):
                provenances.append(line.strip())
            elif not _RULE.fullmatch(line):
                prose.append(line)
    return Shown(
        prose=re.sub(r"\n{3,}", "\n\n", "\n".join(prose)).strip(),
        facts=tuple(facts),
        provenance=provenances[-1] if provenances else "",
        n_provenances=len(provenances),
    )


def _is_provenance(line: str, *, is_last: bool) -> bool:
    whole = line.strip()
    return bool(_PROVENANCE.fullmatch(whole)) and (is_last or " · " in whole)


def _unescaped(text: str) -> str:
    """Return Markdown without its escapes; in code spans a backslash is one."""
    return _ESCAPED.sub(lambda found: found[2] or found[0], text)
