"""One call: a ledger in, a finished file out."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from ducktypist.errors import LedgerError
from ducktypist.ledger.query import Rows, SqliteRows
from ducktypist.ledger.reading import Filter
from ducktypist.report.content import N_DETAILS, empty_content, read_content
from ducktypist.report.page import page


def build(rows: Rows, wanted: Filter, *, n_details: int = N_DETAILS, n_unnoted: int = 0) -> bytes:
    """Return the report as an HTML file; the same rows give the same bytes.

    Blocks for as long as the ledger takes to read, a few seconds for a million events.

    Args:
        rows: The ledger.
        wanted: Which suggestions it is about.
        n_details: How many single suggestions to list, the newest.
        n_unnoted: Events that a running server could not write and not even note.

    Raises:
        LedgerError: The ledger cannot be read.
        DucktypistError: The charts' library is not installed.
    """
    if isinstance(rows, SqliteRows) and not rows.path.exists():
        # A ledger appears with the first suggestion.
        return page(empty_content(wanted, n_unnoted=n_unnoted))
    return page(read_content(rows, wanted, n_details=n_details, n_unnoted=n_unnoted))


def save(document: bytes, place: Path) -> None:
    """Write the file whole or not at all, readable by its owner only: it may hold kept texts.

    Raises:
        LedgerError: It cannot be written there.
    """
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        # Made with mode 0600.
        handle, name = tempfile.mkstemp(dir=place.parent, prefix=f".{place.name}.")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(document)
            Path(name).replace(place)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
    except OSError as error:
        reason = error.strerror or error
        raise LedgerError(
            f"the report cannot be written to {place}: {reason}; name another file with --out"
        ) from error
