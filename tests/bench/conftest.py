"""A scripted model that can do what the bench asks of the real one."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.windows import script_written

RULES = [
    {"kind": "chat", "match": "Explain .*find", "reply": "It removes all but the newest."},
    {"kind": "chat", "match": "Explain .*batches", "reply": "It cuts a list. " * 8, "delay_ms": 5},
    {"kind": "chat", "match": "Explain ", "reply": "It adds things up."},
    {
        "kind": "chat",
        "match": "Write the body.*def batches",
        "reply": "\n    return [items[at : at + size] for at in range(0, len(items), size)]\n",
    },
    {
        "kind": "chat",
        "match": "Write the body.*def smallest_even",
        "reply": "\n    return min((v for v in values if v % 2 == 0), default=None)\n",
    },
    {
        "kind": "infill",
        "match": "averages = \\[\\]\n    <HOLE>",
        "reply": "for start in range(len(values) - window + 1):",
    },
    {"kind": "infill", "match": "<HOLE>", "reply": "pass"},
]


@pytest.fixture
def backend(tmp_path: Path) -> str:
    """Return the backend option of a scripted model."""
    return f"scripted:{script_written(tmp_path / 'script.json', name='scripted', rule=RULES)}"
