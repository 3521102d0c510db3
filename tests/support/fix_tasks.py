"""Repair tasks for tests, small and our own."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from ducktypist.bench.fix.tasks import Task

CODE = '''\
def total(prices, limit):
    """Return the sum of the prices up to a limit, the limit included."""
    found = 0
    for price in prices:
        if price < limit:
            found += price
    return found
'''
RIGHT = CODE.replace("price < limit", "price <= limit")
TEST = """\
from basket import total


def test_limit():
    assert total([1, 2, 3], 2) == 3


def test_nothing():
    assert total([], 2) == 0
"""
HIDDEN = """\
from basket import total


def test_all():
    assert total([4, 4, 5], 4) == 8
"""


def task(**changed: Any) -> Task:
    """Return a task, with some of its fields changed."""
    fields: dict[str, Any] = {
        "id": "basket",
        "language": "python",
        "files": {"basket.py": CODE, "test_basket.py": TEST},
        "failing": "test_basket.py::test_limit",
        "hidden": {"test_basket_hidden.py": HIDDEN},
        "function": "total",
        "line": 5,
        "operator": "comparison",
        "group": "own",
    }
    return Task(**{**fields, **changed})


def lines_written(path: Path, *rows: Any) -> Path:
    """Write JSON objects, one a line; a text is written as it is."""
    lines = [row if isinstance(row, str) else json.dumps(row) for row in rows]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path
