"""What models are called where several result files stand side by side. Pure.

Two quantisations have one base name; a file that was made from another quantised file says so.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Final

from ducktypist.bench.fair.results import Result

MADE_AGAIN: Final = "--requantised-"
"""In the name of a file that ``ducktypist model requantise`` made."""
Key = tuple[int, str]
"""The number of the result file, from 0, and the model's SHA-256."""
_QUANTISATION: Final = re.compile(
    r"[-._](?:i?q\d[a-z0-9_]*|tq\d_\d|b?f16|f32|mxfp4)$", re.IGNORECASE
)
_N_HASH: Final = 8


def base_name(told: Mapping[str, Any]) -> str:
    """Return a model's name without its quantisation."""
    name = str(told.get("name") or told.get("asked_as") or "?")
    return _QUANTISATION.sub("", name.partition(MADE_AGAIN)[0])


def quantisation_of(told: Mapping[str, Any]) -> str:
    """Return a model's quantisation, and whether it was made from a quantised file."""
    again = " requantised" if MADE_AGAIN in str(told.get("name")) else ""
    return f"{told.get('quantisation') or '?'}{again}"


def labels_of(results: Sequence[Result]) -> dict[Key, str]:
    """Return a name of its own for each model of each file.

    Models of one base name stand together, the smallest file first.
    """
    told = {
        (number, sha256): model
        for number, result in enumerate(results)
        for sha256, model in result.models.items()
    }
    bases = list(dict.fromkeys(base_name(model) for model in told.values()))
    order = sorted(
        told, key=lambda key: (bases.index(base_name(told[key])), _size(told[key]), key[0])
    )
    labels = {key: f"{base_name(told[key])} · {quantisation_of(told[key])}" for key in order}
    labels = _apart(labels, {key: key[1][:_N_HASH] for key in order})
    labels = _apart(labels, {key: results[key[0]].path.stem for key in order})
    return _apart(labels, {key: f"file {key[0] + 1}" for key in order})


def _apart(labels: Mapping[Key, str], more: Mapping[Key, str]) -> dict[Key, str]:
    """Add to labels that occur twice what tells them apart, where it does."""
    counted = Counter(labels.values())
    told = {key: {more[one] for one, same in labels.items() if same == labels[key]} for key in more}
    return {
        key: f"{label} · {more[key]}" if counted[label] > 1 and len(told[key]) > 1 else label
        for key, label in labels.items()
    }


def _size(told: Mapping[str, Any]) -> int:
    found = told.get("n_bytes")
    return found if isinstance(found, int) else 0
