"""Suggestions that nobody took: run all the same where that is cheap.

Else the ledger's figures would measure what people like. What is run is the suggestion as it was
made, in the document as it was then, and only what can be evidence is worth it: where the rest of
the function is the person's, a failure says nothing of the suggestion. When there is time for it is
not decided here. Asks no model.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict

from ducktypist.domain import Verdict
from ducktypist.features.afterwards import Suggested, check_accepted, standing, taken
from ducktypist.features.grounds import Grounds, NotRunnable
from ducktypist.ledger.store import Ledger

MAX_WAITING = 40
MAX_WAITING_CHARS = 4_000_000
"""Of the documents' texts, all that wait together."""
MAX_TESTS = 10
"""A suggestion that nobody took is not worth running more tests than that."""


class Refused:
    """What may be run some day, the newest first, and not too much: refused, or not yet taken."""

    def __init__(self) -> None:
        """Start without any."""
        self._waiting: OrderedDict[str, tuple[float, Suggested]] = OrderedDict()
        self._n_chars = 0

    def __len__(self) -> int:
        """Return how many wait."""
        return len(self._waiting)

    def put(self, suggested: Suggested, *, from_s: float) -> None:
        """Let a suggestion wait; the oldest ones are given up for it where there are too many.

        One that waits already stays as it was first made. A body that was written on demand was run
        before it was shown, and does not wait.

        Args:
            suggested: The suggestion.
            from_s: Before then it does not count as refused.
        """
        if suggested.function:
            return
        first = self.drop(suggested.suggestion_id) or suggested
        self._waiting[suggested.suggestion_id] = from_s, first
        self._n_chars += _n_chars(first)
        while self._waiting and (
            len(self._waiting) > MAX_WAITING or self._n_chars > MAX_WAITING_CHARS
        ):
            self.drop(next(iter(self._waiting)))

    def pop(self, now_s: float) -> Suggested | None:
        """Return the newest that counts as refused by now, and let it wait no longer."""
        ready = [name for name, (from_s, _) in self._waiting.items() if from_s <= now_s]
        return self.drop(ready[-1]) if ready else None

    def drop(self, suggestion_id: str) -> Suggested | None:
        """Let a suggestion wait no longer, because it was taken after all, say."""
        found = self._waiting.pop(suggestion_id, None)
        if found is None:
            return None
        self._n_chars -= _n_chars(found[1])
        return found[1]

    def clear(self) -> None:
        """Forget all."""
        self._waiting.clear()
        self._n_chars = 0


async def check_refused(
    suggested: Suggested, *, grounds: Grounds | NotRunnable, ledger: Ledger, repeats: int
) -> Verdict | None:
    """Run a suggestion that nobody took, if that is cheap and says something, and record it.

    That is where it is the whole of a function that was empty, and its docstring has examples or a
    few tests name it.

    Returns:
        None where nothing was run, or nothing was learned.

    Raises:
        RunnerError: Its tests cannot be run.
    """
    if isinstance(grounds, NotRunnable):
        return None
    what = await asyncio.to_thread(taken, suggested)
    if what is None or not what.is_body:
        return None
    now = await asyncio.to_thread(standing, what, what.as_made)
    if now is None:
        return None
    checked = await check_accepted(
        now, grounds=grounds, ledger=ledger, repeats=repeats, most_tests=MAX_TESTS
    )
    return checked.verdict if checked is not None else None


def _n_chars(suggested: Suggested) -> int:
    return len(suggested.document.text) + len(suggested.edit.new_text)
