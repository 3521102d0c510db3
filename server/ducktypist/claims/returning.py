"""What a prose says is returned, beside the facts, the annotation and the returned expressions."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from ducktypist.claims import lexicon, python_shape
from ducktypist.claims.sentences import Sentence, clauses_of
from ducktypist.claims.subject import Subject
from ducktypist.claims.wordlists import words
from ducktypist.domain import Claim, ClaimKind, Fact, FactKind, Span, Standing

_SAYS = re.compile(
    r"\b(?P<not>(?:does not|doesn't|do not|never|not|without)\s+)?"
    r"(?P<verb>returns?|returning|gives back|yields?|yielding)\b"
    r"(?!\s*(?:value|code|status|statement|type|key)\b)(?P<what>.*)",
    re.IGNORECASE | re.DOTALL,
)
_NO_VERB = re.compile(r"\b(?:the|a|an|its|carriage|early|to|this|each|`)\s*$", re.IGNORECASE)
_STOP = re.compile(
    r"[;:]|,\s|\b(?:if|when|unless|otherwise|where|for which|because|after|before|and then)\b"
)
_WORD = re.compile(r"[^\W\d_]{2,}")
_TOKEN = re.compile(r"[^\W_]+")
_CALLED = re.compile(r"`([\w.]+)(?:\([^`]*\))?`\s*$")
_IF = re.compile(r"\b(?:if|when|unless|otherwise|where)\b")
_DEFINED = re.compile(r"\b(?:def|func|function|fn)\s+(?:\([^)]*\)\s*)?(\w+)")
_ARTICLE = r"^\W*(?:an?|the)?\s*"
_KINDS = tuple(
    (kind, re.compile(pattern, re.IGNORECASE))
    for kind, pattern in (
        (python_shape.NONE, r"^\W*(?:`?None`?|nothing|null|nil|no value|anything)\b"),
        (python_shape.BOOL, r"^\W*(?:(?:a|the)\s+)?(?:`?True`?|`?False`?|bool\w*)\b"),
        (python_shape.LIST, _ARTICLE + r"(?:\w+\s+){0,2}?(?:list|array)s?\b"),
        (
            python_shape.DICT,
            _ARTICLE + r"(?:\w+\s+){0,2}?(?:dict(?:ionary|ionaries)?|mapping|map|hash)\b",
        ),
        (python_shape.TUPLE, _ARTICLE + r"(?:\w+\s+)?(?:tuple|pair)s?\b"),
        (python_shape.SET, r"^\W*(?:an?|the)\s*(?:\w+\s+)?set\b"),
        (python_shape.STRING, _ARTICLE + r"(?:\w+\s+){0,2}?(?:string|text)s?\b"),
        (
            python_shape.NUMBER,
            _ARTICLE + r"(?:(?:number|count|length|total number)\s+of\b|\w*\s*(?:integer|int"
            r"|float|number)\b)",
        ),
        (python_shape.GENERATOR, _ARTICLE + r"(?:\w+\s+)?(?:generator|iterator)\b"),
    )
)
_KIND_WORDS = "list array dict dictionary string number integer boolean true false tuple set map"
_SMALL = words(
    "a an the of in on to is are it its that this and or by with for from value result all each any"
)
_SHELLS = frozenset({"bash", "makefile", "dockerfile"})


def return_claims(
    sentences: Sequence[Sentence], subject: Subject, *, taken: Sequence[Span], is_english: bool
) -> tuple[Claim, ...]:
    """Return what a prose claims to be returned.

    Args:
        sentences: The prose's sentences.
        subject: What they are about.
        taken: Places that are judged as calls with their results.
        is_english: Whether the words can be compared.
    """
    if subject.grammar in _SHELLS or not is_english:
        return ()
    known = _Known(subject)
    if not known.is_known:
        return ()
    return tuple(claim for sentence in sentences for claim in _of(sentence, known, taken))


class _Known:
    """What the code returns."""

    def __init__(self, subject: Subject) -> None:
        self.facts = subject.of_kind(FactKind.RETURNS)
        self.calls = {fact.subject: fact for fact in subject.of_kind(FactKind.CALLS)}
        is_python = subject.grammar == "python"
        self.shapes = python_shape.functions_of(subject.code) if is_python else ()
        self.own = frozenset(_DEFINED.findall(subject.code))
        returned = [text for shape in self.shapes for text in shape.returned]
        texts = [fact.text for fact in self.facts] + returned
        self.is_known = bool(texts or self.shapes or re.search(r"\breturn\b", subject.code))
        if not is_python:
            texts += re.findall(r"\breturn\b([^;\n}]*)", subject.code)
        self.concepts = _concepts(" ".join(texts))
        self.around = _concepts(subject.source)
        kinds = [shape.kinds for shape in self.shapes]
        known = [one for one in kinds if one is not None]
        self.kinds = frozenset().union(*known) if kinds and len(known) == len(kinds) else None
        self.some_kinds = frozenset(kind for shape in self.shapes for kind in shape.some_kinds)
        self.gives_value = any(shape.gives_value for shape in self.shapes)
        self.texts = tuple(dict.fromkeys(returned))

    @property
    def correction(self) -> str:
        """What is returned, in words."""
        if self.facts:
            return "; ".join(dict.fromkeys(fact.text.rstrip(".") for fact in self.facts))
        if self.kinds == frozenset({python_shape.NONE}):
            return "never returns a value"
        return "returns " + " or ".join(f"`{text}`" for text in self.texts[:3])

    def judge(
        self, what: str, *, is_negated: bool, is_partly: bool
    ) -> tuple[Standing, Fact | None, str]:
        """Return how a claim stands beside all this."""
        fact = self.facts[0] if self.facts else None
        said = _kind_of(what)
        if said == python_shape.NONE:
            is_right = self._gives_none(what, is_partly=is_partly, is_negated=is_negated)
        elif is_negated:
            is_right = None
        else:
            is_right = False if self._is_other_kind(said) else self._is_like(what, said) or None
        if is_right is None:
            return Standing.UNCONFIRMED, fact, ""
        if is_right:
            return Standing.CONFIRMED, fact, ""
        return Standing.CONTRADICTED, fact, self.correction

    def _gives_none(self, what: str, *, is_partly: bool, is_negated: bool) -> bool | None:
        """Tell whether nothing is returned, always or now and then; None where it is not known."""
        if self.gives_value and "None" not in what and not is_partly:
            return False
        if self.kinds is None:
            return None
        is_always = self.kinds == frozenset({python_shape.NONE})
        return is_always if is_negated else python_shape.NONE in self.kinds

    def _is_other_kind(self, said: str) -> bool:
        if self.kinds is None:
            return False
        if self.kinds == frozenset({python_shape.NONE}):
            return True
        return bool(said) and not self.kinds & {said, python_shape.VALUE}

    def _is_like(self, what: str, said: str) -> bool:
        """Tell whether words speak of what is returned."""
        concepts = _concepts(what)
        overlap = concepts & self.concepts
        if overlap and len(overlap) * 2 >= len(concepts):
            return True
        rest = concepts - _concepts(_KIND_WORDS)
        is_kind = said in self.some_kinds or (self.kinds is not None and said in self.kinds)
        return is_kind and (not rest or bool(rest & self.around))


def _of(sentence: Sentence, known: _Known, taken: Sequence[Span]) -> Iterator[Claim]:
    if sentence.is_fenced:
        return
    base = sentence.span.start
    for clause in clauses_of(sentence):
        text = sentence.text[clause.start - base : clause.end - base]
        match = _SAYS.search(text)
        if match is None or _NO_VERB.search(text[: match.start("verb")]):
            continue
        what = match["what"]
        if stop := _STOP.search(what):
            what = what[: stop.start()]
        what = what.rstrip(" .!?\n")
        span = Span(
            start=clause.start + match.start(), end=clause.start + match.start("what") + len(what)
        )
        if not _WORD.search(what) or any(
            span.start < other.end and other.start < span.end for other in taken
        ):
            continue
        standing, fact, correction = _judged(
            text[: match.start()],
            what,
            known,
            is_negated=bool(match["not"]),
            is_partly=_IF.search(sentence.text) is not None,
        )
        yield Claim(
            kind=ClaimKind.RETURNS,
            span=span,
            sentence=sentence.span,
            subject="return",
            said=what.strip(),
            standing=standing,
            fact=fact,
            correction=correction if standing is Standing.CONTRADICTED else "",
        )


def _judged(
    before: str, what: str, known: _Known, *, is_negated: bool, is_partly: bool
) -> tuple[Standing, Fact | None, str]:
    called = _CALLED.search(before)
    if called is None or called[1].rpartition(".")[2] in known.own:
        return known.judge(what, is_negated=is_negated, is_partly=is_partly)
    # Some other function's doing.
    fact = known.calls.get(called[1])
    if fact is None:
        return Standing.UNCONFIRMED, None, ""
    has_same = _concepts(what) & _concepts(f"{fact.text} {fact.detail}")
    return (Standing.CONFIRMED if has_same else Standing.UNCONFIRMED), fact, ""


def _kind_of(what: str) -> str:
    return next((kind for kind, pattern in _KINDS if pattern.search(what)), "")


def _concepts(text: str) -> frozenset[str]:
    """Return the concepts of words and of what names are made of."""
    parted = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", text).replace("_", " ")
    words = (word for word in _TOKEN.findall(parted) if not word.isdigit() and len(word) > 1)
    kept = (word for word in words if word.lower() not in _SMALL)
    return frozenset(lexicon.concept(word) for word in kept)
