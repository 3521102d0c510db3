"""A program that writes to a ledger until it is stopped: ``python -m … PATH NAME N_PAIRS``.

It appends pairs of events, each pair at once, and prints ``acked K`` after each flush that said
that K pairs are in the file. Whoever started it may end it at any moment.
"""

from __future__ import annotations

import sys
from pathlib import Path

from ducktypist.bench.ledger.making import suggestions
from ducktypist.domain import Outcome
from ducktypist.ledger.events import Requested, Tier, Verified, Verifier
from ducktypist.ledger.store import Ledger

N_PER_FLUSH = 5


def pair(name: str, number: int, like: Requested) -> tuple[Requested, Verified]:
    """Return one suggestion and its outcome, under an id of their own."""
    one = f"{name}-{number:06}"
    return (
        Requested(
            suggestion_id=one,
            kind=like.kind,
            language=like.language,
            model=like.model,
            session_id=name,
            template_hash=like.template_hash,
            prompt_hash=like.prompt_hash,
        ),
        Verified(
            suggestion_id=one,
            verifier=Verifier.EXAMPLES,
            tier=Tier.VISIBLE,
            outcome=Outcome.PLAUSIBLE,
            n_repeats=3,
        ),
    )


def main(path: Path, name: str, n_pairs: int) -> None:
    """Write, and say what is safe."""
    like = next(
        event for _, event in next(suggestions(1, span_s=1.0, n=1)) if isinstance(event, Requested)
    )
    ledger = Ledger(path)
    for number in range(n_pairs):
        ledger.append_all(pair(name, number, like))
        if (number + 1) % N_PER_FLUSH == 0 and ledger.flush(60):
            sys.stdout.write(f"acked {number + 1}\n")
            sys.stdout.flush()
    ledger.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]))
