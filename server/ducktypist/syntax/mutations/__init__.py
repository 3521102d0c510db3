"""Simple changes of a function's code that might undo a simple mistake; no model is asked.

Mutation operators as mutation testing has them (off by one, swapped operator, wrong name, missing
guard), used backwards: applied to faulty code, one of them may give the right one (Debroy and Wong,
ICST 2010). Pure functions of text; whether a mutation helps, only a run can say.
"""

from __future__ import annotations

import ast
import itertools
import re
import textwrap
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence

from ducktypist.domain import Mutation, TextEdit
from ducktypist.syntax.edits import LineTable, normal_form
from ducktypist.syntax.lines import split_lines
from ducktypist.syntax.model import FunctionRegion
from ducktypist.syntax.mutations import (
    go,
    go_calls,
    go_names,
    go_statements,
    python,
    python_calls,
    python_constants,
    python_missing,
    python_names,
    python_statements,
)
from ducktypist.syntax.mutations.ground import Ground, Proposal
from ducktypist.syntax.own_parser import FAILURES, alone, module_of
from ducktypist.syntax.parse import parse

MAX_PER_LINE = 16
MAX_PER_FUNCTION = 300
_REPEATED = 0.9
"""What one more change of the same kind on the same line is worth, relative to the one before."""
_SHOWN_CHARACTERS = 40
_LAYOUT = re.compile(r"[\s()]+")
_SOURCES: dict[str, tuple[Callable[[Ground], Iterator[Proposal]], ...]] = {
    "python": (
        python.expressions,
        python_constants.constants,
        python_calls.calls,
        python_names.names,
        python_missing.missing,
        python_statements.statements,
    ),
    "go": (
        go.expressions,
        go_calls.calls,
        go_names.names,
        go_statements.statements,
    ),
}


def mutations(
    text: str, function: FunctionRegion, lines: Collection[int] | None = None
) -> tuple[Mutation, ...]:
    """Return simple changes of one function, the most probable first.

    Each gives a program that parses as well as the one before, differs from it and from those of
    the other mutations. At most ``MAX_PER_LINE`` are of one line, ``MAX_PER_FUNCTION`` in all.

    Args:
        text: The file.
        function: One of its functions, Python or Go; for other languages nothing is returned.
        lines: 1-based; only changes that begin on them. None means the whole function. A guard at
            the function's start counts as its first statement's line, an added end as its last's.
    """
    tree = parse(text, function.language)
    sources = _SOURCES.get(function.language)
    if tree is None or sources is None or not len(function.body) or function.is_empty:
        return ()
    table = LineTable(text)
    ground = Ground(tree, table, function)
    wanted = None if lines is None else frozenset(lines)
    by_line: dict[int, list[Proposal]] = defaultdict(list)
    for proposal in itertools.chain.from_iterable(source(ground) for source in sources):
        line = _line_of(proposal, table, function)
        is_new = proposal.new_text != proposal.span.of(text)
        if is_new and (wanted is None or line in wanted):
            by_line[line].append(proposal)
    ranked = [
        (weight, -line, proposal)
        for line, proposals in by_line.items()
        for weight, proposal in _thinned(proposals)
    ]
    ranked.sort(key=lambda item: (item[0], item[1]), reverse=True)
    return tuple(_sound(((-line, p) for _, line, p in ranked), text, function))


def _line_of(proposal: Proposal, table: LineTable, function: FunctionRegion) -> int:
    """Return the 1-based line that a change belongs to."""
    start = proposal.span.start if proposal.at is None else proposal.at
    if not len(proposal.span) and start >= function.body.end:
        return table.line_of(max(function.body.start, function.body.end - 1)) + 1
    line = table.line_of(start)
    while line + 1 < len(table) and start < function.body.end and not len(table.content(line)):
        line += 1
    return line + 1


def _thinned(proposals: Sequence[Proposal]) -> Iterator[tuple[float, Proposal]]:
    """Yield the proposals of a line with weights that fall with each further one of a kind."""
    n_of_kind: Counter[str] = Counter()
    for proposal in sorted(proposals, key=lambda item: item.weight, reverse=True):
        yield proposal.weight * _REPEATED ** n_of_kind[proposal.operator], proposal
        n_of_kind[proposal.operator] += 1


def _sound(
    ranked: Iterable[tuple[int, Proposal]], text: str, function: FunctionRegion
) -> Iterator[Mutation]:
    snippet = _Snippet(text, function)
    n_of_line: Counter[int] = Counter()
    for line, proposal in ranked:
        if n_of_line.total() >= MAX_PER_FUNCTION:
            return
        if n_of_line[line] >= MAX_PER_LINE or not snippet.takes(proposal):
            continue
        n_of_line[line] += 1
        old = proposal.span.of(text)
        yield Mutation(
            edit=TextEdit(span=proposal.span, old_text=old, new_text=proposal.new_text),
            operator=proposal.operator,
            what=f"line {line}: {proposal.what or _said(old, proposal.new_text)}",
            line=line,
        )


class _Snippet:
    """One function's lines alone: a candidate costs a parse of these and not of the file."""

    def __init__(self, text: str, function: FunctionRegion) -> None:
        table = LineTable(text)
        first = table.line_of(function.span.start)
        last = table.line_of(max(function.span.end, function.body.end))
        self._start = table.span(first).start
        self._end = table.full_span(last).end
        self._code = text[self._start : self._end]
        self._language = function.language
        self._checks = [
            check for check in _CHECKS[function.language] if check(self._code, function.language)
        ][:1]
        self._seen: dict[str, list[str]] = defaultdict(list)
        self._seen[_rough(self._code)].append(self._code)

    def takes(self, proposal: Proposal) -> bool:
        """Tell whether a change keeps the syntax and gives a program that was not there yet."""
        start, end = proposal.span.start - self._start, proposal.span.end - self._start
        if not 0 <= start <= end <= len(self._code):
            return False
        changed = self._code[:start] + proposal.new_text + self._code[end:]
        alike = self._seen[_rough(changed)]
        if alike:
            form = self._form(changed)
            if any(self._form(other) == form for other in alike):
                return False
        if not all(check(changed, self._language) for check in self._checks):
            return False
        alike.append(changed)
        return True

    def _form(self, code: str) -> str:
        tree = _tree(code) if self._language == "python" else None
        return ast.dump(tree) if tree is not None else normal_form(code, self._language)


def _rough(code: str) -> str:
    """Return what equal programs have in common, and hardly any others: letters without layout."""
    return _LAYOUT.sub("", code)


def _compiles(code: str, _: str) -> bool:
    """Tell whether Python can be compiled: no ``break`` outside of a loop, either."""
    with alone():
        try:
            compile(_standing_alone(code), "<mutation>", "exec", dont_inherit=True)
        except FAILURES:
            return False
    return True


def _parses(code: str, language: str) -> bool:
    """Tell whether the grammar finds no error."""
    tree = parse(code, language)
    return tree is not None and not tree.root.has_error


_CHECKS = {"python": (_compiles, _parses), "go": (_parses,)}
"""What a changed function has to stand, the strictest that the unchanged one stands."""


def _tree(code: str) -> ast.Module | None:
    return module_of(_standing_alone(code))


def _standing_alone(code: str) -> str:
    # Not dedented: a string over several lines would become another one.
    return f"if 1:\n{code}" if code[:1] in {" ", "\t"} else code


def _said(old: str, new: str) -> str:
    if not old.strip():
        return f"`{_short(new)}` was added"
    if not new.strip():
        return f"`{_short(old)}` was taken out"
    return f"`{_short(old)}` became `{_short(new)}`"


def _short(code: str) -> str:
    first, *more = split_lines(textwrap.dedent(code).strip())
    is_long = len(first) > _SHOWN_CHARACTERS or more
    return f"{first[:_SHOWN_CHARACTERS].rstrip()} …" if is_long else first
