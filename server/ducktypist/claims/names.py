"""Names of code in a prose: each must stand in the code, in the facts or in the language.

Between backticks every word counts; elsewhere what looks like code: ``snake_case``, ``camelCase``,
``a.b``, ``f()``, ``$VAR``, ``CONST_CASE``, ``--long``, paths and files.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ducktypist.claims import known_names
from ducktypist.claims.sentences import Sentence
from ducktypist.claims.subject import Subject
from ducktypist.domain import Claim, ClaimKind, Span, Standing

_NAME = re.compile(r"(?<!\w)[^\W\d]\w*")
_TOKEN = re.compile(r"\w+")
_LONG_OPTION = re.compile(r"(?<![\w-])--?[A-Za-z0-9][\w-]*")
_EXTENSIONS = (
    "py|sh|bash|txt|md|json|ya?ml|toml|ini|cfg|conf|log|csv|tsv|html?|css|jsx?|tsx?|go|rs|java|c|h|cc"
    "|cpp|hpp|sql|xml|tar|gz|tgz|zip|bz2|xz|iso|png|jpe?g|pdf|lock|sock|pid|tmp|bak|out|env|service"
)
_BARE = re.compile(
    r"""(?<![\w`])(?:
    (?P<variable>\$\{?[A-Za-z_]\w*\}?)
    |(?P<long>(?<!-)--[A-Za-z][\w-]*)
    |(?P<path>(?:~|\.{1,2})?/[\w.@+-]+(?:/[\w.@+-]+)*/?)
    |(?P<file>[\w-]+(?:/[\w.-]+)*\.(?:EXTENSIONS)\b)
    |(?P<call>[^\W\d]\w*(?:\.[^\W\d]\w*)*\(\))
    |(?P<dotted>[^\W\d]\w+(?:\.[^\W\d]\w+)+)
    |(?P<snake>\w*[^\W\d_]\w*_\w+|_+[^\W\d_]\w*)
    |(?P<camel>[a-z]+[a-z0-9]*[A-Z]\w*|(?:[A-Z][a-z0-9]+){2,}[A-Z]?)
    |(?P<shout>[A-Z][A-Z0-9]{2,})
    )(?!\w)""".replace("EXTENSIONS", _EXTENSIONS),
    re.VERBOSE,
)
_ATTRIBUTE = re.compile(r"\.\s*$")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Said:
    """A name in a prose."""

    span: Span
    name: str
    is_attribute: bool
    """Whether it stands behind a dot or before brackets."""
    is_option: bool = False


def name_claims(
    sentences: Sequence[Sentence], subject: Subject, *, taken: Sequence[Span] = ()
) -> tuple[Claim, ...]:
    """Return the names in a prose: the known ones once each, others once a sentence.

    Args:
        sentences: The prose's sentences.
        subject: What they are about.
        taken: Places that are judged as something else, such as a call with its result.
    """
    known = _Known(subject)
    seen: set[str] = set()
    claims: list[Claim] = []
    for sentence in sentences:
        here: set[str] = set()
        for said in _said(sentence, is_shell=subject.grammar == "bash"):
            if said.name in here or any(_overlap(said.span, span) for span in taken):
                continue
            is_known = known.has(said)
            if is_known and said.name in seen:
                continue
            here.add(said.name)
            seen.add(said.name)
            claims.append(
                Claim(
                    kind=ClaimKind.IDENTIFIER,
                    span=said.span,
                    sentence=sentence.span,
                    subject=said.name,
                    standing=Standing.CONFIRMED if is_known else Standing.UNCONFIRMED,
                )
            )
    return tuple(claims)


class _Known:
    """All names that are fine for one subject."""

    def __init__(self, subject: Subject) -> None:
        facts = "\n".join(
            "\n".join((fact.subject, fact.text, fact.detail, fact.of, *fact.names))
            for fact in subject.facts
        )
        self.text = f"{subject.source}\n{facts}"
        self.names = (
            frozenset(_TOKEN.findall(self.text))
            | subject.known
            | known_names.names_of(subject.grammar)
        )
        self.methods = known_names.methods_of(subject.grammar)
        self.options = frozenset(_LONG_OPTION.findall(self.text))
        clusters = (o[1:] for o in self.options if not o.startswith("--"))
        self.letters = frozenset(letter for cluster in clusters for letter in cluster)

    def has(self, said: _Said) -> bool:
        """Tell whether a name needs no mark."""
        if said.is_option:
            return said.name in self.options or said.name in self.text
        return all(
            part in self.names
            or part.lower() in known_names.ANYWHERE
            or part in known_names.PRODUCTS
            or (said.is_attribute and part in self.methods)
            or (len(part) == 1 and part in self.letters)
            for part in _TOKEN.findall(said.name)
            if not part.isdigit()
        )


def _said(sentence: Sentence, *, is_shell: bool) -> Iterator[_Said]:
    base = sentence.span.start
    if sentence.is_fenced:
        yield from _in_code(sentence.text, base, is_shell=is_shell)
        return
    plain = sentence.plain
    for code in sentence.codes:
        text = sentence.text[code.start - base : code.end - base]
        yield from _in_code(text, code.start, is_shell=is_shell)
    for match in _BARE.finditer(plain):
        kind = match.lastgroup or ""
        name = match[0]
        if kind == "long" and is_shell:
            continue
        if kind == "shout" and name.lower() in known_names.ANYWHERE:
            continue
        if kind == "camel" and name in known_names.PRODUCTS:
            continue
        span = Span(start=base + match.start(), end=base + match.end())
        if kind in {"dotted", "call", "file", "path"}:
            yield from _parts(name, span)
            continue
        bare = name.strip("${}")
        yield _Said(span=span, name=bare, is_attribute=False, is_option=kind == "long")


def _in_code(text: str, base: int, *, is_shell: bool) -> Iterator[_Said]:
    if not is_shell:
        for match in re.finditer(r"(?<![\w-])--[A-Za-z][\w-]*", text):
            span = Span(start=base + match.start(), end=base + match.end())
            yield _Said(span=span, name=match[0], is_attribute=False, is_option=True)
    # Options of a shell are judged by what they do.
    masked = re.sub(
        r"(?<![\w-])--[A-Za-z][\w-]*|(?<!\S)-[A-Za-z0-9][\w-]*"
        if is_shell
        else r"(?<![\w-])--[A-Za-z][\w-]*",
        lambda match: " " * len(match[0]),
        text,
    )
    # A string's escapes are no names: the n of "\n".
    masked = re.sub(r"\\.", "  ", masked)
    for match in _NAME.finditer(masked):
        behind = masked[match.end() : match.end() + 1]
        is_attribute = bool(_ATTRIBUTE.search(masked[: match.start()])) or behind == "("
        span = Span(start=base + match.start(), end=base + match.end())
        yield _Said(span=span, name=match[0], is_attribute=is_attribute)


def _parts(name: str, span: Span) -> Iterator[_Said]:
    for match in _NAME.finditer(name):
        at = span.start + match.start()
        yield _Said(
            span=Span(start=at, end=at + len(match[0])),
            name=match[0],
            is_attribute=match.start() > 0 or name.endswith("()"),
        )


def _overlap(one: Span, other: Span) -> bool:
    return one.start < other.end and other.start < one.end
