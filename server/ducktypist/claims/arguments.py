"""What the argument of an option means: ``+7`` is more than 7, ``-type d`` is a directory.

Only find's numeric arguments and types (POSIX.1-2024, ``find``), which small models turn round.
"""

from __future__ import annotations

import re

from ducktypist.claims.wordlists import words
from ducktypist.domain import Fact

_NUMERIC = words(
    """
    -mtime -atime -ctime -mmin -amin -cmin -size -links -used -inum -uid -gid
    """
)
_AGES = words(
    """
    -mtime -atime -ctime -mmin -amin -cmin
    """
)
_MORE = re.compile(r"\b(?:more than|older|larger|greater|bigger|exceed\w*|over|at least|above)\b")
_LESS = re.compile(
    r"\b(?:less than|younger|newer|smaller|fewer|within|in the (?:last|past)|under|at most|below"
    r"|up to|during the last|not older)\b"
)
_TYPES = {
    "f": re.compile(r"\b(?:regular|files?)\b"),
    "d": re.compile(r"\b(?:director(?:y|ies)|folders?)\b"),
    "l": re.compile(r"\b(?:symbolic|sym|soft|links?|symlinks?)\b"),
    "s": re.compile(r"\bsockets?\b"),
    "p": re.compile(r"\b(?:fifos?|pipes?)\b"),
    "b": re.compile(r"\bblock\b"),
    "c": re.compile(r"\bcharacter\b"),
}
_TYPE_NAMES = {
    "f": "regular file",
    "d": "directory",
    "l": "symbolic link",
    "s": "socket",
    "p": "named pipe",
    "b": "block device",
    "c": "character device",
}
_BELOW = re.compile(r"\bsub-?(?:directories|folders)\b")
_FEW_WORDS = re.compile(r"(?:\W*\w+){1,16}\W*")
_NOT = re.compile(r"\b(?:not|no|except|other than|excluding)\b")
_WHERE = re.compile(
    r"\b(?:in|under|from|below|within) (?:the |a )?(?:\w+ )?(?:director(?:y|ies)|folders?)\b"
)


def in_code(fact: Fact, code: str) -> str:
    """Return the argument that an option of find has in the code; empty where it has none."""
    if fact.of != "find":
        return ""
    found = re.findall(rf"(?<![\w-]){re.escape(fact.subject)}\s+(\S+)", code)
    return found[0].strip("'\"") if len(set(found)) == 1 else ""


def agrees(fact: Fact, argument: str, words: str) -> bool | None:
    """Tell whether words say of an argument what it means; None where they say nothing of it."""
    low = words.lower()
    argument = argument.split(" ", maxsplit=1)[0].strip("'\"")
    if fact.of != "find" or _NOT.search(low):
        return None
    if fact.subject in _NUMERIC and argument[:1] in {"+", "-"}:
        says_more, says_less = bool(_MORE.search(low)), bool(_LESS.search(low))
        return None if says_more == says_less else says_more == (argument[0] == "+")
    if fact.subject == "-maxdepth" and argument in {"0", "1"} and _BELOW.search(low):
        return False
    low = _WHERE.sub(" ", low)
    if fact.subject == "-type" and (own := _TYPES.get(argument)):
        if own.search(low):
            return True if _FEW_WORDS.fullmatch(low) else None
        others = (other for key, other in _TYPES.items() if key != argument)
        return False if any(other.search(low) for other in others) else None
    return None


def note(fact: Fact, argument: str) -> str:
    """Return what this argument means here; empty where there is nothing to add."""
    if fact.of != "find":
        return ""
    if fact.subject in _NUMERIC and argument[:1] in {"+", "-"} and argument[1:]:
        words = "more than" if argument[0] == "+" else "less than"
        ago = " ago" if fact.subject in _AGES else ""
        return f"{argument} is {words} {argument[1:]}{ago}"
    if fact.subject == "-type" and argument in _TYPE_NAMES:
        return f"{argument} is a {_TYPE_NAMES[argument]}"
    return ""
