"""Redirections in the tree of a shell text (POSIX.1-2024, XCU 2.7; bash(1), REDIRECTION)."""

from __future__ import annotations

import re

from ducktypist.domain import Span
from ducktypist.syntax.parse import Node
from ducktypist.syntax.shell.model import HereDocument, Redirection, Word
from ducktypist.syntax.shell.tree import ShellTree
from ducktypist.syntax.shell.words import literal_of, words_of

TYPES = frozenset({"file_redirect", "heredoc_redirect", "herestring_redirect"})
_START = re.compile(r"(\d+|\{\w+\})?(<<<|<<-|<<|<&-|>&-|<&|>&|&>>|&>|>>|>\||<>|<|>)")
_NOT_TARGET = frozenset({"file_descriptor", "heredoc_body", "heredoc_end", "pipeline"})


def redirection_of(shell: ShellTree, node: Node) -> Redirection | None:
    """Return what ``node`` redirects, or None where it is broken."""
    span = shell.span(node)
    start = _START.match(span.of(shell.text))
    if start is None:
        return None
    operator, fd = start[2], start[1] or ""
    if operator == "<" and not fd and shell.text[: span.start].endswith("<<"):
        # Behind another redirection the grammar sees only the last part of ``<<<``.
        operator = "<<<"
        span = Span(start=span.start - len("<<"), end=span.end)
    if not fd:
        # The grammar takes the name of ``{log}>file`` for a word before it.
        name = re.search(r"\{\w+\}$", shell.text[: span.start])
        fd = name[0] if name else ""
    targets = target_words(shell, node)
    here = _here_document(shell, node, operator)
    target = None if operator.endswith("&-") or not targets else targets[0]
    end = target.span.end if target is not None else span.start + len(start[0])
    return Redirection(
        span=Span(start=span.start - (len(fd) if not start[1] else 0), end=end),
        operator=operator,
        fd=fd,
        target=target,
        here_document=here,
    )


def further_words(shell: ShellTree, node: Node) -> list[Word]:
    """Return the words after a redirection's target: they belong to the command."""
    targets = target_words(shell, node)
    start = _START.match(shell.span(node).of(shell.text))
    n_own = 0 if start is not None and start[2].endswith("&-") else 1
    return targets[n_own:]


def target_words(shell: ShellTree, node: Node) -> list[Word]:
    """Return the words behind the operator, on its line."""
    children = [
        child
        for index, child in enumerate(node.children)
        if child.type not in _NOT_TARGET
        and child.type not in TYPES
        and (child.is_named or node.field_name_for_child(index) in {"destination", "argument"})
        and child.type != "ERROR"
    ]
    return words_of(shell, children)


def _here_document(shell: ShellTree, node: Node, operator: str) -> HereDocument | None:
    if node.type != "heredoc_redirect":
        return None
    start = next((child for child in node.children if child.type == "heredoc_start"), None)
    body = next((child for child in node.children if child.type == "heredoc_body"), None)
    delimiter = shell.text_of(start) if start is not None else ""
    end = shell.span(node).end
    return HereDocument(
        delimiter=literal_of(delimiter),
        is_expanded=not any(mark in delimiter for mark in "'\"\\"),
        strips_tabs=operator == "<<-",
        body=shell.span(body) if body is not None else Span(start=end, end=end),
    )
