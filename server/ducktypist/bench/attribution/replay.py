"""Puts a history to what follows and attributes, as the server does, and notes what was said.

Stands in for the server's part: it looks when a look is due, reads files, keeps a ledger, goes on
after a restart with what the ledger has. Decides nothing and corrects nothing.
"""

from __future__ import annotations

import datetime as dt
import functools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from ducktypist.bench.attribution import steps as it
from ducktypist.ledger.attribution.blame import Dated, attribute
from ducktypist.ledger.attribution.followed import CHECKPOINTS_S, Resumed
from ducktypist.ledger.attribution.following import Follower
from ducktypist.ledger.attribution.matching import STILL_IN
from ducktypist.ledger.events import (
    Event,
    Persisted,
    Revised,
    Settled,
    Verified,
)
from ducktypist.ledger.hashing import keyed_hash, plain_hash
from ducktypist.ledger.later import Placed, Sighted, TestRun, TestSeen
from ducktypist.ledger.times import utc_text
from ducktypist.syntax.blocks import block_hash_of, block_text
from ducktypist.syntax.regions import function_at

ROOT = "/made-up"
KEY = b"attribution".ljust(32, b"-")
START = dt.datetime(2030, 1, 7, 9, tzinfo=dt.UTC)
_E = TypeVar("_E", Placed, Sighted, TestRun, TestSeen)
N_MAX_LOOKS = 1000
ON_TIME, SLACK_S = 1.5, 2.0
"""A later look counts only if the file was not written since the checkpoint was due."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """One event, and how everything was when it was said."""

    at_s: float
    step: int
    """The last step before."""
    event: Event


@dataclass(slots=True, kw_only=True)
class Replay:
    """One history as the code under test sees it."""

    history: it.History
    said: list[Said] = field(default_factory=list)
    dropped: dict[int, float] = field(default_factory=dict)
    """Suggestions that a restart did not go on with, and when."""
    is_idempotent: bool = True
    _follower: Follower | None = None
    _step: int = -1
    _changed_s: dict[str, float] = field(default_factory=dict)
    _texts: dict[str, str] = field(default_factory=dict)
    _unseen: set[str] = field(default_factory=set)
    """Files that changed since they were last looked at."""

    def run(self) -> None:
        """Go through it."""
        self._follower = _new_follower()
        for number, step in enumerate(self.history.steps):
            self._wait(step.at_s)
            self._step = number
            self._notice(step)
            self._observe(step)
        self._wait(self.history.end_s)
        everything = self._attributed(known=())
        self.is_idempotent = not self._attributed(known=self._known()) and _labels(
            everything
        ) == _labels(item.event for item in self.said)

    # ------------------------------------------------------------------ what happens

    def _observe(self, step: it.Step) -> None:
        what, at_s = step.what, step.at_s
        if isinstance(what, it.Stopped):
            self._follower = None
        elif isinstance(what, it.Started):
            self._resume(at_s)
            for path in what.opened:
                self._open(at_s, path)
        elif isinstance(what, it.Ran):
            self._ran(at_s, what)
        elif isinstance(what, it.Committed | it.Switched):
            self._notice_git(at_s, what)
        elif self._follower is not None:
            self._notice_editor(at_s, what, self._follower)

    def _notice_git(self, at_s: float, what: it.Committed | it.Switched) -> None:
        follower = self._follower
        if follower is None:
            return
        if isinstance(what, it.Committed):
            self._look_at_all(at_s)
            files = {path: item.text if item else None for path, item in what.files.items()}
            self._note(at_s, follower.committed(at_s, ROOT, what.commit, files))
        else:
            follower.switched(at_s, ROOT)
            for path in what.paths:
                self._look(at_s, path)
            self._look_at_due(at_s)

    def _notice_editor(self, at_s: float, what: it.Observation, follower: Follower) -> None:
        if isinstance(what, it.Took):
            self._took(at_s, what, follower)
        elif isinstance(what, it.Edited):
            follower.edited(ROOT, what.path, what.span, what.new_text)
        elif isinstance(what, it.Opened):
            self._open(at_s, what.path)
        elif isinstance(what, it.Saved):
            self._look(at_s, what.path)
        elif isinstance(what, it.Closed):
            follower.closed(at_s, ROOT, what.path)
            self._look(at_s, what.path)
        elif isinstance(what, it.Renamed):
            follower.renamed(ROOT, what.old, what.new)
        elif isinstance(what, it.Changed):
            for path in what.paths:
                self._look(at_s, path)

    def _took(self, at_s: float, what: it.Took, follower: Follower) -> None:
        self._unseen.clear()
        events = follower.took(
            at_s,
            suggestion_id=str(what.key),
            root=ROOT,
            path=what.path,
            span=what.span,
            text=what.text,
            document=self._texts[what.path],
            is_body=what.is_body,
        )
        self._note(at_s, events)

    def _wait(self, until_s: float) -> None:
        """Look when it is time to."""
        now_s = self.history.steps[max(0, self._step)].at_s
        for _ in range(N_MAX_LOOKS):
            due_s = self._follower.next_due_s() if self._follower is not None else None
            if due_s is None or due_s > until_s:
                return
            now_s = max(now_s, due_s)
            self._look_at_due(now_s)
        message = "there is no end of what is due"
        raise AssertionError(message)

    def _look_at_due(self, at_s: float) -> None:
        if self._follower is not None:
            for _, path in self._follower.due(at_s):
                self._look(at_s, path)

    def _look_at_all(self, at_s: float) -> None:
        if self._follower is not None:
            for path in dict.fromkeys(one.path for one in self._follower.standing(ROOT)):
                self._look(at_s, path)

    def _look(self, at_s: float, path: str) -> None:
        if self._follower is None:
            return
        others = {
            other: self._texts[other]
            for other in sorted(self._unseen)
            if other != path and other in self._texts
        }
        text = self._texts.get(path)
        self._unseen.discard(path)
        events = self._follower.seen(at_s, ROOT, path, text, others=others)
        self._note(at_s, events, changed_s=self._changed_s.get(path, 0.0))

    def _open(self, at_s: float, path: str) -> None:
        if self._follower is not None:
            self._follower.opened(at_s, ROOT, path, self._texts[path])

    def _resume(self, at_s: float) -> None:
        found: list[Resumed] = []
        for key in self.history.texts:
            one = _resumed(str(key), self.said, at_s)
            if one is None or key in self.dropped:
                continue
            if one.edit_ratio > STILL_IN:
                self.dropped[key] = at_s
                continue
            found.append(one)
        self._follower = _new_follower()
        self._follower.resumed(at_s, found)
        for path in dict.fromkeys(one.path for one in found):
            self._look(at_s, path)

    def _ran(self, at_s: float, ran: it.Ran) -> None:
        self._look_at_all(at_s)
        blocks = {
            item.event.block_hash
            for item in self.said
            if isinstance(item.event, Sighted) and item.event.block_hash
        }
        rows = [row for row in map(_row(ran.run), ran.seen) if row.block_hash in blocks]
        if not rows:
            return
        run = TestRun(
            run_id=ran.run,
            project_hash=_keyed(ROOT),
            source=ran.source,
            ran_utc=_utc(ran.ran_s),
            environment_hash=ran.environment,
            commit_hash="",
            n_passed=sum(row.passed for row in rows),
            n_failed=sum(not row.passed for row in rows),
        )
        self._note(at_s, (run, *rows))
        self._note(at_s, self._attributed(known=self._known()))

    # ------------------------------------------------------------------ the ledger

    def _note(self, at_s: float, events: Sequence[Event], *, changed_s: float = 0.0) -> None:
        for event in events:
            if not isinstance(event, Persisted) or self._is_timely(event, at_s, changed_s):
                self.said.append(Said(at_s=at_s, step=self._step, event=event))

    def _is_timely(self, event: Persisted, at_s: float, changed_s: float) -> bool:
        after_s = CHECKPOINTS_S.get(event.checkpoint)
        if after_s is None:
            return True
        taken_s = next(
            item.at_s
            for item in self.said
            if isinstance(item.event, Placed) and item.event.suggestion_id == event.suggestion_id
        )
        age_s = at_s - taken_s
        return age_s <= after_s * ON_TIME + SLACK_S or changed_s <= taken_s + after_s

    def _notice(self, step: it.Step) -> None:
        texts = {path: item.text for path, item in step.files.items()}
        for path in {*texts, *self._texts}:
            if texts.get(path) != self._texts.get(path):
                self._changed_s[path] = step.at_s
                if self._step:
                    self._unseen.add(path)
        self._texts = texts

    def _known(self) -> list[Dated[Verified | Settled | Revised]]:
        return [
            Dated(at_utc=_utc(item.at_s), event=item.event)
            for item in self.said
            if isinstance(item.event, Verified | Settled | Revised)
        ]

    def _attributed(
        self, *, known: Sequence[Dated[Verified | Settled | Revised]]
    ) -> tuple[Verified | Settled | Revised, ...]:
        return attribute(
            self._dated(Placed),
            self._dated(Sighted),
            self._dated(TestRun),
            [item.event for item in self._dated(TestSeen)],
            known=known,
        )

    def _dated(self, kind: type[_E]) -> list[Dated[_E]]:
        return [
            Dated(at_utc=_utc(item.at_s), event=item.event)
            for item in self.said
            if isinstance(item.event, kind)
        ]


def block_at(path: str, text: str, offset: int) -> str:
    """Return the block at a place of made-up Python."""
    del path
    return _block_at(text, offset)


@functools.lru_cache(maxsize=20_000)
def _block_at(text: str, offset: int) -> str:
    function = function_at(text, "python", offset)
    return "" if function is None else block_text(text, function)


def _new_follower() -> Follower:
    return Follower(keyed=_keyed, block_at=block_at)


@functools.lru_cache(maxsize=200_000)
def _keyed(text: str) -> str:
    return keyed_hash(text, key=KEY)


def _row(run: str) -> functools.partial[TestSeen]:
    return functools.partial(_seen, run)


def _seen(run: str, seen: it.Seen) -> TestSeen:
    return TestSeen(
        run_id=run,
        test_hash=_keyed(seen.test),
        block_hash=_keyed(block_hash_of(seen.function)),
        passed=seen.passed,
        is_direct=seen.is_direct,
        test_block_hash=_keyed(seen.test_text),
        rest_hash=_keyed(plain_hash(seen.rest)) if seen.rest else "",
    )


def _utc(at_s: float) -> str:
    return utc_text(START + dt.timedelta(seconds=at_s))


def _labels(events: Iterable[Event]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for event in events:
        if isinstance(event, Settled | Revised):
            found.setdefault(event.suggestion_id, []).append(event.label.value)
    return found


def _resumed(name: str, said: Sequence[Said], at_s: float) -> Resumed | None:
    """Return what the ledger has of a suggestion, as the server reads it."""
    mine = [item for item in said if getattr(item.event, "suggestion_id", "") == name]
    placed = [item for item in mine if isinstance(item.event, Placed)]
    if not placed:
        return None
    first, last = placed[0], placed[-1].event
    assert isinstance(last, Placed)  # noqa: S101 - for the types only
    looks = [
        item.event
        for item in mine
        if isinstance(item.event, Sighted) and not item.event.commit_hash
    ]
    done = {item.event.checkpoint for item in mine if isinstance(item.event, Persisted)}
    look = looks[-1] if looks else None
    return Resumed(
        suggestion_id=name,
        root=ROOT,
        path=(look.path if look else "") or last.path,
        block_hash=last.block_hash,
        is_body=last.is_body,
        fingerprint=last.fingerprint,
        age_s=at_s - first.at_s,
        edit_ratio=look.edit_ratio if look else 0.0,
        last_block_hash=look.block_hash if look else "",
        made_hashes=frozenset(item.block_hash for item in looks if item.as_made),
        done=frozenset(done),
    )
