"""What the operators of ``[``, ``[[`` and ``test`` mean (POSIX.1-2024, XCU 3, test; bash(1)).

Own words; the operands of the very condition stand in them. No condition is evaluated.
"""

from __future__ import annotations

import re

from ducktypist.facts.shell_wording import clipped, unquoted
from ducktypist.syntax.shell import Construct

POSIX = "POSIX.1-2024, XCU 3, test"
BASH = "bash(1)"

_UNARY = {
    "-a": "{} exists",
    "-b": "{} is an existing block device",
    "-c": "{} is an existing character device",
    "-d": "{} is an existing directory",
    "-e": "{} exists, whatever kind of file it is",
    "-f": "{} is an existing regular file",
    "-g": "{} exists and has its set-group-ID bit set",
    "-G": "{} exists and belongs to the effective group of this process",
    "-h": "{} is a symbolic link, even one that leads nowhere",
    "-k": "{} exists and has its sticky bit set",
    "-L": "{} is a symbolic link, even one that leads nowhere",
    "-n": "the text {} is not empty: it has at least one character",
    "-N": "{} exists and was modified since it was last read",
    "-o": "the shell option {} is on",
    "-O": "{} exists and belongs to the effective user of this process",
    "-p": "{} is an existing named pipe",
    "-r": "{} exists and may be read",
    "-R": "{} is a variable that is a name reference",
    "-s": "{} exists and is not empty",
    "-S": "{} is an existing socket",
    "-t": "the file descriptor {} is open on a terminal",
    "-u": "{} exists and has its set-user-ID bit set",
    "-v": "the variable {} is set",
    "-w": "{} exists and may be written",
    "-x": "{} exists and may be executed, or searched if it is a directory",
    "-z": "the text {} is empty: it has no characters",
}
_CONNECTIVES = {
    "and": "both what precedes and what follows must be true; removed from POSIX in 2024",
    "or": "what precedes or what follows must be true; removed from POSIX in 2024",
}
_ONLY_BASH = frozenset({"-a", "-G", "-k", "-N", "-o", "-O", "-R", "-v", "==", "=~"})
_BINARY = {
    "-eq": "the integers {} and {} are equal",
    "-ne": "the integers {} and {} differ",
    "-lt": "the integer {} is less than {}",
    "-le": "the integer {} is less than or equal to {}",
    "-gt": "the integer {} is greater than {}",
    "-ge": "the integer {} is greater than or equal to {}",
    "-nt": "the file {} is newer than {} by its modification time, or only the first exists",
    "-ot": "the file {} is older than {} by its modification time, or only the second exists",
    "-ef": "{} and {} are the same file: same device and inode",
    "<": "the text {} sorts before {}",
    ">": "the text {} sorts after {}",
}
_PATTERN = re.compile(r"[*?\[$]|[@+!?*]\(")


def test_text(construct: Construct) -> tuple[str, str] | None:
    """Return what a test means, and who says so; None where it is not known.

    Args:
        construct: One of kind TEST.
    """
    mark = construct.mark
    if mark in _CONNECTIVES:
        return _CONNECTIVES[mark], BASH
    source = BASH if mark in _ONLY_BASH else POSIX
    operands = [clipped(unquoted(argument)) or '""' for argument in construct.arguments]
    if len(operands) == 1 and mark in _UNARY:
        return f"true if {_UNARY[mark].format(*operands)}", source
    if len(operands) != 2:  # noqa: PLR2004 - a left and a right one.
        return None
    if mark in _BINARY:
        return f"true if {_BINARY[mark].format(*operands)}", source
    return _comparison(construct, operands), source


def _comparison(construct: Construct, operands: list[str]) -> str:
    left, right = operands
    raw = construct.arguments[1]
    is_pattern = (
        construct.name == "[["
        and not raw.startswith(("'", '"'))
        and _PATTERN.search(raw) is not None
    )
    if construct.mark == "=~":
        if raw.startswith(("'", '"')):
            return f"true if {left} contains the quoted text {right} literally"
        return (
            f"true if some part of {left} matches the extended regular expression {right}; "
            "BASH_REMATCH gets the match and its groups"
        )
    if is_pattern:
        verb = "does not match" if construct.mark == "!=" else "matches"
        return f"true if all of {left} {verb} the pattern {right} (a glob, because it is unquoted)"
    verb = "differ" if construct.mark == "!=" else "are the same"
    return f"true if the texts {left} and {right} {verb}"
