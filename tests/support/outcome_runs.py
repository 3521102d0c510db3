"""A small project whose tests are run for real, with the outcomes plugin."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import ducktypist
from ducktypist.domain import TestOutcome
from ducktypist.syntax.blocks import block_hash_of, block_text
from ducktypist.syntax.regions import function_named
from ducktypist.watch.outcomes import Outcomes, TestTold

SERVER = Path(ducktypist.__file__).parent.parent


def run_pytest(
    root: Path, *arguments: str, environment: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run pytest in a folder, with the plugin at hand."""
    given = {name: value for name, value in os.environ.items() if "PYTEST" not in name}
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "ducktypist.pytest_plugin", *arguments],
        cwd=root,
        env={
            **given,
            "PYTHONPATH": os.pathsep.join([str(SERVER), str(root)]),
            "PYTHONDONTWRITEBYTECODE": "1",
            **(environment or {}),
        },
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )


def outcomes_of(root: Path, *arguments: str) -> dict[str, TestTold]:
    """Run pytest with an outcomes file and return what it says of each test, by name."""
    file = root / "outcomes.jsonl"
    done = run_pytest(root, "--ducktypist-outcomes", str(file), *arguments)
    assert file.exists(), done.stdout + done.stderr
    return told_in(file)


def told_in(file: Path) -> dict[str, TestTold]:
    """Return what a file says of each test, by the test's name; of several, the last."""
    with file.open("rb") as lines:
        outcomes = Outcomes(lines)
        told = {
            one.node_id.partition("::")[2]: one for one in outcomes if isinstance(one, TestTold)
        }
    assert outcomes.n_passed_over == 0
    return told


def hash_of(path: Path, name: str, language: str = "python") -> str:
    """Return the hash of one function of a file, as the server knows it."""
    text = path.read_text(encoding="utf-8")
    function = function_named(text, language, name)
    assert function is not None
    return block_hash_of(block_text(text, function))


def has_passed(told: TestTold) -> bool:
    """Tell whether a test passed."""
    return told.outcome is TestOutcome.PASSED
