"""What is known of one suggestion that is followed. See ``following`` for how it comes about."""

from __future__ import annotations

from dataclasses import dataclass, field

from ducktypist.domain import Span
from ducktypist.ledger.attribution.matching import STILL_IN
from ducktypist.ledger.attribution.tokens import Ids, decoded
from ducktypist.ledger.events import Checkpoint, Persisted
from ducktypist.ledger.later import Sighted

CHECKPOINTS_S = {
    Checkpoint.AFTER_30_S: 30.0,
    Checkpoint.AFTER_2_MIN: 120.0,
    Checkpoint.AFTER_10_MIN: 600.0,
}
LATEST_S = {
    Checkpoint.AFTER_30_S: 120.0,
    Checkpoint.AFTER_2_MIN: 600.0,
    Checkpoint.AFTER_10_MIN: 86_400.0,
}
"""A look after that says nothing of the checkpoint any more, and it stays empty."""
N_MAX_BLANKS = 200
NOTABLE = 0.02
"""A smaller difference of the edit ratio is not worth a row."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Resumed:
    """What the ledger knows of a suggestion that was followed before a restart."""

    suggestion_id: str
    root: str
    path: str
    """Where it was last sighted, else where it was placed."""
    block_hash: str
    """As placed."""
    is_body: bool
    fingerprint: str
    age_s: float
    """Since it was placed."""
    edit_ratio: float = 0.0
    """As last sighted."""
    last_block_hash: str = ""
    """As last sighted."""
    made_hashes: frozenset[str] = frozenset()
    """Block hashes of its sightings as it was made."""
    done: frozenset[Checkpoint] = frozenset()
    """The checkpoints that are in the ledger."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What stands where, as of the last look at its file."""

    suggestion_id: str
    root: str
    path: str
    span: Span
    block_hash: str
    edit_ratio: float
    is_body: bool
    as_made: bool


@dataclass(slots=True, kw_only=True)
class Followed:
    """One suggestion, as of the last look."""

    suggestion_id: str
    root: str
    path: str
    ids: Ids
    is_body: bool
    at_s: float
    done: set[Checkpoint] = field(default_factory=set)
    made_ids: Ids | None = None
    """Tokens of the function as it was when this was taken; None where nobody knows."""
    made_hashes: set[str] = field(default_factory=set)
    ratio: float = 0.0
    block_hash: str = ""
    ratio_in: float = 0.0
    block_in: str = ""
    """The two when it was last still in."""
    as_made: bool = False
    span: Span = field(default_factory=lambda: Span(start=0, end=0))
    last: Sighted | None = None
    n_pasted_before: int = 0
    """What was pasted before it was taken is not it."""
    wanted: str = ""
    """It was pasted into this file, which is to be looked at."""
    is_new_state: bool = False
    """It is to be looked at because something else was checked out."""
    is_away: bool = False
    """It went with what is no longer checked out."""
    is_guest: bool = False
    """It was gone, and if it is back at the next look, something else being checked out brought
    it: the next checkout may take it away again."""
    vanished_s: float | None = None

    @classmethod
    def of(cls, known: Resumed, *, at_s: float) -> Followed:
        """Return what was followed before a restart, as far as the ledger knows it."""
        made = {*known.made_hashes, *([known.block_hash] if known.is_body else [])}
        last_hash = known.last_block_hash or known.block_hash
        return cls(
            suggestion_id=known.suggestion_id,
            root=known.root,
            path=known.path,
            ids=decoded(known.fingerprint),
            is_body=known.is_body,
            at_s=at_s - known.age_s,
            done=set(known.done),
            made_hashes=made - {""},
            ratio=known.edit_ratio,
            ratio_in=known.edit_ratio if known.edit_ratio <= STILL_IN else 0.0,
            block_hash=last_hash,
            block_in=last_hash,
        )

    def standing(self) -> Standing:
        """Return where it stands."""
        return Standing(
            suggestion_id=self.suggestion_id,
            root=self.root,
            path=self.path,
            span=self.span,
            block_hash=self.block_hash,
            edit_ratio=self.ratio,
            is_body=self.is_body,
            as_made=self.as_made,
        )

    def due(self, at_s: float) -> set[Checkpoint]:
        """Return the checkpoints that a look would say something of."""
        return {
            item
            for item, after_s in CHECKPOINTS_S.items()
            if item not in self.done and self.at_s + after_s <= at_s < self.at_s + LATEST_S[item]
        }

    def give_up(self, at_s: float) -> None:
        """Leave those empty for which it is too late."""
        self.done |= {item for item, late_s in LATEST_S.items() if at_s >= self.at_s + late_s}


def persisted(one: Followed, checkpoint: Checkpoint, ratio: float) -> Persisted:
    """Return the event of a checkpoint."""
    return Persisted(suggestion_id=one.suggestion_id, checkpoint=checkpoint, edit_ratio=ratio)


def differ(one: Sighted, other: Sighted) -> bool:
    """Tell whether a sighting says anything that the one before did not."""
    if (one.path, one.block_hash, one.as_made) != (other.path, other.block_hash, other.as_made):
        return True
    is_in = one.edit_ratio <= STILL_IN
    return abs(one.edit_ratio - other.edit_ratio) >= NOTABLE or is_in != (
        other.edit_ratio <= STILL_IN
    )


def renamed(path: str, old: str, new: str) -> str | None:
    """Return where a path is after a file or folder was renamed, None where it stays."""
    if path == old:
        return new
    return new + path.removeprefix(old) if path.startswith(f"{old}/") else None


def whole_words(text: str, span: Span) -> Span:
    """Return a span with the words at its borders whole."""
    start, end = span.start, span.end
    while 0 < start < len(text) and _is_word(text[start - 1]) and _is_word(text[start]):
        start -= 1
    while 0 < end < len(text) and _is_word(text[end - 1]) and _is_word(text[end]):
        end += 1
    return Span(start=start, end=max(start, end))


def with_blanks(text: str, span: Span) -> tuple[int, int]:
    """Return a span with the blanks around it: what is put back there was a part of it."""
    start, end = min(span.start, len(text)), min(span.end, len(text))
    start = len(text[max(0, start - N_MAX_BLANKS) : start].rstrip()) + max(0, start - N_MAX_BLANKS)
    after = text[end : end + N_MAX_BLANKS]
    return start, end + len(after) - len(after.lstrip())


def _is_word(char: str) -> bool:
    return char.isalnum() or char == "_"
