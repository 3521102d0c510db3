"""What a shipped bench found of exact model files: where the rates start on a new machine.

``seeds.json`` beside this file holds counts, made by ``ducktypist calibrate --seeds-to FILE`` from
the ledger of a bench run. They are a start and not evidence of this person's code: however large
the bench was, it weighs as much as ``prior.PSEUDO_COUNT`` suggestions.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from importlib import resources
from pathlib import Path
from typing import Any

from ducktypist.domain import Kind
from ducktypist.errors import LedgerError
from ducktypist.ledger.hashing import plain_hash
from ducktypist.ledger.tell.cases import Past, Stratum, strata_of

SCHEMA = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Seed:
    """How often one model file was right at one kind and language."""

    model_sha256: str
    kind: Kind
    language: str
    stratum: Stratum
    n: int
    """Suggestions whose outcome is known."""
    n_right: int
    command: str
    """What made it."""


def load_seeds(path: Path | None = None) -> tuple[Seed, ...]:
    """Return the seeds of a file, or those that come with the program.

    Raises:
        LedgerError: The file is not one of seeds.
    """
    name = str(path) if path is not None else "seeds.json"
    try:
        if path is None:
            text = (resources.files("ducktypist.ledger.tell") / "seeds.json").read_text("utf-8")
        else:
            text = path.read_text("utf-8")
        found = json.loads(text)
        if found["schema"] != SCHEMA:
            raise LedgerError(f"{name} has schema {found['schema']!r:.20}, expected {SCHEMA}")
        return tuple(_seed(item) for item in found["seeds"])
    except (OSError, UnicodeDecodeError, ValueError, KeyError, TypeError) as error:
        message = f"{name} is not a file of seeds: {error}; make it with `ducktypist calibrate`"
        raise LedgerError(message) from error


def seeds_of(past: Iterable[Past], *, command: str) -> tuple[Seed, ...]:
    """Return the counts of a bench's ledger, sorted.

    Args:
        past: What the ledger holds.
        command: What made it, so that it can be made again.
    """
    counts: dict[tuple[str, Kind, str, Stratum], list[int]] = {}
    for case in past:
        signals = case.signals
        for stratum in strata_of(case):
            key = (signals.model_sha256, signals.kind, signals.language, stratum)
            count = counts.setdefault(key, [0, 0])
            count[0] += 1
            count[1] += case.is_right
    return tuple(
        Seed(
            model_sha256=model,
            kind=kind,
            language=language,
            stratum=stratum,
            n=n,
            n_right=n_right,
            command=command,
        )
        for (model, kind, language, stratum), (n, n_right) in sorted(counts.items())
    )


def as_json(seeds: Iterable[Seed]) -> str:
    """Return the text of a file of seeds; the same seeds give the same bytes."""
    items = [asdict(seed) for seed in seeds]
    return json.dumps({"schema": SCHEMA, "seeds": items}, indent=2, ensure_ascii=False) + "\n"


def seeds_hash(seeds: Iterable[Seed]) -> str:
    """Return ``b2:`` and 32 hexadecimal digits, empty for no seeds at all."""
    found = tuple(seeds)
    return plain_hash(as_json(found)) if found else ""


def _seed(item: Mapping[str, Any]) -> Seed:
    seed = Seed(
        model_sha256=str(item["model_sha256"]),
        kind=Kind(item["kind"]),
        language=str(item["language"]),
        stratum=Stratum(item["stratum"]),
        n=int(item["n"]),
        n_right=int(item["n_right"]),
        command=str(item["command"]),
    )
    if not 0 <= seed.n_right <= seed.n:
        message = f"a seed needs 0 <= n_right <= n, got {seed.n_right} of {seed.n}"
        raise ValueError(message)
    return seed
