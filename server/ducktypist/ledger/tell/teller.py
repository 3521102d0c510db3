"""What features ask: how likely is this one right? Answers from memory, never from the disk."""

from __future__ import annotations

from typing import Protocol

from ducktypist.domain import Prediction
from ducktypist.ledger.tell.signals import Signals


class Teller(Protocol):
    """Something that foretells."""

    def before_running(self, signals: Signals) -> Prediction | None:
        """Foretell from an answer's own signals; None where nothing at all is known."""

    def after_running(self, signals: Signals) -> Prediction | None:
        """Foretell once it was run, from what that said as well."""
