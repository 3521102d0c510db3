"""The same commands and constructs at another place: those of a shell text inside another."""

from __future__ import annotations

from dataclasses import replace

from ducktypist.domain import Span
from ducktypist.syntax.shell.model import Command, Construct, Redirection, Word


def moved_command(command: Command, offset: int) -> Command:
    """Return ``command`` with all of its spans moved by ``offset``; ``within`` stays."""
    return replace(
        command,
        span=_moved(command.span, offset),
        name_span=_moved(command.name_span, offset),
        words=tuple(_word(one, offset) for one in command.words),
        redirections=tuple(_redirection(one, offset) for one in command.redirections),
        assignments=tuple(
            replace(one, span=_moved(one.span, offset)) for one in command.assignments
        ),
        pipeline=_moved(command.pipeline, offset) if command.pipeline is not None else None,
    )


def moved_construct(construct: Construct, offset: int) -> Construct:
    """Return ``construct`` with its spans moved by ``offset``."""
    redirection = construct.redirection
    return replace(
        construct,
        span=_moved(construct.span, offset),
        redirection=_redirection(redirection, offset) if redirection is not None else None,
    )


def _redirection(redirection: Redirection, offset: int) -> Redirection:
    target, here = redirection.target, redirection.here_document
    return replace(
        redirection,
        span=_moved(redirection.span, offset),
        target=_word(target, offset) if target is not None else None,
        here_document=replace(here, body=_moved(here.body, offset)) if here is not None else None,
    )


def _word(word: Word, offset: int) -> Word:
    return replace(word, span=_moved(word.span, offset))


def _moved(span: Span, offset: int) -> Span:
    return Span(start=span.start + offset, end=span.end + offset)
