"""A program that writes to a ledger: ``python ledger_writer.py PATH NAME N_EVENTS [N_BATCH]``.

It prints ``acked K`` after each flush that returned True, and ends with its counts as JSON.
Environment variables, for the fault tests: ``BECOME_UID`` gives up root before writing,
``MAX_FILE_BYTES`` is a disk that is full from there on.
"""

from __future__ import annotations

import json
import os
import resource
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from ducktypist.ledger.store import Ledger
from support.ledger_events import requested, verified


def main() -> None:
    """Write, and report."""
    path, name, n_events = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
    n_batch = int(sys.argv[4]) if len(sys.argv) > 4 else 20
    if uid := os.environ.get("BECOME_UID"):
        os.seteuid(int(uid))
    if limit := os.environ.get("MAX_FILE_BYTES"):
        resource.setrlimit(resource.RLIMIT_FSIZE, (int(limit), resource.RLIM_INFINITY))
    ledger = Ledger(path)
    flushed = True
    for i in range(0, n_events, 2):
        ledger.append(requested(f"{name}-{i}"))
        ledger.append(verified(f"{name}-{i}"))
        if (i + 2) % n_batch == 0 or i + 2 >= n_events:
            flushed = ledger.flush(60)
            if flushed:
                print("acked", i + 2, flush=True)  # noqa: T201 - the report
    ledger.close()
    counts = {
        "logged": ledger.n_logged,
        "unlogged": ledger.n_unlogged,
        "flushed": flushed,
        "error": ledger.last_error,
    }
    print(json.dumps(counts), flush=True)  # noqa: T201 - as above


if __name__ == "__main__":
    main()
