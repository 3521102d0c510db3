"""Refuses a patch by its looks: ways to pass tests without doing what they ask for.

Pure: two texts in, reasons out. It knows known tricks and no others, so silence here means nothing;
the canaries of a run and the verdict's rules are the other two walls. Only what the patch *adds*
counts, because a project may have good reasons for what it has already.

This is the door; what is known of each language and of file names is next to it.
"""

from __future__ import annotations

from collections import Counter

from ducktypist.syntax.parse import grammar_of
from ducktypist.verify import guard_go, guard_python
from ducktypist.verify.guard_literals import literals_of, special_cases
from ducktypist.verify.guard_paths import is_protected

__all__ = ["is_protected", "literals_of", "refusals", "special_cases"]


def refusals(before: str, after: str, language: str = "python") -> tuple[str, ...]:
    """Return why a patched file is not even tried; empty when nothing speaks against it.

    A text that does not parse gives no reasons: that it is broken is found out elsewhere. Of other
    languages than Python and Go nothing is known.

    Args:
        before: The file as the user has it.
        after: The file with the patch.
        language: An LSP language id.
    """
    grammar = grammar_of(language)
    if grammar == "python":
        new, old = guard_python.suspicions(after), guard_python.suspicions(before)
        if new is None:
            return ()
        old = old or Counter()
    elif grammar == "go":
        new, old = guard_go.suspicions(after), guard_go.suspicions(before)
    else:
        return ()
    return tuple(f"the patch adds {what}" for what in sorted(new - old))
