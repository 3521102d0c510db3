"""How the scripted backend's answers are drawn, and from what.

A token is given out only after its own answer's text: each row of the last batch knows what stands
before it. Used by ``scripted.py`` alone.
"""

from __future__ import annotations

import os
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

from ducktypist.domain import ChatPrompt, Prompt
from ducktypist.engine.backend import Candidate, ConnectionDropped, Feed, Job, TokenChoice
from ducktypist.engine.scripted_cache import CacheMisuseError, Cell, chained
from ducktypist.engine.scripted_chaos import garbage
from ducktypist.engine.scripted_rules import (
    FAILS_IN_DECODE,
    FAILS_IN_TEXT,
    Rule,
    flatten,
    split_tokens,
)
from ducktypist.errors import EngineRequestError

CRASH_STATUS = 70


class Turns:
    """Which reply of each rule is next."""

    def __init__(self) -> None:
        self._n_answered: dict[int, int] = {}

    def next(self, rule: Rule) -> str:
        """Return the reply whose turn it is; the last one stays."""
        # A rule that chaos changed still says the replies of the script's own.
        n_before = self._n_answered.get(id(rule.replies), 0)
        self._n_answered[id(rule.replies)] = n_before + 1
        return rule.replies[min(n_before, len(rule.replies) - 1)]


class LastBatch:
    """What can be drawn from: the tokens of the last batch, and all that stands before them."""

    def __init__(self) -> None:
        self._rows: list[_Row] = []
        self._pieces: dict[int, str] = {}
        """Token ids and what they mean: for messages."""

    def clear(self) -> None:
        """Forget the batch, before the next one."""
        self._rows = []

    def add(self, feed: Feed, cells: Iterator[Cell]) -> None:
        """Take in the next feed of the batch, whose cells come next."""
        first_row = len(feed.tokens) - feed.n_rows
        self._rows += [
            _Row(cell=next(cells), is_wanted=place >= first_row)
            for place in range(len(feed.tokens))
        ]

    def check(self, row: int, *, chain: int, what: str) -> None:
        """Raise unless what comes after a row is what comes after a certain text.

        Args:
            row: Which token of the batch.
            chain: Of the text's tokens; see ``scripted_cache.chained``.
            what: Whose text it is, for the message.

        Raises:
            CacheMisuseError: The row was not asked for, or comes after another text.
        """
        if not 0 <= row < len(self._rows) or not self._rows[row].is_wanted:
            raise CacheMisuseError(f"{what} is drawn from row {row}, which was not asked for")
        cell = self._rows[row].cell
        if cell.chain != chain:
            raise CacheMisuseError(f"{what} is drawn after {self._text(cell)[-200:]!r}")

    def token_id(self, piece: str) -> int:
        """Return the number of a piece of text, always the same."""
        number = token_id(piece)
        self._pieces[number] = piece
        return number

    def _text(self, cell: Cell | None) -> str:
        pieces: list[str] = []
        while cell is not None:
            pieces.append(self._pieces.get(cell.token, "?"))
            cell = cell.before
        return "".join(reversed(pieces))


class ScriptedDrawer:
    """Says one answer of a script, token by token."""

    def __init__(
        self,
        *,
        rule: Rule,
        turns: Turns,
        batch: LastBatch,
        prompt: Prompt,
        prompt_tokens: tuple[int, ...],
        job: Job,
        choice: int,
    ) -> None:
        self._rule = rule
        self._turns = turns
        self._batch = batch
        self._prompt = prompt
        self._prompt_tokens = prompt_tokens
        self._job = job
        self._choice = choice
        self._has_read = False
        self._pieces: list[str] | None = None
        # Item n stands for the prompt and the first n tokens of the answer.
        self._chains: list[int] = []

    def draw(self, row: int, *, place: int) -> TokenChoice | None:
        """Return the reply's token at ``place``, or fail as the rule says.

        Raises:
            CacheMisuseError: The row does not come after this answer's own text.
        """
        pieces = self._reply()
        if not 0 <= place <= len(pieces):
            raise CacheMisuseError(f"token {place} of an answer of {len(pieces)}")
        what = f"token {place} of the answer to {flatten(self._prompt)[1][-200:]!r}"
        self._batch.check(row, chain=self._chains[place], what=what)
        if place < len(pieces):
            return _choice(pieces[place], place, self._rule, want_top=self._job.want_logprobs)
        if self._rule.fail and self._rule.fail not in FAILS_IN_DECODE | FAILS_IN_TEXT:
            _fail(self._rule.fail)
        return None

    def check(self, feed: Feed) -> None:
        """Raise when what is fed in the place of this answer's prompt is something else.

        Raises:
            CacheMisuseError: It is.
        """
        own = self._prompt_tokens[feed.start : feed.start + len(feed.tokens)]
        if tuple(feed.tokens[: len(own)]) != own:
            raise CacheMisuseError(
                f"sequence {feed.sequence} is fed something else than its prompt at {feed.start}"
            )

    def wait_ms(self, feed: Feed) -> float:
        """Return how long this answer's part of a step takes."""
        wait_ms = self._rule.delay_ms if feed.n_rows else 0.0
        if not self._has_read and self._ends_prompt(feed):
            wait_ms += self._rule.prefill_ms
        return wait_ms

    def failure(self, feed: Feed) -> str:
        """Return how the rule makes this step fail, empty when it does not."""
        if self._rule.fail not in FAILS_IN_DECODE:
            return ""
        n_tokens = len(self._prompt_tokens) + min(self._rule.fail_after_tokens, len(self._reply()))
        return self._rule.fail if feed.start + len(feed.tokens) >= n_tokens else ""

    def read(self, feed: Feed) -> None:
        """Take note that a step went through; the prompt's own time is taken once."""
        self._has_read = self._has_read or self._ends_prompt(feed)

    def _ends_prompt(self, feed: Feed) -> bool:
        return feed.start < len(self._prompt_tokens) <= feed.start + len(feed.tokens)

    def _reply(self) -> list[str]:
        """Return the answer's tokens; which reply it is, is settled when it is first needed.

        So a request that is only read, or never begun, takes nobody's turn.
        """
        if self._pieces is None:
            self._pieces = self._next_pieces()
            chain = 0
            for token in self._prompt_tokens:
                chain = chained(chain, token)
            self._chains = [chain]
            for piece in self._pieces:
                chain = chained(chain, self._batch.token_id(piece))
                self._chains.append(chain)
        return self._pieces

    def _next_pieces(self) -> list[str]:
        rule, sampling = self._rule, self._job.request.sampling
        if sampling.temperature > 0:
            reply = rule.replies[(sampling.seed + self._choice) % len(rule.replies)]
        else:
            reply = self._turns.next(rule)
        if isinstance(self._prompt, ChatPrompt):
            reply = reply.removeprefix(self._prompt.assistant_prefix)
        pieces = split_tokens(reply)
        if not rule.fail:
            return pieces
        noise = garbage(flatten(self._prompt)[1]) if rule.fail == "garbage" else ""
        return [*pieces[: rule.fail_after_tokens], *split_tokens(noise)]


def token_id(piece: str) -> int:
    """Return the number of a piece of text."""
    return zlib.crc32(piece.encode()) % 2**31


@dataclass(frozen=True, slots=True, kw_only=True)
class _Row:
    """One token of the last batch."""

    cell: Cell
    is_wanted: bool
    """Whether what comes after it was asked for."""


def _fail(failure: str) -> None:
    if failure == "disconnect":
        raise ConnectionDropped
    if failure == "crash":
        os._exit(CRASH_STATUS)
    raise EngineRequestError(f"the script says to fail with {failure}", status=int(failure))


def _choice(piece: str, place: int, rule: Rule, *, want_top: bool) -> TokenChoice:
    number = zlib.crc32(f"{place} {piece}".encode())
    logprob = -(number % 1000) / 1000 if rule.logprob is None else rule.logprob
    margin = 0.1 + number % 700 / 100 if rule.margin is None else rule.margin
    raw = piece.encode()
    chosen = Candidate(token_id=token_id(piece), piece=raw, logprob=logprob)
    other = Candidate(token_id=chosen.token_id + 1, piece=b"~" + raw, logprob=logprob - margin)
    top = (chosen, other) if margin >= 0 else (other, chosen)
    return TokenChoice(chosen=chosen, top=top if want_top else (), margin=abs(margin))
