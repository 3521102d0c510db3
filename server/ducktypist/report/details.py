"""Single suggestions for the report: the newest ones, and those whose label changed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from ducktypist.ledger.query import Rows
from ducktypist.ledger.reading import Filter, where_clause

N_CHANGES = 50
MAX_TEXT_CHARS = 6_000
"""Of one kept text; the middle of a longer one is left out."""
MAX_TEXTS_CHARS = 400_000
"""Of all kept texts together, so that the page stays small; older ones are left out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelStep:
    """One label that a suggestion had."""

    at_utc: str
    label: str
    reason: str
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelChange:
    """A suggestion that had more than one label, the first one first."""

    suggestion_id: str
    kind: str
    language: str
    model: str
    quantisation: str
    steps: tuple[LabelStep, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptText:
    """A text that was kept because the person asked for it."""

    role: str
    text: str
    n_left_out: int
    """Characters that are not shown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One run of a check that is evidence, as the view ``check_result`` has it."""

    verifier: str
    tier: str
    result: str
    """``pass``, ``fail``, ``flaky``, or ``void`` where it says nothing."""
    n_repeats: int
    n_passed: int | None
    n_failed: int | None
    moment: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Detail:
    """One suggestion, as the view ``suggestion`` has it."""

    suggestion_id: str
    at_utc: str
    kind: str
    language: str
    model: str
    quantisation: str
    path: str
    trusted: int
    label: str
    label_by: str
    label_reason: str
    strongest_tier: str
    ttft_ms: float | None
    total_ms: float | None
    completion_tokens: int | None
    p_right: float | None
    p_low: float | None
    p_high: float | None
    n_like: int | None
    has_tell: int | None
    p_right_after: float | None
    p_low_after: float | None
    p_high_after: float | None
    n_like_after: int | None
    has_tell_after: int | None
    shown: int
    accepted: int
    dismissed: int
    edit_ratio_10min: float | None
    edit_ratio_next_commit: float | None
    checks: tuple[Check, ...] = ()
    texts: tuple[KeptText, ...] = ()


@dataclass(slots=True)
class _Room:
    """How many characters of kept text may still be shown."""

    n_chars: int = field(default=MAX_TEXTS_CHARS)


_COLUMNS = tuple(name for name in Detail.__slots__ if name not in {"checks", "texts"})


def read_details(rows: Rows, wanted: Filter, *, n_max: int) -> tuple[Detail, ...]:
    """Return the newest suggestions, newest first, with what was kept of their texts.

    Raises:
        LedgerError: The ledger cannot be read.
    """
    where, bindings = where_clause(wanted)
    sql = (
        f"SELECT {', '.join(_COLUMNS)} FROM suggestion {where} "  # noqa: S608 - names of our own; values are bound
        "ORDER BY at_utc DESC, suggestion_id DESC LIMIT ?"
    )
    found = rows.query(sql, [*bindings, n_max])
    identities = [row["suggestion_id"] for row in found]
    checks = _by_suggestion(
        rows, Check.__slots__, "check_result", identities, "at_utc, tier, verifier, result, moment"
    )
    texts = _by_suggestion(rows, ("role", "text"), "source_text", identities, "at_utc, seq")
    room = _Room()
    return tuple(
        Detail(
            **row,
            checks=tuple(Check(**check) for check in checks.get(row["suggestion_id"], ())),
            texts=tuple(_kept(**text, room=room) for text in texts.get(row["suggestion_id"], ())),
        )
        for row in found
    )


def read_changes(rows: Rows, wanted: Filter, *, n_max: int = N_CHANGES) -> tuple[LabelChange, ...]:
    """Return the suggestions whose label changed last, newest change first.

    Raises:
        LedgerError: The ledger cannot be read.
    """
    where, bindings = where_clause(wanted)
    sql = f"""
        SELECT s.suggestion_id, s.kind, s.language, s.model, s.quantisation
        FROM suggestion AS s
        JOIN (
            SELECT suggestion_id, max(at_utc) AS last_utc
            FROM label_history
            GROUP BY suggestion_id
            HAVING count(DISTINCT label) > 1
        ) AS h ON h.suggestion_id = s.suggestion_id
        {where}
        ORDER BY h.last_utc DESC, s.suggestion_id DESC
        LIMIT ?
    """  # noqa: S608 - no values
    found = rows.query(sql, [*bindings, n_max])
    identities = [row["suggestion_id"] for row in found]
    steps = _by_suggestion(rows, LabelStep.__slots__, "label_history", identities, "place")
    return tuple(
        LabelChange(**row, steps=tuple(LabelStep(**step) for step in steps[row["suggestion_id"]]))
        for row in found
    )


def _kept(*, role: str, text: str, room: _Room) -> KeptText:
    n_shown = min(len(text), MAX_TEXT_CHARS, room.n_chars)
    room.n_chars -= n_shown
    return KeptText(role=role, text=text[:n_shown], n_left_out=len(text) - n_shown)


def _by_suggestion(
    rows: Rows, columns: Sequence[str], view: str, identities: Sequence[str], order: str
) -> dict[str, list[dict[str, Any]]]:
    """Return the rows of some suggestions, by suggestion, each with the columns asked for."""
    found: dict[str, list[dict[str, Any]]] = {}
    if not identities:
        return found
    names, marks = ", ".join(columns), ", ".join("?" * len(identities))
    sql = (
        f"SELECT suggestion_id, {names} FROM {view} "  # noqa: S608 - names of our own; values are bound
        f"WHERE suggestion_id IN ({marks}) ORDER BY suggestion_id, {order}"
    )
    for row in rows.query(sql, list(identities)):
        found.setdefault(row.pop("suggestion_id"), []).append(row)
    return found
