"""What ``go test -json`` said somewhere else, read with the eyes of our own Go runner."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from ducktypist.domain import TestReport
from ducktypist.errors import RunnerError
from ducktypist.verify.go_packages import Tree, select
from ducktypist.verify.go_report import Ended, GoReader, GoRun

MAX_LINE_BYTES = 1024**2
_NONCE = "ingested"


def parse_go_test_json(lines: Iterable[bytes], root: Path) -> TestReport:
    """Return the report of a run of ``go test -json``.

    Args:
        lines: What it printed; lines that are no events are passed over.
        root: The folder that node ids are to be relative to, real; the packages are looked for in
            it and below.

    Raises:
        RunnerError: There is no event, or none is about a package below the root.
    """
    events = [event for line in lines if (event := _event(line)) is not None]
    packages = {str(event.get("Package") or event.get("ImportPath") or "") for event in events}
    # A package that failed to build has its tests' variant in the name: `path [path.test]`.
    packages |= {name.partition(" ")[0] for name in packages}
    tree = Tree(root=root, overlay={})
    every, _ = select(tree, ())
    selections = tuple(one for one in every if one.package.import_path in packages)
    if not events:
        raise RunnerError("this is no output of `go test -json`: it holds no event")
    if not selections:
        named = ", ".join(sorted(filter(None, packages))[:3]) or "none"
        raise RunnerError(
            f"no Go package with tests below {root} is among those of the events ({named}); "
            f"name the folder with --root"
        )
    reader = GoReader(
        GoRun(
            root=root,
            tree=tree,
            selections=selections,
            unknown=(),
            canary=None,
            repeats=1,
            nonce=_NONCE,
        )
    )
    for event in events:
        reader.feed(json.dumps({"nonce": _NONCE, "event": event}).encode())
    return reader.report(Ended(killed=None, duration_ms=0.0, output="", root_inside=root))


def _event(line: bytes) -> dict[str, Any] | None:
    if len(line) > MAX_LINE_BYTES or not line.lstrip().startswith(b"{"):
        return None
    try:
        event = json.loads(line)
    except (ValueError, RecursionError):
        return None
    is_event = isinstance(event, dict) and isinstance(event.get("Action"), str)
    # ``Elapsed`` is a number of seconds wherever it is.
    if not is_event or not isinstance(event.get("Elapsed", 0), int | float):
        return None
    found: dict[str, Any] = event
    return found
