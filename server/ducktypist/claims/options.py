"""What a prose says of options, beside what their manuals say.

A claim is confirmed where it says the same, and contradicted where it denies what the manual
affirms, speaks of another option, or of something else altogether. What remains is unconfirmed.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence

from ducktypist.claims import arguments, meaning
from ducktypist.claims.known_options import SHELLS, KnownOptions, command_near, of_command
from ducktypist.claims.mentions import Mention, Saying, mentions_of, sayings_of
from ducktypist.claims.quotations import quotations_of
from ducktypist.claims.sentences import Sentence
from ducktypist.claims.subject import Subject
from ducktypist.domain import Claim, ClaimKind, Fact, Span, Standing

CONFIRMING = 0.55
"""How much of a claim its fact has to say, too."""
ELSEWHERE = 0.6
"""How much of it another option's fact says if that one is meant."""
FOREIGN = 0.35
"""Below this, a claim may be about another option."""
NOTHING = 0.2
"""Up to this, a claim is about something else."""

_PURPOSE = re.compile(
    r"\b(?:useful|helpful|handy|necessary|important|good (?:practice|idea)|convenient|recommended"
    r"|common(?:ly)?|safer?|easier|(?:if|when) you (?:want|need))\b",
    re.IGNORECASE,
)
"""What no manual says: what something is good for."""
_ORDER = (Standing.CONFIRMED, Standing.UNCONFIRMED, Standing.CONTRADICTED)
_FEW = 2
_MAX_TOGETHER = 6
_MAX_READINGS = 16
_WORDS = re.compile(r"[^\W\d_][\w-]*\w")


def option_claims(
    sentences: Sequence[Sentence], subject: Subject, *, is_english: bool
) -> tuple[Claim, ...]:
    """Return what a prose claims of options.

    Args:
        sentences: The prose's sentences.
        subject: What they are about.
        is_english: Whether the words can be compared with manuals; otherwise meanings are
            unconfirmed.
    """
    known = KnownOptions(subject)
    if not known.facts and subject.grammar not in SHELLS:
        return ()
    quotations = list(quotations_of(sentences, known))
    claims = [
        Claim(
            kind=ClaimKind.OPTION,
            span=one.span,
            sentence=one.sentence,
            subject=one.token,
            standing=Standing.CONFIRMED,
            fact=one.fact,
        )
        for one in quotations
    ]
    named = [
        tuple(
            mention
            for mention in mentions_of(sentence)
            if known.is_option(mention)
            and not any(one.span.covers(mention.span.start) for one in quotations)
        )
        for sentence in sentences
    ]
    for sentence, mentions in zip(sentences, named, strict=True):
        claims += _invented(sentence, mentions, known)
    command = ""
    texts = {sentence.span: sentence.text for sentence in sentences}
    for saying in sayings_of(sentences, named):
        mentions = tuple(m for m in saying.mentions if known.exists(m) and not m.is_denied)
        if not mentions:
            continue
        text = texts.get(saying.sentence, "")
        at = saying.mentions[0].span.start - saying.sentence.start
        command = command_near(text, at, known.commands) or command
        claim = _judged(saying, mentions, known, command=command, is_english=is_english)
        if claim is not None:
            claims.append(claim)
    return tuple(claims)


def _invented(sentence: Sentence, mentions: Sequence[Mention], known: KnownOptions) -> list[Claim]:
    """Return the options that are nowhere: nobody can say what they do."""
    return [
        Claim(
            kind=ClaimKind.OPTION,
            span=mention.span,
            sentence=sentence.span,
            subject=mention.token,
            standing=Standing.UNCONFIRMED if mention.is_denied else Standing.CONTRADICTED,
        )
        for mention in mentions
        if not known.exists(mention)
    ]


def _judged(
    saying: Saying,
    mentions: Sequence[Mention],
    known: KnownOptions,
    *,
    command: str,
    is_english: bool,
) -> Claim | None:
    groups = list(
        dict.fromkeys(
            of_command(group, mention.of, command, known.commands)
            for mention in mentions
            for group in known.of(mention.token)
        )
    )
    said = meaning.meaning_of(_own_words(saying.words, known))
    subject = mentions[0].token
    is_said = said.telling or len(said.concepts) > 1
    if not (is_said if is_english else _WORDS.search(saying.words)):
        return None
    if not groups or not is_english:
        return _claim(saying, subject, Standing.UNCONFIRMED)
    readings = itertools.islice(itertools.product(*groups[:_MAX_TOGETHER]), _MAX_READINGS)
    verdicts = [
        (_ORDER.index(_one(said, facts, saying, mentions[0], known)), facts) for facts in readings
    ]
    # The kindest one, where several commands have an option of that name.
    rank, facts = min(verdicts, key=lambda verdict: verdict[0])
    standing = _ORDER[rank]
    correction = _true(facts, known) if standing is Standing.CONTRADICTED else ""
    return _claim(saying, subject, standing, fact=facts[0], correction=correction)


def _one(
    said: meaning.Meaning,
    facts: Sequence[Fact],
    saying: Saying,
    mention: Mention,
    known: KnownOptions,
) -> Standing:
    """Judge a claim beside one fact for each option that it is about."""
    own = meaning.fit(said, facts)
    for fact in facts:
        argument = mention.argument or arguments.in_code(fact, known.code)
        agreed = arguments.agrees(fact, argument, saying.words)
        if agreed is not None:
            return Standing.CONFIRMED if agreed else Standing.CONTRADICTED
    if _PURPOSE.search(saying.words):
        return Standing.UNCONFIRMED
    if own.clash and (saying.is_main or own.score > NOTHING):
        return Standing.CONTRADICTED
    if own.score >= CONFIRMING and own.n_telling and not (own.clash or own.does_else):
        return Standing.CONFIRMED
    if saying.is_main and len(facts) == 1 and meaning.is_telling(facts[0]):
        others = [
            meaning.fit(said, (other,))
            for other in known.facts
            if other.of == facts[0].of and other.subject != facts[0].subject
        ]
        is_other = own.score < FOREIGN and any(
            other.score >= ELSEWHERE and other.n_telling and not other.clash for other in others
        )
        is_definite = len(said.telling) > 1 or (
            said.telling and (len(said.concepts) > _FEW or not own.score)
        )
        is_foreign = own.score <= NOTHING and is_definite
        if is_other or is_foreign or (own.does_else and (own.acts or own.score < CONFIRMING)):
            return Standing.CONTRADICTED
    return Standing.UNCONFIRMED


def _true(facts: Sequence[Fact], known: KnownOptions) -> str:
    texts = []
    for fact in facts:
        text = meaning.text_of(fact).rstrip(".")
        if note := arguments.note(fact, arguments.in_code(fact, known.code)):
            text = f"{text} ({note})"
        texts.append(text if len(facts) == 1 else f"{fact.subject}: {text}")
    return "; ".join(dict.fromkeys(texts))


def _own_words(words: str, known: KnownOptions) -> str:
    """Leave out the names of commands and what stands in the code; an option is more than those."""
    for command in known.commands:
        words = re.sub(rf"\b{re.escape(command)}\b", " ", words)
    return _WORDS.sub(lambda m: " " if known.is_operand(m[0]) else m[0], words)


def _claim(
    saying: Saying,
    subject: str,
    standing: Standing,
    *,
    fact: Fact | None = None,
    correction: str = "",
) -> Claim:
    start, end = saying.span.start, max(saying.span.start, saying.span.end)
    return Claim(
        kind=ClaimKind.OPTION,
        span=Span(start=start, end=end),
        sentence=saying.sentence,
        subject=subject,
        standing=standing,
        fact=fact,
        correction=correction,
    )
