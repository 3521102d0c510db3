"""Where a prose speaks of options, and which of its words say what they do.

Places and words only; whether they are right is ``options``' business.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ducktypist.claims.sentences import Sentence, clauses_of
from ducktypist.domain import Span

_OPTION = re.compile(r"--?[A-Za-z?][\w.-]*|-\d(?!\w)")
_BARE = re.compile(r"(?<![\w`.'/:-])(-{1,2}[A-Za-z][\w-]*)(?:=[^\s`,;:()]+)?")
_LETTER = re.compile(r"\b(?:the|its)\s+[`'\"]?([A-Za-z0-9])[`'\"]?\s+(?:option|flag|switch)\b")
_JOINT = re.compile(
    r"(?:[\s,/|&()*`'\"]|\b(?:and|or|the|both|plus|with|together|options?|flags?|its|as|well"
    r"|short|for|long|form|alias|same|equivalent|also|written|i\.e\.)\b)*"
)
_BY = re.compile(
    r"\b(?:with|using|via|by|through|thanks to|due to|because of|uses|passing|adding)"
    r"\s+(?:the\s+|its\s+|a\s+)?[`*]*$",
    re.IGNORECASE,
)
_DENIED = re.compile(
    r"(?:\bwithout|\bnot (?:use|used|using|have|need|given|pass|include|set)|\bno|\binstead of"
    r"|\bunlike|\bomit\w*|\bremov\w*|\bconsider (?:adding|using)|\b(?:could|should|might|may|can)"
    r" (?:also )?(?:use|add|be)|\badd|\bdoesn't (?:use|have)|\brather than|\bif|\black\w*)"
    r"\s+(?:you\s+(?:use|add|want)\s+)?(?:the\s+|a\s+|an\s+)?[`*]*$",
    re.IGNORECASE,
)
_FOLLOWS_ON = re.compile(r"[\s`*]*(?:options?|flags?)?[\s`*]*(?:to|which|that|for|tells?|is|:)\b")
_AND_THEN = re.compile(r"[\s`*]*(?:options?|flags?)?[\s`*]*(?:$|[,.;)]|and\b|but\b)")
_GOES_ON = re.compile(
    r"^(?:this|it|that|so|thus|therefore|as a result|in other words|in this case,? (?:it|this))\b",
    re.IGNORECASE,
)
_MODAL = frozenset({"tar"})
"""Commands whose one option says what the whole command does."""
_MAX_WORDS = 3
"""A longer code span is the whole command, and what is said of it is not about its option."""
_WISH = re.compile(r"\b(?:useful|helpful|handy|if you|when you)\b", re.IGNORECASE)
"""What is said behind it is what somebody may want, not what an option does."""
_LETTERS = re.compile(r"[^\W\d_]{2,}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Mention:
    """An option in a prose."""

    span: Span
    """Its words in the prose, backticks included."""
    token: str
    """As it stands there: ``-r``, ``--null``, ``-czf``; without an argument."""
    argument: str = ""
    """What stands behind it in the same code span."""
    of: str = ""
    """The command before it in the same code span."""
    is_listed: bool = False
    """Whether it is one of several in a quoted command line, of which nothing more is said."""
    is_denied: bool = False
    """Whether the prose says that it is not there, or that it could be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Saying:
    """Words that say what one option does, or several together."""

    mentions: tuple[Mention, ...]
    span: Span
    """From the option to the last of the words, or the other way round."""
    words: str
    """The words without the option and without code."""
    sentence: Span
    is_main: bool
    """Whether it is the clause or sentence that names the option, not one that goes on."""


def mentions_of(sentence: Sentence) -> tuple[Mention, ...]:
    """Return the options that a sentence names, in order."""
    found = [mention for code in sentence.codes for mention in _in_code(sentence, code)]
    plain = sentence.plain
    base = sentence.span.start
    for pattern in (_BARE, _LETTER):
        for match in pattern.finditer(plain if pattern is _BARE else sentence.text):
            span = Span(start=base + match.start(), end=base + match.end())
            if pattern is _LETTER:
                found.append(Mention(span=span, token=f"-{match[1]}"))
            elif not sentence.is_fenced:
                found.append(Mention(span=span, token=match[1]))
    found.sort(key=lambda mention: mention.span.start)
    return tuple(_with_denial(sentence, mention) for mention in found)


def sayings_of(
    sentences: Sequence[Sentence], named: Sequence[tuple[Mention, ...]]
) -> Iterator[Saying]:
    """Yield what a prose says of options.

    Args:
        sentences: The prose's sentences.
        named: The options that each of them names.
    """
    last: tuple[Mention, ...] = ()
    paragraph = -1
    for sentence, mentions in zip(sentences, named, strict=True):
        if sentence.paragraph != paragraph:
            last, paragraph = (), sentence.paragraph
        spoken = [mention for mention in mentions if not mention.is_listed]
        if not spoken:
            if last and _GOES_ON.match(sentence.text) and not sentence.is_fenced:
                is_wish = _WISH.search(sentence.plain) is not None
                for clause in (sentence.span,) if is_wish else clauses_of(sentence):
                    words = _words(sentence, clause)
                    yield Saying(
                        mentions=last,
                        span=_trimmed(sentence, clause),
                        words=words,
                        sentence=sentence.span,
                        is_main=False,
                    )
            continue
        groups = _groups(sentence, spoken)
        yield from _said_of_groups(sentence, groups)
        last = groups[-1] if not groups[-1][0].is_denied else ()


def _said_of_groups(sentence: Sentence, groups: Sequence[tuple[Mention, ...]]) -> Iterator[Saying]:
    taken = sentence.span.start
    for index, group in enumerate(groups):
        start, end = group[0].span.start, group[-1].span.end
        following = groups[index + 1][0].span.start if index + 1 < len(groups) else None
        until = sentence.span.end if following is None else following
        head, tail = Span(start=min(taken, start), end=start), Span(start=end, end=until)
        if _is_before(sentence, head, tail):
            taken = end
            yield _saying(sentence, group, head, Span(start=head.start, end=end))
            continue
        tail = _up_to_connector(sentence, tail) if following is not None else tail
        taken = tail.end
        parts = [part for part in _parts(sentence, tail) if _LETTERS.search(part.of_plain)]
        for number, part in enumerate(parts):
            span = Span(start=start if not number else part.span.start, end=part.span.end)
            yield Saying(
                mentions=group,
                span=_trimmed(sentence, span),
                words=part.of_plain,
                sentence=sentence.span,
                is_main=not number,
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Part:
    span: Span
    of_plain: str


def _parts(sentence: Sentence, tail: Span) -> list[_Part]:
    found: list[_Part] = []
    for clause in clauses_of(sentence):
        start, end = max(clause.start, tail.start), min(clause.end, tail.end)
        if start >= end:
            continue
        span = Span(start=start, end=end)
        words = _words(sentence, span)
        if not found or _LETTERS.search(found[-1].of_plain):
            found.append(_Part(span=span, of_plain=words))
        else:
            # Nothing but a comma stood before it: "with `-r`, it …".
            found[-1] = _Part(span=Span(start=found[-1].span.start, end=end), of_plain=words)
    return found


def _saying(sentence: Sentence, group: tuple[Mention, ...], words: Span, span: Span) -> Saying:
    return Saying(
        mentions=group,
        span=_trimmed(sentence, span),
        words=_words(sentence, words),
        sentence=sentence.span,
        is_main=True,
    )


def _is_before(sentence: Sentence, head: Span, tail: Span) -> bool:
    """Tell whether the words before an option say what it does: "deletes (`-r`)", "by `-r`"."""
    before, after = _words(sentence, head), _words(sentence, tail)
    if not _LETTERS.search(before):
        return False
    if before.rstrip().endswith("(") and after.lstrip(" `*").startswith(")"):
        return True
    by = _BY.search(before)
    if by is not None and _LETTERS.search(before[: by.start()]):
        return bool(_AND_THEN.match(after)) or not _LETTERS.search(after)
    return not _LETTERS.search(_JOINT.sub("", after, count=1)) and not _FOLLOWS_ON.match(after)


def _groups(sentence: Sentence, mentions: Sequence[Mention]) -> list[tuple[Mention, ...]]:
    """Put together what is named together: "`-n` and `-r`", "`-0` (`--null`)"."""
    groups: list[list[Mention]] = []
    for mention in mentions:
        if groups:
            between = Span(start=groups[-1][-1].span.end, end=mention.span.start)
            is_joined = between.start <= between.end and _JOINT.fullmatch(_words(sentence, between))
            if is_joined and mention.is_denied == groups[-1][-1].is_denied:
                groups[-1].append(mention)
                continue
        groups.append([mention])
    return [tuple(group) for group in groups]


def _up_to_connector(sentence: Sentence, tail: Span) -> Span:
    """Leave out the last words before the next option: ", and the"."""
    text = _words(sentence, tail)
    cut = re.search(
        r"(?:[\s,;:(*`]|\b(?:and|while|but|then|the|or|whereas|also|with|in|combination|by|using"
        r"|its|as|well|along|followed|flags?|options?)\b)*$",
        text,
    )
    kept = cut.start() if cut is not None else len(text)
    return Span(start=tail.start, end=tail.start + kept)


def _with_denial(sentence: Sentence, mention: Mention) -> Mention:
    before = sentence.text[: max(0, mention.span.start - sentence.span.start)]
    if not _DENIED.search(before):
        return mention
    return Mention(
        span=mention.span,
        token=mention.token,
        argument=mention.argument,
        of=mention.of,
        is_listed=mention.is_listed,
        is_denied=True,
    )


def _in_code(sentence: Sentence, code: Span) -> Iterator[Mention]:
    text = sentence.text[code.start - sentence.span.start : code.end - sentence.span.start]
    words = [(match.start(), match[0]) for match in re.finditer(r"\S+", text)]
    options = [
        (at, word)
        for number, (at, word) in enumerate(words)
        # Behind another option it is that one's argument: `-mtime -7`.
        if _OPTION.match(word)
        and not (number and word[1:2].isdigit() and _OPTION.match(words[number - 1][1]))
    ]
    first = words[0][1] if words else ""
    of = "" if _OPTION.match(first) else first
    # A code span that is an expression holds no option: `x -y`, `f(-n)`.
    if of and not re.fullmatch(r"[a-z][\w.+-]*", of):
        return
    for at, word in options:
        matched = _OPTION.match(word)
        token = matched[0] if matched is not None else word
        is_short = len(words) <= _MAX_WORDS + (of == "git") or of in _MODAL
        is_alone = len(options) == 1 and is_short
        ticks = (code.start - 1, code.end + 1) if is_alone else None
        start, end = ticks or (code.start + at, code.start + at + len(word))
        yield Mention(
            span=Span(start=start, end=end),
            token=token,
            argument=text[at + len(token) :].strip() if is_alone else "",
            of=of,
            is_listed=not is_alone,
        )


def _words(sentence: Sentence, span: Span) -> str:
    start = sentence.span.start
    return sentence.plain[span.start - start : max(span.start, span.end) - start]


def _trimmed(sentence: Sentence, span: Span) -> Span:
    """Return a span without blanks and a full stop at its end."""
    text = sentence.text[span.start - sentence.span.start : span.end - sentence.span.start]
    n_left = len(text) - len(text.lstrip(" ,;"))
    kept = len(text.rstrip(" ,;.:!?\n\t"))
    if kept <= n_left:
        return span
    return Span(start=span.start + n_left, end=span.start + kept)
