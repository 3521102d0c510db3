"""The linter, the formatter and the type checker have nothing to say."""

import subprocess
import sys

import pytest

from support.source_tree import ROOT

CHECKS = {
    "ruff check": ["ruff", "check", "--no-fix", "--output-format", "concise", "."],
    "ruff format": ["ruff", "format", "--check", "."],
    "mypy": ["mypy", "--no-error-summary"],
}


@pytest.mark.timeout(300)
@pytest.mark.parametrize("command", CHECKS.values(), ids=CHECKS)
def test_the_tree_is_clean(command: list[str]) -> None:
    """Each tool, run as configured in pyproject.toml, ends with status 0."""
    done = subprocess.run(
        [sys.executable, "-m", *command], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{done.stdout[-6000:]}\n{done.stderr[-2000:]}"
