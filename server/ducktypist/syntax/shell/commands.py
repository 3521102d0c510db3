"""Every simple command of a shell text, in source order, with the commands that they run.

What a command or its options mean is not known here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from ducktypist.domain import Span
from ducktypist.syntax.parse import Node
from ducktypist.syntax.shell.model import Assignment, Command, Redirection, Word
from ducktypist.syntax.shell.moving import moved_command
from ducktypist.syntax.shell.pipelines import PipePlace, pipe_places
from ducktypist.syntax.shell.redirections import TYPES, further_words, redirection_of
from ducktypist.syntax.shell.subcommands import subcommand_of
from ducktypist.syntax.shell.tree import Lineage, ShellTree, lineage, shell_tree
from ducktypist.syntax.shell.words import words_of
from ducktypist.syntax.shell.wrappers import inner_commands, script_word

_COMMANDS = frozenset({"command", "declaration_command", "unset_command"})
_SUBSTITUTIONS = frozenset({"command_substitution", "process_substitution"})
_NAME = re.compile(r"(?:.*/)?([^\s/]+)", re.DOTALL)
_MAX_SCRIPT_DEPTH = 3
_MAX_FAMILY = 64
"""So many commands are looked for among the words of one."""


def commands(text: str, span: Span | None = None) -> tuple[Command, ...]:
    """Return the simple commands of ``text`` that reach into ``span``, in source order.

    Commands in substitutions, behind ``find -exec``, ``xargs``, ``sudo`` and their like, and in
    single-quoted texts for ``sh -c``, ``trap`` and ``eval`` are commands of their own, with
    ``within`` set. Never raises.

    Args:
        text: A whole shell text.
        span: The part of interest; all of the text by default.
    """
    part = span if span is not None else Span(start=0, end=len(text))
    return tuple(sorted(_commands(text, part, depth=0), key=lambda found: found.name_span.start))


def script_of(command: Command) -> tuple[str, int] | None:
    """Return the shell text in single quotes that ``command`` runs, and where it starts.

    Only there every character of the source stands for itself.
    """
    found = script_word(command.name, command.words)
    word = command.words[found[0]] if found is not None else None
    if word is None or len(word.text) < len("''") or not word.text[0] == word.text[-1] == "'":
        return None
    inner = word.text[1:-1]
    return None if "'" in inner else (inner, word.span.start + 1)


def _commands(text: str, part: Span, *, depth: int) -> list[Command]:
    shell = shell_tree(text, part)
    if shell is None:
        return []
    line = lineage(shell, part)
    reader = _Reader(shell=shell, line=line, places=pipe_places(shell, line.nodes))
    found: list[Command] = []
    by_node: dict[int, Command] = {}
    outer_of: dict[int, _Outer] = {}
    for node in line.nodes:
        parent = line.parent(node)
        outer = _surrounding(parent, by_node, outer_of)
        outer_of[node.id] = outer
        command = reader.command(node) if node.type in _COMMANDS else None
        if command is None:
            continue
        family = _with_inner(replace(command, within=outer.command, via=outer.via))
        by_node[node.id] = family[0]
        found.extend(family)
        if depth < _MAX_SCRIPT_DEPTH:
            for member in family:
                found.extend(_in_script(member, depth=depth + 1))
    return [command for command in found if _touches(command.span, part)]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reader:
    """Reads one node of a tree as a command."""

    shell: ShellTree
    line: Lineage
    places: Mapping[int, PipePlace]

    def command(self, node: Node) -> Command | None:
        """Return the command of ``node`` with all of its words, None where it has no name."""
        name_node = node.child_by_field_name("name") or node.children[0]
        outside = _redirects_outside(node, self.line)
        redirects = [child for child in node.children if child.type in TYPES]
        nodes = [
            child
            for index, child in enumerate(node.children)
            if child.id != name_node.id and _is_word(node, index, child)
        ]
        words = words_of(self.shell, nodes)
        words.extend(
            word
            for redirect in (*redirects, *outside)
            for word in further_words(self.shell, redirect)
        )
        words.sort(key=lambda word: word.span.start)
        name_words = words_of(self.shell, [name_node])
        if not name_words:
            return None
        name = name_words[0]
        words = [word for word in words if word.span.start >= name.span.end]
        assignments = [
            self._assignment(child)
            for child in node.children
            if child.type == "variable_assignment" and child.end_byte <= name_node.start_byte
        ]
        place = self.places.get(node.id)
        start = min([name.span.start, *(found.span.start for found in assignments)])
        return Command(
            span=Span(start=start, end=max([name.span.end, *(word.span.end for word in words)])),
            name=_name(name),
            name_span=name.span,
            words=tuple(words),
            redirections=tuple(self._redirections([*redirects, *outside])),
            assignments=tuple(assignments),
            pipe_index=place.index if place else 0,
            n_piped=place.n_parts if place else 1,
            pipeline=place.pipeline if place and place.n_parts > 1 else None,
        )

    def _assignment(self, node: Node) -> Assignment:
        name, _, value = self.shell.text_of(node).partition("=")
        return Assignment(span=self.shell.span(node), name=name.removesuffix("+"), value=value)

    def _redirections(self, nodes: Iterable[Node]) -> list[Redirection]:
        found = [redirection_of(self.shell, node) for node in nodes]
        return sorted(
            (redirection for redirection in found if redirection is not None),
            key=lambda redirection: redirection.span.start,
        )


def _is_word(node: Node, index: int, child: Node) -> bool:
    if child.type in TYPES or child.type in {"ERROR", "comment", "command_name"}:
        return False
    if node.type == "command":
        return node.field_name_for_child(index) == "argument"
    return child.is_named


def _name(word: Word) -> str:
    value = word.value
    found = _NAME.fullmatch(value) if value else None
    return found[1] if found else ""


def _redirects_outside(node: Node, line: Lineage) -> list[Node]:
    """Return the redirections that the grammar hangs above the command or its pipeline."""
    found: list[Node] = []
    current, parent = node, line.parent(node)
    while parent is not None:
        if parent.type == "redirected_statement":
            body = parent.child_by_field_name("body")
            if body is None or body.id != current.id:
                break
            for child in parent.children:
                if child.type in TYPES:
                    found.append(child)
                    found.extend(inner for inner in child.children if inner.type in TYPES)
        elif parent.type in {"pipeline", "list"}:
            # Redirections after a pipeline or a list belong to its last command.
            last = parent.named_child(parent.named_child_count - 1)
            if last.id != current.id:
                break
        else:
            break
        current, parent = parent, line.parent(parent)
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class _Outer:
    """The command that takes the output of what stands at a node as a word, and how."""

    command: Command | None = None
    via: str = ""


def _surrounding(
    parent: Node | None, by_node: Mapping[int, Command], outer_of: Mapping[int, _Outer]
) -> _Outer:
    """Return the outer command below ``parent``, of which all parents are known."""
    if parent is None:
        return _Outer()
    command = by_node.get(parent.id)
    if command is not None:
        return _Outer(command=command)
    outer = outer_of.get(parent.id, _Outer())
    if parent.type in _SUBSTITUTIONS:
        mark = parent.children[0].type if parent.children else ""
        return _Outer(command=outer.command, via="$(" if mark == "`" else mark)
    return outer


def _with_inner(command: Command) -> list[Command]:
    """Return the command without the words of those that it runs, then those."""
    family: list[Command] = []
    waiting = [command]
    while waiting and len(family) < _MAX_FAMILY:
        words = waiting[0].words
        places = inner_commands(waiting[0].name, words)
        others = {index for place in places for index in range(place.start, place.end)}
        own = [word for index, word in enumerate(words) if index not in others]
        outer = _described(waiting.pop(0), own)
        family.append(outer)
        for place in places:
            name, rest = words[place.start], words[place.start + 1 : place.end]
            inner = Command(
                span=Span(start=name.span.start, end=words[place.end - 1].span.end),
                name=_name(name),
                name_span=name.span,
                words=tuple(rest),
                within=outer,
                via=place.via,
            )
            waiting.append(inner)
    return family


def _described(command: Command, words: Sequence[Word]) -> Command:
    subcommand = subcommand_of(command.name, words) if command.name else None
    if subcommand is None:
        return replace(command, words=tuple(words))
    return replace(
        command,
        words=tuple(words),
        subcommand=subcommand.names,
        n_subcommand_words=subcommand.n_words,
        page_names=subcommand.page_names,
    )


def _in_script(command: Command, *, depth: int) -> list[Command]:
    """Return the commands of a single-quoted word that is a shell text itself."""
    script = script_of(command)
    if script is None:
        return []
    inner, offset = script
    by_id: dict[int, Command] = {}
    for each in _commands(inner, Span(start=0, end=len(inner)), depth=depth):
        outer = by_id.get(id(each.within)) if each.within is not None else command
        via = each.via or _script_via(command)
        by_id[id(each)] = replace(moved_command(each, offset), within=outer, via=via)
    return list(by_id.values())


def _script_via(command: Command) -> str:
    found = script_word(command.name, command.words)
    return found[1] if found is not None else ""


def _touches(span: Span, part: Span) -> bool:
    return span.start <= part.end and span.end >= part.start
