"""A few mistakes in shell that the syntax alone shows with certainty.

Not a linter: shellcheck knows hundreds more (``shellcheck``). What is only probable is not here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from ducktypist.domain import Span
from ducktypist.domain.facts import Fact, FactKind
from ducktypist.syntax.shell import Command, Construct, ConstructKind, Redirection

_SOURCE = "the code"
_WRITING = frozenset({">", ">|", "&>"})
_READERS = frozenset({"awk", "cat", "cut", "grep", "head", "sed", "sort", "tail", "tr", "uniq"})
_WITH_SCRIPT = frozenset({"awk", "grep", "sed", "tr"})
"""Commands whose first operand is a program or a pattern."""
_XARGS_TAKING = "aEeLlnPRs"
_DECLARING = frozenset({"declare", "export", "local", "readonly", "typeset"})
_SETS_IFS = re.compile(
    r"^[ \t]*(?:local[ \t]+|declare[ \t]+|export[ \t]+)?IFS=\S*[ \t]*(?:$|;)", re.MULTILINE
)
_SUBSTITUTED = re.compile(r"\"?(?:\$\((?!\()|`)")
_STOPS_AT_ERRORS = re.compile(
    r"^[ \t]*set[ \t]+(?:-\w+[ \t]+)*(?:-\w*e|-\w*o[ \t]+errexit)|\A#!.*sh[ \t]+-\w*e", re.MULTILINE
)


def pitfalls(
    text: str, found_commands: Sequence[Command], found_constructs: Sequence[Construct]
) -> tuple[Fact, ...]:
    """Return the mistakes among these commands and constructs of one text.

    Args:
        text: The whole text.
        found_commands: All commands of the part that is looked at.
        found_constructs: All constructs of it.
    """
    found = [
        *_unsafe_xargs(found_commands),
        *_listed_files(text, found_constructs),
        *_errors_before_output(found_commands),
        *_emptied_input(found_commands),
        *_hidden_status(text, found_commands),
        *_redirected_sudo(found_commands),
    ]
    return tuple(sorted(found, key=lambda fact: fact.span.start if fact.span else 0))


def _finding(subject: str, text: str, span: Span, detail: str = "") -> Fact:
    return Fact(
        kind=FactKind.FINDING,
        subject=subject,
        text=text,
        source=_SOURCE,
        detail=detail,
        span=span,
    )


def _unsafe_xargs(found: Sequence[Command]) -> Iterator[Fact]:
    for command in found:
        if command.name != "xargs" or command.pipeline is None:
            continue
        if any(_keeps_blanks(word.head) for word in command.words):
            continue
        before = next(
            (
                one
                for one in found
                if one.pipeline == command.pipeline and one.pipe_index == command.pipe_index - 1
            ),
            None,
        )
        if before is None or before.name != "find":
            continue
        if not any(
            word.head.startswith(("-print0", "-printf", "-fprint")) for word in before.words
        ):
            yield _finding(
                "xargs",
                "file names with blanks, quotes or backslashes would be torn apart; "
                "find -print0 with xargs -0 keeps them whole",
                command.name_span,
            )


def _keeps_blanks(head: str) -> bool:
    """Tell whether an option of xargs ends items elsewhere than at blanks; ``-I`` does, too."""
    if head.startswith("--"):
        return head.startswith(("--null", "--delimiter", "--replace"))
    for letter in head[1:] if head.startswith("-") else "":
        if letter in "0dIi":
            return True
        if letter in _XARGS_TAKING:
            return False
    return False


def _listed_files(text: str, found: Sequence[Construct]) -> Iterator[Fact]:
    if _SETS_IFS.search(text) is not None:
        # Then words may end elsewhere than at blanks.
        return
    for construct in found:
        if construct.kind is not ConstructKind.KEYWORD or construct.mark != "for":
            continue
        values = construct.arguments
        if len(values) == 1 and values[0].startswith(("$(ls ", "$(ls)", "`ls ", "`ls`")):
            yield _finding(
                values[0],
                "the output of ls is split at every blank: names with blanks become several "
                "words; a pattern such as ./* gives whole names",
                construct.span,
            )


def _errors_before_output(found: Sequence[Command]) -> Iterator[Fact]:
    for command in found:
        redirections = command.redirections
        for index, redirection in enumerate(redirections):
            if not _is_errors_to_output(redirection):
                continue
            before = [one for one in redirections[:index] if _is_output(one)]
            after = [one for one in redirections[index + 1 :] if _is_output(one)]
            if before or not after or command.n_piped > command.pipe_index + 1:
                # In a pipeline it is a known way to send only the errors into the pipe.
                continue
            yield _finding(
                "2>&1",
                "standard error does not go to the file: 2>&1 stands before the redirection of "
                "standard output, and redirections are made from left to right",
                redirection.span,
            )


def _is_errors_to_output(redirection: Redirection) -> bool:
    target = redirection.target
    return (
        redirection.operator == ">&"
        and redirection.fd == "2"
        and target is not None
        and target.value == "1"
    )


def _is_output(redirection: Redirection) -> bool:
    return redirection.operator in {">", ">>", ">|"} and redirection.fd in {"", "1"}


def _emptied_input(found: Sequence[Command]) -> Iterator[Fact]:
    for command in found:
        name = _last_file(command)
        for redirection in command.redirections if name else ():
            target = redirection.target
            if (
                redirection.operator in _WRITING
                and redirection.fd in {"", "1"}
                and target is not None
                and target.value == name
            ):
                yield _finding(
                    f"> {name}",
                    f"{name} is emptied before {command.name} reads it: the shell opens the "
                    "target of > first",
                    redirection.span,
                )


def _last_file(command: Command) -> str | None:
    """Return the file that is the last operand of a command that reads files."""
    if command.name not in _READERS or not command.words:
        return None
    operands = [word for word in command.words if not word.head.startswith("-")]
    n_others = 1 if command.name in _WITH_SCRIPT else 0
    last = command.words[-1]
    before = command.words[-2].head if len(command.words) > 1 else ""
    may_be_argument = before.startswith("-") and len(before) == len("-k")
    if len(operands) <= n_others or last.head.startswith("-") or may_be_argument:
        return None
    return last.value


def _hidden_status(text: str, found: Sequence[Command]) -> Iterator[Fact]:
    if _STOPS_AT_ERRORS.search(text) is None:
        return
    for command in found:
        for word in command.words if command.name in _DECLARING else ():
            name, _, value = word.text.partition("=")
            if name.isidentifier() and _SUBSTITUTED.match(value):
                yield _finding(
                    f"{command.name} {name}",
                    f"a failure of the command in {name}=$(…) goes unnoticed: the status is that "
                    f"of {command.name}, so that set -e does not stop there",
                    word.span,
                )


def _redirected_sudo(found: Sequence[Command]) -> Iterator[Fact]:
    for command in found:
        if command.name != "sudo":
            continue
        for redirection in command.redirections:
            target = redirection.target
            if (
                redirection.operator in {">", ">>", ">|", "&>", "&>>"}
                and target is not None
                and target.head.startswith(("/etc/", "/usr/", "/sys/", "/boot/"))
            ):
                yield _finding(
                    redirection.operator,
                    f"{target.text} is opened by the shell itself, before sudo and without its "
                    "rights",
                    redirection.span,
                )
