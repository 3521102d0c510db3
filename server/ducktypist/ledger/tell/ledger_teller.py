"""What features ask for predictions in a language server: answers from memory, not the disk.

:meth:`LedgerTeller.refresh` looks at the disk and is called in a thread. Several windows share one
calibrator file: one of them fits, the others read what it wrote.
"""

from __future__ import annotations

import contextlib
import fcntl
import logging
import os
from collections.abc import Iterator
from pathlib import Path

from ducktypist.domain import Prediction
from ducktypist.errors import LedgerError
from ducktypist.ledger.query import SqliteRows
from ducktypist.ledger.tell.calibrator import Calibrator
from ducktypist.ledger.tell.files import read_calibrator, write_calibrator
from ducktypist.ledger.tell.making import base_rates, best_calibrator
from ducktypist.ledger.tell.rows import n_known, past
from ducktypist.ledger.tell.seeds import Seed, load_seeds, seeds_hash
from ducktypist.ledger.tell.signals import Signals

FILE_NAME = "calibrator.json"
"""In the state folder."""

N_NEW = 30
"""So many new outcomes of a kind are worth a new fit; below 30 altogether, each one is."""

NEW_SHARE = 20
"""Of many outcomes, a twentieth must be new: a fit of tens of thousands takes seconds."""

_LOG = logging.getLogger(__name__)


class LedgerTeller:
    """A ``Teller`` that knows what the ledger knows.

    It knows the seeds alone until :meth:`refresh` was called once.

    Args:
        path: The ledger's file; it may not be there yet.
        calibration_file: Where the calibrator is kept.
        seeds: What is known of model files beforehand; those of the program when None.
    """

    def __init__(
        self, path: Path, calibration_file: Path, *, seeds: tuple[Seed, ...] | None = None
    ) -> None:
        self.path = path
        self.calibration_file = calibration_file
        self._seeds = load_seeds() if seeds is None else seeds
        self._calibrator = base_rates((), self._seeds)
        self._seen_file: tuple[int, ...] = ()
        self._seen_ledger: tuple[int, ...] = ()

    @property
    def calibrator(self) -> Calibrator:
        """What it predicts with at present."""
        return self._calibrator

    def before_running(self, signals: Signals) -> Prediction | None:
        """Foretell from an answer's own signals; None where nothing at all is known."""
        return self._calibrator.before_running(signals)

    def after_running(self, signals: Signals) -> Prediction | None:
        """Foretell once it was run, from what that said as well."""
        return self._calibrator.after_running(signals)

    def refresh(self) -> bool:
        """Read what another window learned, and learn from new outcomes; tell whether it changed.

        Blocks on the disk and on arithmetic. Never raises for the ledger or the file: what was
        known goes on to serve.
        """
        version = self._calibrator.version
        for step in (self._read, self._learn):
            try:
                step()
            except LedgerError as error:
                _LOG.info("predictions stay as they are: %s", error)
        return self._calibrator.version != version

    def _read(self) -> None:
        """Take the file's calibrator where the file changed."""
        stamp = _stamp(self.calibration_file)
        if not stamp or stamp == self._seen_file:
            return
        self._seen_file = stamp
        self._calibrator = read_calibrator(self.calibration_file)

    def _learn(self) -> None:
        """Make a new calibrator where the ledger holds enough that is new."""
        stamp = (*_stamp(self.path), *_stamp(self.path.with_name(f"{self.path.name}-wal")))
        if not stamp or stamp == self._seen_ledger:
            return
        rows = SqliteRows(self.path)
        known = self._calibrator
        is_sown = known.seeds == seeds_hash(self._seeds)
        if is_sown and not is_worth_it(known.n_known, n_known(rows)):
            self._seen_ledger = stamp
            return
        with _alone(self.calibration_file) as is_alone:
            if not is_alone:
                # Another window is at it; its file is read the next time.
                return
            calibrator = best_calibrator(past(rows), self._seeds)
            self._calibrator = calibrator
            self._seen_ledger = stamp
            write_calibrator(self.calibration_file, calibrator)
            self._seen_file = _stamp(self.calibration_file)


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


@contextlib.contextmanager
def _alone(calibration_file: Path) -> Iterator[bool]:
    """Tell whether nobody else fits now, and keep others from it meanwhile.

    Where nothing can be kept, everybody learns alone.
    """
    try:
        calibration_file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = os.open(
            calibration_file.with_name(f"{calibration_file.name}.lock"),
            os.O_RDWR | os.O_CREAT | os.O_CLOEXEC,
            0o600,
        )
    except OSError:
        yield True
        return
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            yield False
        else:
            yield True
    finally:
        os.close(lock)


def _stamp(path: Path) -> tuple[int, ...]:
    """Return what changes when a file does; nothing where there is none."""
    try:
        status = path.stat()
    except OSError:
        return ()
    return (status.st_ino, status.st_size, status.st_mtime_ns)
