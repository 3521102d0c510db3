"""What is contradicted leaves the prose; where the truth is known, it takes its place."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence

from ducktypist.claims.sentences import Sentence, clauses_of, sentences_of
from ducktypist.domain import Claim, ClaimKind, Span, Standing

_CONNECTOR = re.compile(r"(?:[\s,;]|\b(?:and|while|but|whereas|then|the|its)\b)*$", re.IGNORECASE)
_LEADING = re.compile(r"^(?:[\s,;–—]|\b(?:and|while|but|whereas|then|so|thus)\b)+", re.IGNORECASE)
_DEPENDS = re.compile(
    r"^[\s,;]*(?:which|meaning|making|allowing|ensuring|causing|so|thus|and (?:it|this|that|then)\b"
    r"|then|it\b|this\b)",
    re.IGNORECASE,
)
_THIRD_PERSON = re.compile(r"^(?:[a-z]+s\b|does\b|never\b|is\b|has\b)")
_OWN_WORDS = re.compile(r"[^\W\d_]{2,}")
_MIN_WORDS = 3
_ITEM_ONLY = re.compile(
    r"[ \t>]*(?:(?:[-*+•]|\d{1,3}[.)]|#{1,6})[ \t]*)?(?:\*\*[^*\n]*\*\*:?)?[ \t]*"
)


def strike(prose: str, claims: Sequence[Claim]) -> str:
    """Return a prose without what is contradicted.

    The clause goes, or the sentence where the rest would not stand alone. Where a correction is
    known, a true sentence is there instead.

    Args:
        prose: The prose in which the claims were found.
        claims: All of them.
    """
    by_span = {one.span: one for one in sentences_of(prose)}
    confirmed = {
        (claim.kind, claim.subject) for claim in claims if claim.standing is Standing.CONFIRMED
    }
    told: set[str] = set()
    edits: list[tuple[Span, str]] = []
    for where in sorted({c.sentence for c in claims}, key=lambda span: span.start):
        inside = [claim for claim in claims if claim.sentence == where]
        wrong = [claim for claim in inside if claim.standing is Standing.CONTRADICTED]
        if not wrong or where.end > len(prose):
            continue
        if all(claim.kind is ClaimKind.RESULT and _has_value(claim) for claim in wrong):
            edits += [_other_value(claim) for claim in wrong]
            continue
        truths: list[str] = []
        for claim in wrong:
            truth = _truth(claim)
            if truth and truth not in told and (claim.kind, claim.subject) not in confirmed:
                truths.append(truth)
                told.add(truth)
        sentence = by_span.get(where)
        kept = _kept(prose, sentence, inside, wrong) if sentence is not None else ""
        edits.append((where, " ".join(part for part in (kept, *truths) if part)))
    return _edited(prose, edits)


def misses(claims: Sequence[Claim]) -> tuple[str, ...]:
    """Return what a prose got wrong, as short true sentences for asking the model again."""
    found = [_miss(claim) for claim in claims if claim.standing is Standing.CONTRADICTED]
    return tuple(dict.fromkeys(found))


def _miss(claim: Claim) -> str:
    subject, true = _ticked(claim.subject), claim.correction
    if claim.kind is ClaimKind.OPTION:
        if _is_several(claim):
            return true
        return f"{subject} means: {true}" if true else f"there is no {subject} here"
    if claim.kind is ClaimKind.RESULT:
        return f"{subject} gives {_ticked(true)}"
    wrong = f"it does not raise {subject}" if claim.kind is ClaimKind.RAISES else ""
    right = f"true is: {true}" if true else ""
    return "; ".join(part for part in (wrong, right) if part) or f"{subject} is wrong"


def _truth(claim: Claim) -> str:
    """Return a true sentence instead of a wrong claim; empty where nobody knows one."""
    text = claim.correction.strip().rstrip(".")
    if not text:
        return ""
    match claim.kind:
        case ClaimKind.OPTION if _is_several(claim):
            return f"{text}."
        case ClaimKind.OPTION:
            between = " " if _THIRD_PERSON.match(text) else ": "
            return f"{_ticked(claim.subject)}{between}{text}."
        case ClaimKind.RESULT:
            return f"{_ticked(claim.subject)} gives {_ticked(text)}."
        case ClaimKind.NUMBER:
            verb = "ends with" if text.startswith("exit") else "takes"
            return f"It {verb} {text}."
        case _:
            is_verb = re.match(r"(?:returns|never|raises|yields)\b", text)
            return f"It {text}." if is_verb else f"{text[:1].upper()}{text[1:]}."


def _is_several(claim: Claim) -> bool:
    return bool(re.match(r"--?\w[\w-]*: ", claim.correction))


def _ticked(text: str) -> str:
    return text if "`" in text else f"`{text}`"


def _has_value(claim: Claim) -> bool:
    return not (claim.said.startswith("raises ") or claim.correction.startswith("raises "))


def _other_value(claim: Claim) -> tuple[Span, str]:
    """Put the value that was got in the place of the one that was said."""
    start = claim.span.end - len(claim.said)
    return Span(start=max(claim.span.start, start), end=claim.span.end), claim.correction


def _kept(prose: str, sentence: Sentence, claims: Sequence[Claim], wrong: Sequence[Claim]) -> str:
    """Return what of a sentence stands without its wrong claims; empty for nothing."""
    units = _units(prose, sentence, claims)
    kept: list[Span] = []
    is_lost = False
    for unit in units:
        text = unit.of(prose)
        if any(claim.span.start < unit.end and unit.start < claim.span.end for claim in wrong):
            is_lost = True
            continue
        has_option = any(
            claim.kind is ClaimKind.OPTION and unit.start <= claim.span.start < unit.end
            for claim in claims
        )
        if is_lost and (_DEPENDS.match(text) or not has_option):
            continue
        is_lost = False
        kept.append(unit)
    words = "".join(unit.of(prose) for unit in kept)
    words = _LEADING.sub("", words).rstrip(" ,;:.!?\n")
    words = re.sub(r"[\s,;]+(?:and|but|while|which|so)$", "", words)
    if len(_OWN_WORDS.findall(words)) < _MIN_WORDS or words.count("`") % 2 or words.count("**") % 2:
        return ""
    # What is left of a sentence has to say something that was judged, or stand before the rest.
    return f"{words[0].upper()}{words[1:]}." if words[0].isalpha() else f"{words}."


def _units(prose: str, sentence: Sentence, claims: Sequence[Claim]) -> list[Span]:
    cuts = {clause.start for clause in clauses_of(sentence)} | {sentence.span.end}
    for claim in claims:
        if claim.kind is ClaimKind.OPTION and claim.span.start > sentence.span.start:
            before = prose[sentence.span.start : claim.span.start]
            connector = _CONNECTOR.search(before)
            if connector is not None and re.search(r"[,;]|\b(?:and|while|but)\b", connector[0]):
                cuts.add(sentence.span.start + connector.start())
    edges = sorted(cuts | {sentence.span.start})
    return [Span(start=left, end=right) for left, right in itertools.pairwise(edges)]


def _edited(prose: str, edits: Sequence[tuple[Span, str]]) -> str:
    for span, text in sorted(edits, key=lambda edit: edit[0].start, reverse=True):
        before, after = prose[: span.start], prose[span.end :]
        if text:
            prose = f"{before}{text}{after}"
            continue
        line_start = before.rfind("\n") + 1
        line_end = after.find("\n")
        rest = after if line_end < 0 else after[:line_end]
        if not rest.strip() and _ITEM_ONLY.fullmatch(before[line_start:]):
            # Nothing but a list's mark or a label is left of the line.
            below = "" if line_end < 0 else after[line_end + 1 :]
            prose = f"{before[:line_start]}{below}"
        else:
            prose = (
                f"{before.rstrip(' ')}{after}"
                if before.endswith(" ")
                else f"{before}{after.lstrip(' ')}"
            )
    return prose.rstrip() if edits else prose
