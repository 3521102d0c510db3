"""The check of the ledger: whole, private, at one with itself, and nothing missing from it."""

from __future__ import annotations

from ducktypist import config
from ducktypist.doctor.check import Check, bad, doubtful, good
from ducktypist.doctor.sizes import size
from ducktypist.doctor.subject import Subject
from ducktypist.domain import Json
from ducktypist.errors import LedgerError
from ducktypist.ledger.moving import checking
from ducktypist.ledger.moving.checking import Weight

NAME = "ledger"
WORTH_A_WARNING = frozenset({"gap", "set aside", "key"})
"""Notes of the check that a person should read; the others are told among the details."""


def ledger(subject: Subject) -> Check:
    """Look the ledger over, as ``ducktypist ledger check`` does."""
    path = config.ledger_path(subject.settings.ledger)
    if not path.exists():
        return good(NAME, "none yet: it appears with the first suggestion", path=str(path))
    try:
        found = checking.check(path)
    except LedgerError as error:
        advice = "move the file away, or restore a backup; a new one is begun by itself"
        return bad(NAME, str(error), advice, path=str(path))
    files = (path, path.with_name(f"{path.name}-wal"))
    n_bytes = sum(file.stat().st_size for file in files if file.exists())
    details: dict[str, Json] = {
        "path": str(path),
        "n_bytes": n_bytes,
        "n_events": found.n_events,
        "schema": found.schema,
        "findings": [
            {"weight": str(item.weight), "what": item.what, "says": item.says}
            for item in found.findings
        ],
    }
    summary = f"{found.n_events:,} events, {size(n_bytes)}"
    damage = [item.says for item in found.findings if item.weight is Weight.DAMAGE]
    if damage:
        more = f" (and {len(damage) - 1} more)" if len(damage) > 1 else ""
        advice = "see `ducktypist ledger check`"
        return bad(NAME, f"{summary}, not sound: {damage[0]}{more}", advice, **details)
    notes = [item.says for item in found.findings if item.what in WORTH_A_WARNING]
    if notes:
        advice = "see `ducktypist ledger check`"
        return doubtful(NAME, f"{summary}, sound; {'; '.join(notes)}", advice, **details)
    return good(NAME, f"{summary}, sound", **details)
