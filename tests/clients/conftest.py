"""What tests of real editors get: the same as end-to-end tests, and a mark of their own."""

from __future__ import annotations

import pytest

from support.served import (
    left_nothing,
    script,
    shared_runtime,
    shared_script,
    workspace,
)

__all__ = ["left_nothing", "script", "shared_runtime", "shared_script", "workspace"]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark everything in this folder, so that it can be left out or run alone."""
    for item in items:
        if "tests/clients/" in item.path.as_posix():
            item.add_marker(pytest.mark.editor)
