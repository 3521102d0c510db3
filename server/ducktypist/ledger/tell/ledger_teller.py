"""What features ask for predictions in a language server: answers from memory, not the disk.

:meth:`LedgerTeller.look` looks at the disk and is called in a thread. Nothing is learned here: it
reads what ``learning`` kept, and says when there is enough that is new.
"""

from __future__ import annotations

import logging
from pathlib import Path

from ducktypist.domain import Prediction
from ducktypist.errors import LedgerError
from ducktypist.ledger.query import SqliteRows
from ducktypist.ledger.tell.calibrator import Calibrator
from ducktypist.ledger.tell.files import calibrator_file, read_calibrator
from ducktypist.ledger.tell.learning import is_due
from ducktypist.ledger.tell.making import base_rates
from ducktypist.ledger.tell.seeds import Seed, load_seeds
from ducktypist.ledger.tell.signals import Signals

_LOG = logging.getLogger(__name__)


class LedgerTeller:
    """A ``Teller`` that knows what was learned of a ledger.

    It knows the seeds alone until :meth:`look` was called once.

    Args:
        path: The ledger's file; it may not be there yet.
        seeds: What is known of model files beforehand; those of the program when None.
    """

    def __init__(self, path: Path, *, seeds: tuple[Seed, ...] | None = None) -> None:
        self.path = path
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

    def look(self) -> bool:
        """Read what was learned since, and tell whether there is enough to learn anew.

        Blocks on the disk. Never raises for the ledger or the file: what was known goes on to
        serve.
        """
        try:
            self._read()
        except LedgerError as error:
            _LOG.info("predictions stay as they are: %s", error)
        try:
            return self._is_due()
        except LedgerError as error:
            _LOG.info("nothing can be learned: %s", error)
            return False

    def _read(self) -> None:
        """Take the file's calibrator where the file changed."""
        file = calibrator_file(self.path)
        stamp = _stamp(file)
        if not stamp or stamp == self._seen_file:
            return
        self._seen_file = stamp
        self._calibrator = read_calibrator(file)

    def _is_due(self) -> bool:
        """Count what is new, where the ledger changed since there was too little."""
        stamp = (*_stamp(self.path), *_stamp(self.path.with_name(f"{self.path.name}-wal")))
        if not stamp or stamp == self._seen_ledger:
            return False
        if is_due(self._calibrator, SqliteRows(self.path), self._seeds):
            return True
        self._seen_ledger = stamp
        return False


def _stamp(path: Path) -> tuple[int, ...]:
    """Return what changes when a file does; nothing where there is none."""
    try:
        status = path.stat()
    except OSError:
        return ()
    return (status.st_ino, status.st_size, status.st_mtime_ns)
