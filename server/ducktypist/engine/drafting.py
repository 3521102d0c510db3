"""Drafts without a second model: what followed the last time these tokens were said. Pure.

Prompt-lookup decoding (Saxena, 2023; the same as llama.cpp's ``lookup`` example): the last few
tokens are looked up in everything before them, and what followed there is drafted. It costs nothing
but the rows that confirm it, so the drafter keeps guessing the next token also while it drafts
nothing, and knows at any time how often it would have been right.
"""

from __future__ import annotations

from collections.abc import Sequence

KEY_TOKENS = 2
"""The shortest match that is looked up."""
MAX_MATCH_TOKENS = 16
"""Longer matches are not told apart."""
MAX_PLACES = 16
"""The latest places of one key that are compared."""
FORGETTING = 0.1
"""The weight of the latest guess in the running share of right ones."""
FIRST_SHARES = ((8, 0.9), (4, 0.8), (0, 0.6))
"""How often a guess is right after a match of at least so many tokens, before any was made."""


class Drafter:
    """Guesses how one answer goes on."""

    def __init__(self, tokens: Sequence[int]) -> None:
        """Begin with the tokens of the prompt."""
        self._tokens: list[int] = []
        self._places: dict[tuple[int, ...], list[int]] = {}
        self._shares = dict(FIRST_SHARES)
        for token in tokens:
            self._add(token)

    def said(self, token: int) -> None:
        """Take in the next token of the answer."""
        after, n_same = self._find()
        if after is not None:
            kind = _kind(n_same)
            was_right = float(self._tokens[after] == token)
            self._shares[kind] += FORGETTING * (was_right - self._shares[kind])
        self._add(token)

    def p_hit(self) -> float:
        """Return how likely the next guess is right: the share after matches of that length."""
        return self._shares[_kind(self._find()[1])]

    def propose(self, n_tokens: int) -> tuple[int, ...]:
        """Return at most so many tokens that may come next; none when nothing is known."""
        after, _ = self._find()
        return () if after is None else tuple(self._tokens[after : after + n_tokens])

    def _find(self) -> tuple[int | None, int]:
        """Return the place after the longest match of the last tokens, and its length.

        Of matches of the same length the latest counts.
        """
        places = self._places.get(tuple(self._tokens[-KEY_TOKENS:]), [])
        best, n_best = None, 0
        for place in reversed(places[-MAX_PLACES:]):
            n_same = self._n_same_before(place)
            if n_same > n_best:
                best, n_best = place, n_same
        return best, n_best

    def _n_same_before(self, place: int) -> int:
        end, n_same = len(self._tokens), 0
        while (
            n_same < min(place, MAX_MATCH_TOKENS)
            and self._tokens[place - 1 - n_same] == self._tokens[end - 1 - n_same]
        ):
            n_same += 1
        return n_same

    def _add(self, token: int) -> None:
        # The key that ends before this token is known to be followed by something now.
        if len(self._tokens) >= KEY_TOKENS:
            key = tuple(self._tokens[-KEY_TOKENS:])
            self._places.setdefault(key, []).append(len(self._tokens))
        self._tokens.append(token)


def _kind(n_same: int) -> int:
    return next(least for least, _ in FIRST_SHARES if n_same >= least)
