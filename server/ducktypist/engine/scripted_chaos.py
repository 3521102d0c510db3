"""Answers of the scripted backend that go wrong at random, and what a model says that is confused.

Which ones do is settled by the seed alone, so that a test that fails can be run again. Used by the
scripted backend alone; ``scripted_rules.py`` says how a script asks for it.
"""

from __future__ import annotations

import random
import zlib
from collections import Counter
from dataclasses import replace
from typing import Final

from ducktypist.engine.scripted_rules import SLOW, Chaos, Rule

MAX_SAID_BEFORE = 4
"""A half answer, or one that hangs up, has said no more tokens than this."""
GARBAGE: Final = (
    "\x00\x1b[2J\x07\u202e)]}",
    "```\n```python\n<|im_end|>\n<|endoftext|>",
    "((((((((((((((((((((((((((((((((",
    "\ufffd\ufeff\u2028\u0085\U0001f986\u200d",
    '\'"""\'\\\r\r\n\t}{%s{{0}}$(true)`',
    "\n" * 40,
    "def def class return",
)
"""Control characters, ends of turns, brackets and quotes without an end."""


class Troubles:
    """Which answers go wrong."""

    def __init__(self) -> None:
        self._n_asked: Counter[int] = Counter()

    def changed(self, rule: Rule, flat: str, chaos: Chaos) -> Rule:
        """Return the rule as the next answer to a prompt follows it."""
        if not chaos.share:
            return rule
        key = zlib.crc32(flat.encode("utf-8", "surrogatepass"))
        self._n_asked[key] += 1
        dice = random.Random(f"{chaos.seed}:{key}:{self._n_asked[key]}")  # noqa: S311 - not a secret
        if dice.random() >= chaos.share:
            return rule
        kind = dice.choice(chaos.kinds)
        if kind == SLOW:
            return replace(rule, delay_ms=rule.delay_ms + chaos.slow_ms)
        return replace(rule, fail=kind, fail_after_tokens=dice.randint(0, MAX_SAID_BEFORE))


def garbage(flat: str) -> str:
    """Return what is said to a prompt that makes no sense, always the same."""
    return GARBAGE[zlib.crc32(flat.encode("utf-8", "surrogatepass")) % len(GARBAGE)]
