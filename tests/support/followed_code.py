"""A ledger in which an accepted suggestion is followed, as the server would have written it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ducktypist.features.attributing import project_hash
from ducktypist.ledger.events import Accepted
from ducktypist.ledger.later import How, Placed, Sighted
from ducktypist.ledger.query import SqliteRows
from ducktypist.ledger.store import Ledger
from ducktypist.syntax.blocks import block_hash_of, block_text
from ducktypist.syntax.regions import function_named
from support.ledger_events import generated, new_id, requested, verified


def follow(
    ledger: Ledger, root: Path, path: str, function: str, *, language: str = "python"
) -> str:
    """Write that a function's body was suggested, checked by us, taken and seen; return its id."""
    text = (root / path).read_text(encoding="utf-8")
    region = function_named(text, language, function)
    assert region is not None
    block = ledger.keyed_hash(block_hash_of(block_text(text, region)))
    suggestion_id = new_id()
    ledger.append_all(
        [
            requested(suggestion_id, language=language),
            generated(suggestion_id),
            verified(suggestion_id),
            Accepted(suggestion_id=suggestion_id),
            Placed(
                suggestion_id=suggestion_id,
                project_hash=project_hash(ledger, root),
                path=path,
                block_hash=block,
                is_body=True,
                n_tokens=10,
                fingerprint="",
            ),
            Sighted(
                suggestion_id=suggestion_id,
                path=path,
                how=How.TRACKED,
                edit_ratio=0.0,
                block_hash=block,
                as_made=True,
            ),
        ]
    )
    assert ledger.flush()
    return suggestion_id


def label_of(path: Path, suggestion_id: str) -> str:
    """Return the label that the ledger shows."""
    rows = query(path, "SELECT label FROM suggestion WHERE suggestion_id = ?", suggestion_id)
    return str(rows[0]["label"])


def history_of(path: Path, suggestion_id: str) -> list[str]:
    """Return every label that a suggestion ever had."""
    rows = query(
        path,
        "SELECT label FROM label_history WHERE suggestion_id = ? ORDER BY place",
        suggestion_id,
    )
    return [row["label"] for row in rows]


def query(path: Path, sql: str, *bindings: Any) -> list[dict[str, Any]]:
    """Return rows of the ledger."""
    return SqliteRows(path).query(sql, bindings)
