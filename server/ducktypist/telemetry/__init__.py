"""What the ledger is told, told to an organisation's own collector as well, where they ask for it.

Off unless ``telemetry.enabled`` is set. It carries what the ledger carries by default: no source
text, no path, no name of a function, not even a hash of one. See ``docs/telemetry.md``.
"""

from ducktypist.telemetry.ledger import TelemetryLedger
from ducktypist.telemetry.settings import Target, target_of

__all__ = ["Target", "TelemetryLedger", "target_of"]
