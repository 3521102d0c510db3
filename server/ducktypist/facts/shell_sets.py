"""The options of bash that ``shopt`` turns on and off (bash(1), SHELL BUILTIN COMMANDS, shopt).

Own words; those that scripts use. Options of ``set`` are options of a page.
"""

from __future__ import annotations

from collections.abc import Iterator

from ducktypist.domain.facts import Fact, FactKind
from ducktypist.syntax.shell import Command

_OPTIONS = {
    "autocd": "a folder's name alone changes into it",
    "cdspell": "small spelling mistakes in the argument of cd are put right",
    "checkwinsize": "LINES and COLUMNS are updated after each command",
    "dotglob": "patterns also match names that begin with a dot",
    "expand_aliases": "aliases are expanded, in scripts too",
    "extglob": "patterns such as @(a|b), !(x) and +(x) are understood",
    "failglob": "a pattern that matches no file is an error",
    "globasciiranges": "ranges such as [a-z] follow the C locale",
    "globstar": "** matches files and folders at any depth",
    "histappend": "the history is appended to its file, not written over it",
    "inherit_errexit": "command substitutions keep set -e",
    "lastpipe": "the last command of a pipeline runs in the current shell, if job control is off",
    "nocaseglob": "patterns match file names in any case of letters",
    "nocasematch": "case and [[ match in any case of letters",
    "nullglob": "a pattern that matches no file becomes nothing instead of staying as it is",
    "xpg_echo": "echo expands backslash escapes without -e",
}


def shopt_facts(command: Command) -> Iterator[Fact]:
    """Yield what the options mean that a ``shopt`` names.

    Args:
        command: The command.
    """
    heads = [word.head for word in command.words]
    is_off = any(head.startswith("-") and "u" in head for head in heads)
    if any(head.startswith("-") and "o" in head for head in heads):
        # With -o the names are those of set.
        return
    for word in command.words:
        text = _OPTIONS.get(word.value or "")
        if text:
            yield Fact(
                kind=FactKind.OPTION,
                subject=word.head,
                text=f"turned off: {text}" if is_off else text,
                source="bash(1)",
                of="shopt",
                span=word.span,
            )
