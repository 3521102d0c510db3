"""Runs the docstring examples of one function and reports on a pipe.

Runs inside the sandbox with the user's Python (3.8 or newer) and the standard library only;
``examples`` copies it next to the run. The examples come from outside, as text, so that the code
under test cannot change them. What they are is ``example_checks``'s business.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
import traceback
from pathlib import Path
from types import ModuleType

import _ducktypist_example_checks as checks  # type: ignore[import-not-found] # its name there

MAX_TEXT = 4000


def main() -> None:
    """Import the module, run the examples in it, report."""
    report_fd = int(os.environ.pop("DUCKTYPIST_REPORT_FD"))
    os.set_inheritable(report_fd, False)  # noqa: FBT003 - positional-only in Python
    plan = json.loads(Path(sys.argv[1]).read_text("utf-8"))
    # Bound now: the module under test may replace anything by name.
    write, dumps, leave = os.write, json.dumps, os._exit

    def report(**fields: object) -> None:
        data = dumps({"nonce": plan["nonce"], **fields}).encode("utf-8", "backslashreplace")
        while data:
            data = data[write(report_fd, data) :]

    run = checks.make(plan)
    try:
        module = load(Path.cwd() / plan["path"])
    except BaseException:  # noqa: BLE001 - whatever a module raises, SystemExit too, is told
        report(broken=traceback.format_exc()[-MAX_TEXT:])
        leave(3)
    said = run(module)
    report(**said)
    sys.stdout.flush()
    leave(1 if said["failed"] else 0)


def load(path: Path) -> ModuleType:
    """Import the file at ``path`` as the project itself would; the first way that works."""
    root = Path.cwd()
    folder = path.parent
    parts = [] if path.stem == "__init__" else [path.stem]
    while (folder / "__init__.py").is_file():
        parts.insert(0, folder.name)
        folder = folder.parent
    # A folder without __init__.py is a package too (PEP 420).
    tops = [top for top in (root / "src", root) if top in path.parents]
    relatives = [path.relative_to(top).with_suffix("") for top in tops]
    ways = [".".join(way) for way in (parts, *(relative.parts for relative in relatives))]
    places = [str(place) for place in (folder, root / "src", root) if place.is_dir()]
    sys.path[:] = [*dict.fromkeys(places), *(entry for entry in sys.path[1:] if entry)]
    errors: list[Exception] = []
    for dotted in ways:
        known = set(sys.modules)
        try:
            module = importlib.import_module(dotted)
        except Exception as error:  # noqa: BLE001 - the next way may work; the first error is told
            errors.append(error)
        else:
            if module.__file__ and Path(module.__file__).resolve() == path.resolve():
                return module
            errors.append(ImportError(f"{dotted} is another file: {module.__file__}"))
        for added in set(sys.modules) - known:
            del sys.modules[added]
    raise errors[0]


if __name__ == "__main__":
    main()
