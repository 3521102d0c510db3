"""What words say, and how well that fits what a manual says: concepts and whether they are denied.

A bag of concepts, each affirmed or denied; no grammar. It is told apart from a right reading by the
cases in the tests, and errs towards not confirming.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from ducktypist.claims import lexicon
from ducktypist.claims.phrases import PHRASES
from ducktypist.claims.wordlists import words
from ducktypist.domain import Fact

_WORD = re.compile(r"[A-Za-z][A-Za-z'\u2019-]*|[,;:.!?()]")
_SENTENCE = re.compile(r"(?<=[.;])\s+(?=[A-Z])")
_OF_THE_DEFAULT = re.compile(
    r"^(?:by default|normally|usually|without (?:this|the) option|ordinarily|the default)\b",
    re.IGNORECASE,
)
_SPEAKS_OF_IT = re.compile(r"\b(?:they|these|those|them|it|this)\b", re.IGNORECASE)
_STANDS_FOR = re.compile(
    r"\b(?:shorthand|short ?cut|alias|synonym|same as|equivalent (?:to|of)|see)\b", re.IGNORECASE
)
_OPTION_WORD = re.compile(r"(?<![\w-])--?[A-Za-z0-9][\w-]*(?:=\S+)?")
_ONLY_IF = re.compile(r"\bonly\s+(?:if|when|where)\b", re.IGNORECASE)
_BREAKS = words(
    """
    , ; : . ! ? ( ) if when where unless because so that which but while until only_if
    """
)
_MEANT = words("stop stops stopping quiet quiets quieting")
"""What denies what follows, and says something itself."""
_N_DENIED = 7
"""How many words a negation reaches, at most."""
_POLAR = frozenset(
    map(
        lexicon.concept,
        words(
            """
    run print delete follow create overwrite match search read extract sort stop ask compress
    fail edit save change split keep send upload download append count include exclude sort
    verify commit sortkey recursive show rename move merge
    """
        ),
    )
)
_SHOWN = frozenset(map(lexicon.concept, words("line linenumber filename word header count")))
"""What is printed: one of these is not another."""
_FULL_BREAKS = words(", ; : . ! ? ( ) but while because so")
_BORDERS = words("after before once")
"""Words with a meaning of their own, behind which nothing is denied any more."""
_NO_OBJECT = words("no nothing none neither")
_ACTIONS = frozenset(
    map(
        lexicon.concept,
        words(
            """
            run repeat delete create extract append count compress overwrite rename move copy
            ask follow invert convert measure open kill encrypt decrypt install number
            """
        ),
    )
)
"""What is done; a claim that does something else than its fact is not confirmed."""
_OPPOSITE = {"empty": "nonempty", "nonempty": "empty"}
_GENERIC_WEIGHT = 0.4
_DETAIL_WEIGHT = 0.8
_MAX_DETAIL_CHARACTERS = 1200
_MAX_TEXT_CHARACTERS = 4000
_MIN_COVERED = 0.6


@dataclass(frozen=True, slots=True, kw_only=True)
class Meaning:
    """The concepts of a text."""

    affirmed: frozenset[str]
    denied: frozenset[str]

    @property
    def concepts(self) -> frozenset[str]:
        """All of them."""
        return self.affirmed | self.denied

    @property
    def telling(self) -> frozenset[str]:
        """Those that not every option shares."""
        return self.concepts - lexicon.generic_concepts()


@dataclass(frozen=True, slots=True, kw_only=True)
class Fit:
    """How a claim stands beside one fact."""

    score: float
    """The weight of the claim's words that the fact has, too: 0 to 1."""
    n_telling: int
    """How many of them say which option is meant."""
    clash: str
    """The concept in which the two exclude each other; empty for none."""
    acts: bool
    """Whether the fact speaks of doing something."""
    does_else: bool
    """Whether the claim speaks of doing something, and the fact of doing something else."""


@functools.lru_cache(maxsize=1024)
def meaning_of(text: str) -> Meaning:
    """Return what a text says."""
    affirmed: set[str] = set()
    denied: set[str] = set()
    for word, is_denied in _polar_words(text[:_MAX_TEXT_CHARACTERS]):
        if is_denied and word in _OPPOSITE:
            affirmed.add(_OPPOSITE[word])
        else:
            (denied if is_denied else affirmed).add(word)
    return Meaning(affirmed=frozenset(affirmed), denied=frozenset(denied))


def fit(claim: Meaning, facts: Sequence[Fact]) -> Fit:
    """Compare a claim with what facts say.

    Args:
        claim: What the prose says of one option, or of several together.
        facts: What the manual says of each of them.
    """
    known = list(map(_known, facts))
    short = _all(one for one, _ in known)
    long = _all(one for _, one in known)
    weight = sum(map(_weight, claim.concepts))
    shared = claim.concepts & (short.concepts | long.concepts)
    gained = sum(
        _weight(word) * (1.0 if word in short.concepts else _DETAIL_WEIGHT) for word in shared
    )
    telling = shared - lexicon.generic_concepts()
    n_telling = len(telling)
    if not n_telling and short.concepts:
        covered = len(shared & short.concepts) / len(short.concepts)
        n_telling = 1 if covered >= _MIN_COVERED else 0
    return Fit(
        score=gained / weight if weight else 0.0,
        n_telling=n_telling,
        clash=_clash(claim, short, long),
        acts=bool(short.affirmed & _ACTIONS),
        does_else=bool(claim.affirmed & _ACTIONS) and not shared & claim.affirmed & _ACTIONS,
    )


def is_telling(fact: Fact) -> bool:
    """Tell whether a fact says in words what an option does, and not only what it stands for."""
    short, _ = _known(fact)
    return bool(short.telling) and not _STANDS_FOR.search(fact.text)


def text_of(fact: Fact) -> str:
    """Return the sentence that says what an option does, not what happens without it."""
    said = _first_of(fact)
    if not said or said == fact.text:
        return fact.text
    return f"{fact.text}; {said}" if _SPEAKS_OF_IT.search(said) else said


def _first_of(fact: Fact) -> str:
    """Return the first sentence that is not about what happens without the option."""
    if not _OF_THE_DEFAULT.match(fact.text):
        return fact.text
    sentences = _SENTENCE.split(" ".join(fact.detail.split()))
    said = (sentence for sentence in sentences if not _OF_THE_DEFAULT.match(sentence))
    return next(said, "").rstrip(".")


def _all(meanings: Iterable[Meaning]) -> Meaning:
    every = list(meanings)
    return Meaning(
        affirmed=frozenset(word for one in every for word in one.affirmed),
        denied=frozenset(word for one in every for word in one.denied),
    )


@functools.lru_cache(maxsize=1024)
def _known(fact: Fact) -> tuple[Meaning, Meaning]:
    words = " ".join(
        name.lstrip("-").replace("-", " ") for name in fact.names if name.startswith("--")
    )
    short = meaning_of(f"{_first_of(fact) or fact.text}. ")
    named = meaning_of(words)
    short = Meaning(affirmed=short.affirmed | (named.affirmed - short.denied), denied=short.denied)
    sentences = _SENTENCE.split(" ".join(fact.detail.split())[:_MAX_DETAIL_CHARACTERS])
    own = meaning_of(" ".join(one for one in sentences if not _OF_THE_DEFAULT.match(one)))
    usual = meaning_of(" ".join(one for one in sentences if _OF_THE_DEFAULT.match(one)))
    # What happens without the option does not happen with it.
    usual = Meaning(affirmed=usual.denied - own.denied, denied=usual.affirmed - own.affirmed)
    return short, _all((own, usual))


def _clash(claim: Meaning, short: Meaning, long: Meaning) -> str:
    inverts = lexicon.concept("invert") in claim.concepts
    for word in sorted(claim.concepts & short.concepts & _POLAR):
        if inverts and word == lexicon.concept("match"):
            continue
        is_denied = word in claim.denied and word not in claim.affirmed
        is_affirmed = word in claim.affirmed and word not in claim.denied
        if is_denied and word not in short.denied | long.denied:
            return word
        if is_affirmed and word not in short.affirmed:
            return word
    known = short.concepts | long.concepts
    said_not = claim.denied - claim.affirmed - lexicon.generic_concepts()
    turned = said_not & (short.affirmed | long.affirmed) - short.denied - long.denied
    if turned and (
        len(turned) > 1 or (lexicon.concept("print") in claim.denied and turned & _SHOWN)
    ):
        return min(turned)
    affirmed = short.affirmed | long.affirmed
    said, true = claim.affirmed & _SHOWN, short.affirmed & _SHOWN
    prints = lexicon.concept("print")
    if prints in claim.affirmed & short.affirmed and said and true and not said & affirmed:
        return min(said)
    table = lexicon.clash_table()
    for word in sorted(claim.affirmed - known):
        against = table.get(word, frozenset()) & short.affirmed
        if against - claim.concepts and not against & claim.concepts:
            return word
    return ""


def _weight(word: str) -> float:
    return _GENERIC_WEIGHT if word in lexicon.generic_concepts() else 1.0


def _polar_words(text: str) -> Iterator[tuple[str, bool]]:
    words = list(_prepared(text))
    n_left = 0
    denied: list[bool] = []
    for index, word in enumerate(words):
        if word in _BREAKS or word in _BORDERS:
            n_left = 0
        elif _denies(words, index):
            # Two in a row cancel each other: "does not prevent".
            n_left = 0 if n_left else _N_DENIED + 1
            if word in _NO_OBJECT and denied and _is_content(words[index - 1]):
                # "shows nothing" is "does not show anything".
                denied[-1] = not denied[-1]
        denied.append(n_left > 0)
        n_left = max(0, n_left - 1)
    _turn(words, denied)
    for word, is_denied in zip(words, denied, strict=True):
        if _is_content(word):
            yield lexicon.concept(word), is_denied


def _denies(words: list[str], index: int) -> bool:
    word = words[index]
    if word in {"instead", "rather"}:
        return index + 1 < len(words) and words[index + 1] in {"of", "than"}
    if word in {"stop", "stops", "stopping"}:
        return "from" in words[index + 1 : index + 4] or _is_gerund(words, index + 1)
    return word in lexicon.NEGATIONS or word in lexicon.NEGATING_VERBS


def _is_gerund(words: list[str], index: int) -> bool:
    return index < len(words) and words[index].endswith("ing")


def _turn(words: list[str], denied: list[bool]) -> None:
    """Read "X only if C" as "not X if not C", and "X unless C" as "not X if C"."""
    for index, word in enumerate(words):
        if word not in {"only_if", "unless"}:
            continue
        for before in range(index - 1, -1, -1):
            if words[before] in _BREAKS:
                break
            denied[before] = not denied[before]
        if word == "only_if":
            for behind in range(index + 1, len(words)):
                if words[behind] in _OPPOSITE:
                    denied[behind] = not denied[behind]
                elif words[behind] in _FULL_BREAKS:
                    break


def _prepared(text: str) -> Iterable[str]:
    text = _OPTION_WORD.sub(" ", text.replace("\u2019", "'"))
    for pattern, word in PHRASES:
        text = pattern.sub(word, text)
    text = _ONLY_IF.sub(" onlyif ", text)
    return ("only_if" if m == "onlyif" else m for m in _WORD.findall(text.lower()))


def _is_content(word: str) -> bool:
    return (
        len(word) > 1
        and word not in _BREAKS
        and word not in lexicon.STOP_WORDS
        and word not in lexicon.NEGATIONS
        and word not in lexicon.NEGATING_VERBS - _MEANT
    )
