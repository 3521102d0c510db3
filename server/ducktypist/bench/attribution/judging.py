"""Holds what was said of a history against the truth."""

from __future__ import annotations

import enum
import functools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from ducktypist.bench.attribution import steps as it
from ducktypist.bench.attribution import truth
from ducktypist.bench.attribution.replay import Replay, Said
from ducktypist.domain import Outcome
from ducktypist.ledger.attribution.followed import CHECKPOINTS_S
from ducktypist.ledger.events import (
    Checkpoint,
    Label,
    Moment,
    Persisted,
    Revised,
    Settled,
    Verified,
)
from ducktypist.ledger.later import Placed

NEAR = 0.1
"""How far a ratio may be from the true one."""


class What(enum.StrEnum):
    """What is judged."""

    AFTER_30_S = "still in after 30 s"
    AFTER_2_MIN = "still in after 2 min"
    AFTER_10_MIN = "still in after 10 min"
    NEXT_COMMIT = "still in at the next commit"
    RATIO = "edit ratio within 0.1, where it is still in"
    LABEL = "label"
    BLAME = "who is to blame for a failing run"


CHECKS = {
    Checkpoint.AFTER_30_S: What.AFTER_30_S,
    Checkpoint.AFTER_2_MIN: What.AFTER_2_MIN,
    Checkpoint.AFTER_10_MIN: What.AFTER_10_MIN,
    Checkpoint.NEXT_COMMIT: What.NEXT_COMMIT,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """One thing that was said, or should have been."""

    what: What
    seed: int
    key: int
    said: str
    true: str
    is_right: bool
    is_silent: bool = False
    """Nothing was said where something is known."""
    note: str = ""
    """What had happened just before."""

    @property
    def example(self) -> str:
        """Return it in words."""
        said = "nothing" if self.is_silent else self.said
        return f"seed {self.seed}, suggestion {self.key}: said {said}, true {self.true}{self.note}"


def judged(replay: Replay) -> list[Judged]:
    """Return everything that was said or should have been."""
    return [*_checkpoints(replay), *_labels(replay), *_blames(replay)]


# --------------------------------------------------------------------------- what still stands


def _checkpoints(replay: Replay) -> Iterator[Judged]:
    said: dict[tuple[int, Checkpoint], list[tuple[Said, float]]] = {}
    for item in replay.said:
        if isinstance(item.event, Persisted):
            which = int(item.event.suggestion_id), item.event.checkpoint
            said.setdefault(which, []).append((item, item.event.edit_ratio))
    for key, (taken_s, took) in _taken(replay).items():
        commit = _commit(replay.history, key, took)
        for checkpoint, what in CHECKS.items():
            events = said.pop((key, checkpoint), [])
            if checkpoint in CHECKPOINTS_S:
                due = _due(replay, key, taken_s, CHECKPOINTS_S[checkpoint])
            else:
                due = commit
                if commit is not None and key in replay.dropped:
                    due = commit if commit[0] < replay.dropped[key] else None
            yield from _checkpoint(replay, key, what, events, due)


def _checkpoint(
    replay: Replay,
    key: int,
    what: What,
    events: list[tuple[Said, float]],
    due: tuple[float, float] | None,
) -> Iterator[Judged]:
    seed = replay.history.seed
    if not events:
        if due is not None:
            yield Judged(
                what=what,
                seed=seed,
                key=key,
                said="",
                true=_in(due[1]),
                is_right=False,
                is_silent=True,
            )
        return
    for number, (item, ratio) in enumerate(events):
        if what is What.NEXT_COMMIT:
            true = due[1] if due is not None and due[0] == item.at_s else None
        else:
            true = _truth(replay.history, key, item.step)
        note = f" ({ratio:.2f}, {_recently(replay.history, item.step)})"
        if true is None or number:
            why = "nothing to say" if true is None else "said before"
            yield Judged(
                what=what, seed=seed, key=key, said=_in(ratio), true=why, is_right=False, note=note
            )
            continue
        note = f" ({ratio:.2f} for {true:.2f}, {_recently(replay.history, item.step)})"
        is_in = true <= truth.STILL_IN
        yield Judged(
            what=what,
            seed=seed,
            key=key,
            said=_in(ratio),
            true=_in(true),
            is_right=(ratio <= truth.STILL_IN) == is_in,
            note=note,
        )
        if is_in:
            yield Judged(
                what=What.RATIO,
                seed=seed,
                key=key,
                said=f"{ratio:.2f}",
                true=f"{true:.2f}",
                is_right=abs(ratio - true) <= NEAR,
                note=note,
            )


def _taken(replay: Replay) -> dict[int, tuple[float, int]]:
    found: dict[int, tuple[float, int]] = {}
    for item in replay.said:
        if isinstance(item.event, Placed):
            found.setdefault(int(item.event.suggestion_id), (item.at_s, item.step))
    return found


def _due(replay: Replay, key: int, taken_s: float, after_s: float) -> tuple[float, float] | None:
    """Return when a checkpoint must be said and the true ratio; None where it need not be."""
    due_s = taken_s + after_s
    history = replay.history
    if due_s > history.end_s or replay.dropped.get(key, due_s) < due_s:
        return None
    step = max(n for n, found in enumerate(history.steps) if found.at_s <= due_s)
    is_up = True
    for found in history.steps[: step + 1]:
        if isinstance(found.what, it.Stopped | it.Started):
            is_up = isinstance(found.what, it.Started)
    ratio = _truth(history, key, step)
    return (due_s, ratio) if is_up and ratio is not None else None


def _truth(history: it.History, key: int, step: int) -> float | None:
    """Return the true ratio after a step, None while it is away; what was gone is not away."""
    state = history.steps[step]
    if _is_away(history, key, step):
        return None
    return truth.ratio(key, history.texts[key], state.files)


def _is_away(history: it.History, key: int, step: int) -> bool:
    """Tell whether it is gone because of what is checked out, and stood there before."""
    return step in _away(history, key)


@functools.lru_cache(maxsize=64)
def _away(history: it.History, key: int) -> frozenset[int]:
    """Return the steps at which it is away."""
    said, found, is_away, is_guest = history.texts[key], set[int](), False, False
    for number, step in enumerate(history.steps):
        is_in = truth.ratio(key, said, step.files) <= truth.STILL_IN
        was_away, is_away = is_away, is_away and not is_in
        if isinstance(step.what, it.Switched):
            # The editor reads the file again before anybody is told of the checkout.
            before = number
            while before and history.steps[before].note.endswith(step.note):
                before -= 1
            was_in = truth.ratio(key, said, history.steps[before].files) <= truth.STILL_IN
            if was_in and not is_in and not is_guest:
                is_away = True
                found.update(range(before + 1, number))
            was_away = was_away or before in found
            is_guest = is_in and not was_away and (is_guest or not was_in)
        if is_away:
            found.add(number)
    return frozenset(found)


def _commit(history: it.History, key: int, took: int) -> tuple[float, float] | None:
    """Return when a suggestion's next commit was and the true ratio in it."""
    said, path = history.texts[key], ""
    is_up = True
    for number, step in enumerate(history.steps[took:], took):
        path = truth.path_of(key, said, step.files) or path
        what = step.what
        if isinstance(what, it.Stopped | it.Started):
            is_up = isinstance(what, it.Started)
        if not is_up or not isinstance(what, it.Committed) or path not in what.files:
            continue
        there = {name: item for name, item in what.files.items() if item is not None}
        ratio = truth.ratio(key, said, there)
        is_here = truth.ratio(key, said, step.files) <= truth.STILL_IN
        stands = is_here or _is_away(history, key, number)
        if ratio <= truth.STILL_IN or not stands:
            return step.at_s, ratio
    return None


# --------------------------------------------------------------------------- what the tests said


def _labels(replay: Replay) -> Iterator[Judged]:
    last: dict[int, tuple[str, str]] = {}
    for item in replay.said:
        if isinstance(item.event, Settled | Revised):
            last[int(item.event.suggestion_id)] = item.event.label.value, item.event.reason
    for key, true in replay.history.truth.items():
        said, reason = last.get(key, (Label.UNVERIFIED.value, ""))
        yield Judged(
            what=What.LABEL,
            seed=replay.history.seed,
            key=key,
            said=said,
            true=true,
            is_right=said == true,
            is_silent=said == Label.UNVERIFIED.value != true,
            note=f" ({reason})" if reason else "",
        )


def _blames(replay: Replay) -> Iterator[Judged]:
    """Give, for each run in which a test of a body as it was made fails, who was blamed."""
    blamed: dict[tuple[int, str], str] = {}
    for item in replay.said:
        event = item.event
        if not isinstance(event, Verified) or event.moment is not Moment.AS_SUGGESTED:
            continue
        if event.outcome in {Outcome.STILL_FAILING, Outcome.REGRESSED}:
            blamed[int(event.suggestion_id), event.run_id] = event.outcome.value
    truly: Mapping[tuple[int, str], None] = {
        (row.blamed, step.what.run): None
        for step in replay.history.steps
        if isinstance(step.what, it.Ran)
        for row in step.what.seen
        if row.blamed
    }
    for key, run in dict.fromkeys([*truly, *blamed]):
        is_said, is_true = (key, run) in blamed, (key, run) in truly
        yield Judged(
            what=What.BLAME,
            seed=replay.history.seed,
            key=key,
            said="its own" if is_said else "",
            true="its own" if is_true else "another's",
            is_right=is_said and is_true,
            is_silent=not is_said,
            note=f" ({run})",
        )


def _in(ratio: float) -> str:
    return "in" if ratio <= truth.STILL_IN else "gone"


def _recently(history: it.History, step: int) -> str:
    notes: list[str] = []
    for found in reversed(history.steps[: step + 1]):
        if not notes or notes[-1] != found.note:
            notes.append(found.note)
        if len(notes) == 6:  # noqa: PLR2004 - enough to see what it was
            break
    return " < ".join(notes)
