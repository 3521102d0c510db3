"""Tests that must fail, so that a run in which everything passes is known for what it is.

Pure text. A canary file lies beside the user's tests under a name that nobody can guess, and tries
three things that a manipulated test runner or value would let pass.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

NAMES = ("test_plain", "Canary::test_method", "test_equality")
"""Node ids below the file."""

_TEMPLATE = """\
import sys
import unittest

EXEMPT = {exempt!r}


class Private:
    pass


def subclasses(top, seen):
    for found in type.__subclasses__(top):
        if found not in seen and found is not type:
            seen.add(found)
            subclasses(found, seen)
    return seen


def is_equal_to_everything(found):
    try:
        return bool(found.__new__(found) == Private())
    except BaseException:
        return False


def test_plain():
    assert 1 == 2


class Canary(unittest.TestCase):
    def test_method(self):
        self.assertEqual(1, 2)


def test_equality():
    for found in subclasses(object, set()):
        module = sys.modules.get(getattr(found, "__module__", None))
        path = str(getattr(module, "__file__", "")).replace("\\\\", "/")
        for end, names in EXEMPT.items():
            if path.endswith("/" + end) and found.__name__ not in names:
                if "__eq__" in vars(found) and is_equal_to_everything(found):
                    return
    assert 1 == 2
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Canary:
    """One canary file."""

    name: str
    text: str

    @property
    def node_ids(self) -> frozenset[str]:
        """The tests that must be reported as failed."""
        return frozenset(f"{self.name}::{test}" for test in NAMES)

    def owns(self, node_id: str) -> bool:
        """Tell whether a node id is the file's or one of its tests'."""
        return node_id.partition("::")[0] == self.name


def make(originals: Mapping[Path, str]) -> Canary:
    """Return a canary file for a run in which files are laid over.

    Args:
        originals: What stood in the laid-over files before, by their path below the root. Classes
            defined there are not suspected: a project may well have an ``ANY`` of its own.
    """
    exempt = {
        path.as_posix(): sorted(set(re.findall(r"^\s*class\s+(\w+)", text, re.MULTILINE)))
        for path, text in originals.items()
        if path.suffix == ".py"
    }
    return Canary(
        name=f"test_zz_canary_{secrets.token_hex(8)}.py",
        text=_TEMPLATE.format(exempt=exempt),
    )
