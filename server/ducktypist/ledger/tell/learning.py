"""Learning anew from a ledger, where that is worth it: one process learns, and all read the file.

When it is worth it is decided here; what is learned is ``making``'s. Fitting takes seconds and
loads numpy, so a language server lets a process of its own do it; see ``ledger_teller``.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from ducktypist.errors import LedgerError
from ducktypist.ledger.query import Rows, SqliteRows
from ducktypist.ledger.tell.calibrator import Calibrator
from ducktypist.ledger.tell.files import calibrator_file, read_calibrator, write_calibrator
from ducktypist.ledger.tell.making import base_rates, best_calibrator
from ducktypist.ledger.tell.rows import n_known, past
from ducktypist.ledger.tell.seeds import Seed, load_seeds, seeds_hash
from ducktypist.locks import open_lock, try_lock

N_NEW = 30
"""So many new outcomes of a kind are worth a new fit; below 30 altogether, each one is."""

NEW_SHARE = 20
"""Of many outcomes, a twentieth must be new: a fit of tens of thousands takes seconds."""


def learn(ledger: Path, *, seeds: tuple[Seed, ...] | None = None) -> bool:
    """Learn anew and keep it, where enough is new; tell whether it was.

    Nothing is done where another process is at it.

    Args:
        ledger: The ledger's file.
        seeds: What is known of model files beforehand; those of the program when None.

    Raises:
        LedgerError: The ledger cannot be read, or nothing can be kept beside it.
    """
    sown = load_seeds() if seeds is None else seeds
    rows, file = SqliteRows(ledger), calibrator_file(ledger)
    if not is_due(_known(file, sown), rows, sown):
        return False
    with _alone(file) as is_alone:
        # Another process may have been faster.
        if not is_alone or not is_due(_known(file, sown), rows, sown):
            return False
        write_calibrator(file, best_calibrator(past(rows), sown))
    return True


def is_due(known: Calibrator, rows: Rows, seeds: tuple[Seed, ...]) -> bool:
    """Tell whether the ledger or the program's seeds hold enough that a calibrator lacks.

    Raises:
        LedgerError: The ledger cannot be read.
    """
    return known.seeds != seeds_hash(seeds) or is_worth_it(known.n_known, n_known(rows))


def is_worth_it(before: dict[str, int], now: dict[str, int]) -> bool:
    """Tell whether enough outcomes came to learn anew.

    Fewer than before (something was purged) is worth it as well: what was taken out is to be
    forgotten.
    """
    for kind in before.keys() | now.keys():
        n_before, n_now = before.get(kind, 0), now.get(kind, 0)
        n_wanted = max(N_NEW, n_before // NEW_SHARE) if n_before >= N_NEW else 1
        if n_now - n_before >= n_wanted or n_now < n_before:
            return True
    return False


def _known(file: Path, seeds: tuple[Seed, ...]) -> Calibrator:
    try:
        return read_calibrator(file)
    except LedgerError:
        return base_rates((), seeds)


@contextlib.contextmanager
def _alone(file: Path) -> Iterator[bool]:
    """Tell whether nobody else learns now, and keep others from it meanwhile.

    Raises:
        LedgerError: The place cannot be written.
    """
    place = file.with_name(f"{file.name}.lock")
    try:
        lock = open_lock(place)
    except OSError as error:
        raise LedgerError(f"{place} cannot be written: {error.strerror or error}") from error
    try:
        try:
            is_ours = try_lock(lock)
        except OSError:
            is_ours = False
        yield is_ours
    finally:
        os.close(lock)
