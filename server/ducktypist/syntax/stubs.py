"""When a function's body only holds the place of one; knows statements, but no grammar."""

from __future__ import annotations

import re
from collections.abc import Iterable

_TODO = re.compile(
    r"\b(?:TODO|FIXME|XXX|TBD)\b|(?i:\bnot\s+(?:yet\s+)?(?:implemented|written)\b|\bunimplemented\b"
    r"|\b(?:implement|write|fill|complete)\s+(?:me|this|it|here|in)\b|\byour code\b"
    r"|\b(?:implementation|code)\s+(?:goes\s+)?here\b)"
)
"""What a comment says that promises a body."""

_NOTHING = (
    r"0|0\.0|-1|1|null|nil|None|NULL|nullptr|undefined|false|true|False|True|\"\"|''|``|\[\]|\{\}"
    r"|\(\)|String::new\(\)|Vec::new\(\)|vec!\[\]|Default::default\(\)|Ok\(\(\)\)"
)
_TRIVIAL = re.compile(
    rf"return(?:\s+(?:{_NOTHING})(?:,\s*(?:{_NOTHING}))*)?|{_NOTHING}"
    r"|(?:std::)?(?:abort|terminate|unreachable)\s*\(\s*\)"
    r"|\(void\)\s*\w+|(?:let\s+)?_\s*=\s*&?\w+|pass|:"
)
"""What a function does to satisfy a compiler until it has a body."""
_MAX_STATEMENTS = 4
_MAX_CHARACTERS = 400


def is_stub(
    statements: Iterable[str], comments: Iterable[str], placeholder: re.Pattern[str]
) -> bool:
    """Tell whether a body promises to be written and does nothing else.

    Args:
        statements: Its statements; without any it is empty, whatever the comments say.
        comments: Its comments. Where one says that something is to be done, trivial statements
            such as ``return 0`` count for nothing.
        placeholder: What a statement of the language looks like that stands for a body.
    """
    code: list[str] = []
    for whole in statements:
        statement = whole.strip().rstrip(";").rstrip()
        if not statement:
            continue
        code.append(statement)
        if len(code) > _MAX_STATEMENTS or len(code[-1]) > _MAX_CHARACTERS:
            return False
    if all(placeholder.fullmatch(statement) for statement in code):
        return True
    return any(_TODO.search(comment) for comment in comments) and all(
        placeholder.fullmatch(statement) or _TRIVIAL.fullmatch(statement) for statement in code
    )
