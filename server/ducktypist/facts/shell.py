"""What is known of a part of a shell script: its commands, options, syntax and sure mistakes.

Options and commands are what the manual says of them; what is not found there is no fact. What
shellcheck finds is not among these (``shellcheck``), and nothing is run here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from ducktypist.domain import Span
from ducktypist.domain.facts import Fact, FactKind
from ducktypist.facts.manual import Manual
from ducktypist.facts.manual.model import Page
from ducktypist.facts.shell_expansions import expansion_text
from ducktypist.facts.shell_operands import operand_facts
from ducktypist.facts.shell_options import CommandLine, OptionUse, command_line
from ducktypist.facts.shell_pitfalls import pitfalls
from ducktypist.facts.shell_sets import shopt_facts
from ducktypist.facts.shell_syntax import syntax_text
from ducktypist.facts.shell_tests import test_text
from ducktypist.facts.shell_wording import clipped, sentence
from ducktypist.syntax.shell import (
    Command,
    Construct,
    ConstructKind,
    ShellFunction,
    commands,
    constructs,
    functions,
)

_MAX_NAMES = 6
_NO_LINE = CommandLine(options=(), operands=(), is_sure=False)


def shell_facts(text: str, span: Span, manual: Manual) -> tuple[Fact, ...]:
    """Return what is known of everything in ``span``, mistakes first, then in source order.

    Reads manual pages from disk, so that it belongs into a thread. Never raises for broken text.

    Args:
        text: The whole script.
        span: The part of it to speak of.
        manual: Where pages are looked up.
    """
    found_commands = [one for one in commands(text, span) if _overlaps(one.span, span)]
    found_constructs = constructs(text, span)
    own = functions(text)
    facts = [
        fact
        for command in found_commands
        for fact in _command_facts(command, own, manual)
        if fact.kind is FactKind.COMMAND or _overlaps(fact.span or span, span)
    ]
    places = _output_places(found_commands)
    facts.extend(
        fact
        for construct in found_constructs
        if _overlaps(construct.span, span)
        and (fact := _construct_fact(construct, places)) is not None
    )
    facts.sort(key=lambda fact: fact.span.start if fact.span else 0)
    mistakes = [
        fact
        for fact in pitfalls(text, found_commands, found_constructs)
        if _overlaps(fact.span or span, span)
    ]
    return _distinct([*mistakes, *facts])


def _overlaps(one: Span, other: Span) -> bool:
    if not len(one) or not len(other):
        return one.start <= other.end and one.end >= other.start
    return one.start < other.end and one.end > other.start


def _distinct(facts: Iterable[Fact]) -> tuple[Fact, ...]:
    found: dict[tuple[str, str, str, str], Fact] = {}
    for fact in facts:
        subject = fact.subject if fact.kind is not FactKind.FINDING else str(fact.span)
        found.setdefault((fact.kind, fact.of, subject, fact.text), fact)
    return tuple(found.values())


def _command_facts(
    command: Command, own: Sequence[ShellFunction], manual: Manual
) -> Iterator[Fact]:
    if not command.name:
        return
    defined = [function for function in own if function.name == command.name]
    if defined and command.via not in {"command", "builtin", "env", "sudo", "xargs", "-exec"}:
        yield _function_fact(command, defined[-1])
        return
    page = manual.page(command.page_names)
    if page is not None and page.summary:
        yield Fact(
            kind=FactKind.COMMAND,
            subject=command.title,
            text=sentence(page.summary),
            source=page.source,
            detail=page.summary,
            span=command.name_span,
        )
    line = _NO_LINE
    if page is not None:
        line = _line(command, page)
        yield from _option_facts(command.title, line.options)
        if command.n_subcommand_words > len(command.subcommand):
            yield from _tool_options(command, manual)
    yield from operand_facts(command, line)
    yield from shopt_facts(command) if command.name == "shopt" else ()
    yield from _assigned(command)


def _line(command: Command, page: Page) -> CommandLine:
    words = command.words[command.n_subcommand_words :]
    return command_line("-".join((command.name, *command.subcommand)), words, page)


def _tool_options(command: Command, manual: Manual) -> Iterator[Fact]:
    """Yield the options between a tool and its subcommand: ``git -C folder log``."""
    page = manual.page((command.name,))
    if page is not None:
        words = command.words[: command.n_subcommand_words]
        yield from _option_facts(command.name, command_line(command.name, words, page).options)


def _function_fact(command: Command, function: ShellFunction) -> Fact:
    said = f": {function.comment}" if function.comment else ""
    return Fact(
        kind=FactKind.COMMAND,
        subject=command.name,
        text=sentence(f"a function of this script (line {function.line}){said}"),
        source=f"the code, line {function.line}",
        detail=function.comment,
        span=command.name_span,
    )


def _option_facts(of: str, uses: Iterable[OptionUse]) -> Iterator[Fact]:
    for use in uses:
        entry = use.entry
        if not entry.text:
            continue
        yield Fact(
            kind=FactKind.OPTION,
            subject=f"+{use.flag[1:]}" if use.is_off else use.flag,
            text=sentence(f"turned off: {entry.text}" if use.is_off else entry.text),
            source=entry.source,
            of=of,
            names=tuple(name for name in entry.names if name != use.flag)[:_MAX_NAMES],
            detail=entry.detail,
            span=use.span,
        )


def _assigned(command: Command) -> Iterator[Fact]:
    for assignment in command.assignments:
        value = clipped(assignment.value) or "nothing"
        text = f"sets {assignment.name} to {value} for this {command.name} only"
        if (
            assignment.name == "IFS"
            and command.name == "read"
            and not assignment.value.strip("'\"")
        ):
            text += ", so that blanks at both ends of a line are kept"
        yield Fact(
            kind=FactKind.SYNTAX,
            subject=f"{assignment.name}={clipped(assignment.value)}",
            text=sentence(text),
            source="POSIX.1-2024, XCU 2.9.1",
            of=command.title,
            span=assignment.span,
        )


def _output_places(found: Iterable[Command]) -> Mapping[int, str]:
    """Return where standard output goes at each ``2>&1``, by where that starts."""
    places: dict[int, str] = {}
    for command in found:
        is_piped = command.pipe_index + 1 < command.n_piped
        place = "into the pipe" if is_piped else ""
        for redirection in command.redirections:
            target = redirection.target
            if redirection.fd in {"", "1"} and redirection.operator in {">", ">>", ">|"} and target:
                place = f"to {clipped(target.text)}"
            elif redirection.fd in {"", "1"} and redirection.operator in {">&", "<&", ">&-"}:
                place = ""
            elif redirection.fd == "2" and place and target and target.value == "1":
                places[redirection.span.start] = place
    return places


def _construct_fact(construct: Construct, places: Mapping[int, str]) -> Fact | None:
    if construct.kind is ConstructKind.EXPANSION:
        said = expansion_text(construct)
    elif construct.kind is ConstructKind.TEST:
        said = test_text(construct)
    else:
        said = syntax_text(construct)
        place = places.get(construct.span.start) if construct.mark == ">&" else None
        if said is not None and place:
            said = f"{said[0]}: {place}", said[1]
    if said is None or not said[0]:
        return None
    return Fact(
        kind=FactKind.SYNTAX,
        subject=clipped(construct.subject, n_at_most=80),
        text=sentence(said[0]),
        source=said[1],
        of=construct.name if construct.kind is ConstructKind.TEST else "",
        span=construct.span,
    )
