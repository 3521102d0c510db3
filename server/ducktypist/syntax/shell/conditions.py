"""The operators of ``[``, ``[[`` and ``test`` with their operands (POSIX.1-2024, XCU 3, test).

The words of a condition are read in order, because the grammar groups ``-a`` and ``-o`` wrongly.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ducktypist.domain import Span
from ducktypist.syntax.parse import Node
from ducktypist.syntax.shell.model import Command, Construct, ConstructKind, Word
from ducktypist.syntax.shell.tree import ShellTree
from ducktypist.syntax.shell.words import words_of

UNARY = frozenset(f"-{letter}" for letter in "abcdefghknoprstuvwxzGLNORS")
BINARY = frozenset(
    "= == != =~ < > -eq -ne -lt -le -gt -ge -nt -ot -ef".split()  # noqa: SIM905 - reads better.
)
_CONNECTIVES = frozenset({"-a", "-o", "&&", "||", "(", ")", "!"})
_GROUPING = frozenset({"binary_expression", "parenthesized_expression", "unary_expression"})


def bracket_tests(shell: ShellTree, node: Node) -> list[Construct]:
    """Return the operators in ``node``, a ``test_command``."""
    opener = node.children[0].type if node.children else ""
    if opener not in {"[", "[["}:
        return []
    leaves = [leaf for child in node.children[1:] for leaf in _leaves(child)]
    words = words_of(shell, [leaf for leaf in leaves if leaf.type not in {"]", "]]"}])
    return list(_operators(shell.text, words, opener))


def command_tests(text: str, command: Command) -> list[Construct]:
    """Return the operators among the words of ``test``, or of a ``[`` in broken text."""
    if command.name not in {"test", "["}:
        return []
    return list(_operators(text, command.words, command.name))


def _leaves(node: Node) -> Iterator[Node]:
    stack = [node]
    while stack:
        current = stack.pop()
        if current.type in _GROUPING:
            stack.extend(reversed(current.children))
        else:
            yield current


def _operators(text: str, words: Sequence[Word], opener: str) -> Iterator[Construct]:
    before = "("
    for index, word in enumerate(words):
        has_next = index + 1 < len(words)
        starts = before in _CONNECTIVES
        operator = word.text.lstrip("\\")
        before = word.text
        if not has_next:
            continue
        if starts and operator in UNARY:
            if index + 2 < len(words) and words[index + 1].text in BINARY:
                # Of three words the middle one is the operator: ``[ -f = x ]`` compares texts.
                continue
            operands = words[index + 1 : index + 2]
        elif not starts and operator in BINARY and index:
            operands = [words[index - 1], words[index + 1]]
        elif not starts and operator in {"-a", "-o"}:
            operands = []
        else:
            continue
        start = min([word.span.start, *(one.span.start for one in operands)])
        end = max([word.span.end, *(one.span.end for one in operands)])
        connective = "and" if operator == "-a" else "or"
        yield Construct(
            kind=ConstructKind.TEST,
            mark=operator if operands else connective,
            subject=operator,
            span=Span(start=start, end=end) if operands else word.span,
            name=opener,
            arguments=tuple(one.span.of(text) for one in operands),
        )
        # What follows an operator is its operand, whatever it looks like.
        before = ""
