"""The extension's own unit tests, run by Node's test runner, and its types."""

from __future__ import annotations

import subprocess

from support.editors.places import EXTENSION, lacking, node, node_environment


def _node(*arguments: str) -> str:
    """Run Node in the extension's folder; return what it said, and fail where it failed."""
    if not node().is_file() or not (EXTENSION / "node_modules").is_dir():
        lacking("Node or what the extension is built with")
    done = subprocess.run(
        [str(node()), *arguments],
        cwd=EXTENSION,
        env=node_environment(),
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    return done.stdout


def test_the_pure_modules_do_what_they_say() -> None:
    """Every test of `clients/vscode/test` passes, and there are some."""
    said = _node("--test", "--test-reporter=tap", "test/**/*.test.ts")
    counts = dict(line[2:].split() for line in said.splitlines() if line.startswith("# pass"))
    assert int(counts["pass"]) > 100
    assert "# skipped 0" in said


def test_the_types_fit() -> None:
    """The compiler has nothing to say."""
    assert _node("node_modules/typescript/bin/tsc", "--noEmit", "-p", ".") == ""
