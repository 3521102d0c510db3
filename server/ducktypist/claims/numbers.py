"""Numbers in a prose: those that stand in the code or the facts, or follow from them.

Contradicted only where it is certain: how many parameters a function takes, with what a script
exits. Not counted: ordinals, versions, list marks, names of standards.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from ducktypist.claims import python_shape
from ducktypist.claims.sentences import Sentence
from ducktypist.claims.subject import Subject
from ducktypist.domain import Claim, ClaimKind, Span, Standing

_WORDS = {
    "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8,
    "nine": 9, "ten": 10, "eleven": 11, "twelve": 12, "twice": 2,
}  # fmt: skip
_DIGITS = re.compile(
    r"(?<![\w.,/#@-])(?P<number>\d[\d_]*(?:,\d{3})*(?:\.\d+)?)(?P<unit>%|[kKMGT]i?B?|ms|s)?(?![\w/]|\.\d|-\w)"
)
_COUNTABLE = (
    r"arguments?|parameters?|times|lines?|files?|elements?|items?|characters?|chars?|seconds?"
    r"|minutes?|hours?|days?|weeks?|bytes?|process(?:es)?|values?|commands?|numbers?|fields?"
    r"|columns?|words?|options?|keys?|entr(?:y|ies)|rows?|loops?|iterations?|attempts?|retries"
    r"|digits?|spaces?|branch(?:es)?|functions?|strings?|lists?|threads?|directories|levels?"
)
_SPELT = re.compile(
    rf"\b(?P<number>{'|'.join(_WORDS)})\b(?=\s+(?:\w+\s+)?(?:{_COUNTABLE})\b)|\b(?P<twice>twice)\b",
    re.IGNORECASE,
)
_NAMED = re.compile(
    r"\b(?:Python|Go|Bash|RFC|PEP|ISO|HTTP/?|version|POSIX|C\+\+|Unicode|step|steps|section|SHA|UTF"
    r"|chapter|example|line|lines|page|IPv|issue|SC|C|Java|Rust|Node)\s*[-.]?\s*$",
    re.IGNORECASE,
)
_IN_TEXT = re.compile(r"\d+(?:_\d+)*(?:\.\d+)?")
_HEX = re.compile(r"\b0[xX][0-9a-fA-F]+|\b0[oO]?[0-7]+\b|\b0[bB][01]+")
_UNIT = re.compile(
    r"^\s*(?:%|percent|milliseconds?|ms\b|seconds?|s\b|minutes?|hours?|days?|bytes?|KB|MB|kilobytes?"
    r"|megabytes?)",
    re.IGNORECASE,
)
_FACTORS = (1000.0, 60.0, 100.0, 24.0, 1024.0, 3600.0, 86400.0, 1048576.0)
_TAKES = re.compile(
    r"\b(?:takes?|accepts?|expects?|requires?|receives?|has|with|needs?)\s+(?:exactly\s+|only\s+)?$",
    re.IGNORECASE,
)
_PARAMETERS = re.compile(r"^\s+(?:\w+\s+)?(?:arguments?|parameters?)\b", re.IGNORECASE)
_KIND_OF_PARAMETER = re.compile(
    r"^\s+(?:required|optional|keyword|positional|named)\b", re.IGNORECASE
)
_EXIT = re.compile(
    r"\bexit(?:s|ing|ed)?\s+(?:\w+\s+){0,3}?(?:status|code|value|with)(?:\s+(?:of|is|code|status|the|a))*"
    r"\s*`?$",
    re.IGNORECASE,
)
_SHELL_EXIT = re.compile(r"(?<![\w-])exit[ \t]+(\S+)")
_GO_EXIT = re.compile(r"\bos\.Exit\(([^)]*)\)")
_GO_FUNCTION = re.compile(r"^func\s*(?:\([^)]*\)\s*)?\w+\s*\(([^()]*)\)", re.MULTILINE)
_NEGATED = re.compile(r"\b(?:not|never|no|n't|other than|except)\s+(?:\w+\s+){0,2}$", re.IGNORECASE)


def number_claims(
    sentences: Sequence[Sentence], subject: Subject, *, taken: Sequence[Span] = ()
) -> tuple[Claim, ...]:
    """Return the numbers that a prose says of the code: known ones once, others once a sentence.

    Args:
        sentences: The prose's sentences.
        subject: What they are about.
        taken: Places that are judged as calls with their results.
    """
    known = _Known(subject)
    seen: set[float] = set()
    claims: list[Claim] = []
    for sentence in sentences:
        here: set[float] = set()
        if sentence.is_fenced:
            continue
        for span, value, text in _said(sentence):
            if any(span.start < one.end and one.start < span.end for one in taken):
                continue
            before = sentence.text[: span.start - sentence.span.start]
            after = sentence.text[span.end - sentence.span.start :]
            standing, correction = known.judge(value, before, after)
            is_settled = standing is Standing.CONFIRMED and value in seen
            if value in here or is_settled:
                continue
            here.add(value)
            seen.add(value)
            claims.append(
                Claim(
                    kind=ClaimKind.NUMBER,
                    span=span,
                    sentence=sentence.span,
                    subject=text,
                    standing=standing,
                    correction=correction,
                )
            )
    return tuple(claims)


class _Known:
    """The numbers of the code and of the facts, and what follows from them."""

    def __init__(self, subject: Subject) -> None:
        facts = " ".join(f"{fact.subject} {fact.text} {fact.detail}" for fact in subject.facts)
        self.values = _values(f"{subject.source} {facts}")
        self.values |= {
            float(value)
            for word, value in _WORDS.items()
            if re.search(rf"\b{word}\b", facts, re.IGNORECASE)
        }
        self.parameters = _parameters(subject)
        self.exits = _exits(subject)
        is_python = subject.grammar == "python"
        counts = python_shape.list_lengths(subject.code) if is_python else frozenset()
        self.counts = {float(n) for n in counts} | _counted(subject)

    def judge(self, value: float, before: str, after: str) -> tuple[Standing, str]:
        """Return how a number stands, and what it would have to be."""
        special = self._of_parameters(value, before, after) or self._of_exit(value, before)
        if special is not None:
            return special
        is_there = value in self.values or value in self.counts
        is_other_unit = _UNIT.match(after) and any(
            value in {one * factor, one / factor}
            for one in self.values
            if one not in {0.0, 1.0}
            for factor in _FACTORS
        )
        return (Standing.CONFIRMED if is_there or is_other_unit else Standing.UNCONFIRMED), ""

    def _of_parameters(self, value: float, before: str, after: str) -> tuple[Standing, str] | None:
        if self.parameters is None or not _PARAMETERS.match(after):
            return None
        low, high = self.parameters
        if low <= value <= high:
            return Standing.CONFIRMED, ""
        is_said = _TAKES.search(before) and not _NEGATED.search(before)
        if not is_said or _KIND_OF_PARAMETER.match(after):
            return None
        plural = "" if high == 1 else "s"
        return Standing.CONTRADICTED, f"{high:g} parameter{plural}"

    def _of_exit(self, value: float, before: str) -> tuple[Standing, str] | None:
        if not self.exits or not _EXIT.search(before) or value in self.exits:
            return None
        # Who comes to the end of a script leaves with 0, or with what the last command gave.
        if not value or _NEGATED.search(before):
            return Standing.UNCONFIRMED, ""
        codes = " or ".join(f"{code:g}" for code in sorted(self.exits))
        return Standing.CONTRADICTED, f"exit status {codes}"


def _said(sentence: Sentence) -> Iterator[tuple[Span, float, str]]:
    base, text = sentence.span.start, sentence.text
    found: list[tuple[int, int, float]] = []
    for match in _DIGITS.finditer(text):
        is_coded = any(c.start <= base + match.start() < c.end for c in sentence.codes)
        if not is_coded and _NAMED.search(text[: match.start()]):
            continue
        value = _number(match["number"])
        if value is not None:
            found.append((match.start(), match.end("number"), value))
    for match in _SPELT.finditer(sentence.plain):
        word = match[0].lower()
        is_one = word == "one" and not _PARAMETERS.match(sentence.plain[match.end() :])
        if not is_one:
            found.append((match.start(), match.end(), float(_WORDS[word])))
    for start, end, value in sorted(found):
        yield Span(start=base + start, end=base + end), value, text[start:end]


def _number(text: str) -> float | None:
    try:
        return float(text.replace("_", "").replace(",", ""))
    except ValueError:
        return None


def _values(text: str) -> set[float]:
    found = {value for part in _IN_TEXT.findall(text) if (value := _number(part)) is not None}
    for part in _HEX.findall(text):
        try:
            found.add(float(int(part, 0)))
        except (ValueError, OverflowError):
            continue
    # `1.5` says nothing of 1 and 5, but `2.3.4` and `k2,2nr` do of each of theirs.
    found |= {value for part in re.findall(r"\d+", text) if (value := _number(part)) is not None}
    return found


def _parameters(subject: Subject) -> tuple[float, float] | None:
    """Return how few and how many parameters the only function takes."""
    if subject.grammar == "python":
        shapes = python_shape.functions_of(subject.code)
        if len(shapes) != 1 or shapes[0].n_parameters is None:
            return None
        return float(shapes[0].n_required), float(shapes[0].n_parameters)
    found = _GO_FUNCTION.findall(subject.code) if subject.grammar == "go" else []
    if len(found) != 1 or "..." in found[0]:
        return None
    n_parameters = float(len([part for part in found[0].split(",") if part.strip()]))
    return n_parameters, n_parameters


def _exits(subject: Subject) -> frozenset[float]:
    """Return what the code exits with; nothing where that is not all written out."""
    if subject.grammar == "python":
        return frozenset(map(float, python_shape.exit_codes(subject.code) or ()))
    pattern = {"bash": _SHELL_EXIT, "go": _GO_EXIT}.get(subject.grammar)
    texts = pattern.findall(subject.code) if pattern is not None else []
    codes = [text.rstrip(";)}\"'") for text in texts]
    if not all(code.isascii() and code.isdigit() for code in codes):
        return frozenset()
    return frozenset(map(float, codes))


def _counted(subject: Subject) -> set[float]:
    """Return how many commands of a pipeline, options, functions and lines there are."""
    code = subject.code
    counts = {float(len(code.strip().splitlines()))}
    if subject.grammar == "bash":
        counts.add(float(len(re.findall(r"(?<!\|)\|(?!\|)", code)) + 1))
        counts.add(float(len(re.findall(r"(?<![\w-])--?[A-Za-z0-9]", code))))
    else:
        counts.add(float(len(re.findall(r"\b(?:def|func|function)\b", code))))
        counts.add(float(len(re.findall(r"\b(?:for|while)\b", code))))
    return counts
