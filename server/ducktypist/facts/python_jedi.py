"""Signatures and docstrings by jedi, in the worker's process only; the file that imports jedi.

jedi reads sources and stubs as text. It imports what is no text (compiled modules), and that is
held to Python's own library here: :class:`OwnLibrary` is the only folder list from which jedi may
import, and ``python_worker`` refuses to run any code from elsewhere.
"""

from __future__ import annotations

import collections.abc
import importlib
import inspect
import pickle
import re
import shutil
import sys
import sysconfig
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jedi  # type: ignore[import-untyped] # it ships no types
from jedi.api.environment import InterpreterEnvironment  # type: ignore[import-untyped] # see above

from ducktypist.domain import Span
from ducktypist.domain.facts import Fact, FactKind
from ducktypist.facts.code_wording import MAX_FACTS, call_text, detail_of
from ducktypist.facts.python_calls import Call, calls_of_this_text, python_calls
from ducktypist.facts.python_signatures import best, compact
from ducktypist.syntax.lines import LineTable

SOURCE_FOLDERS = ("", "src", "lib", "python", "server")
"""Where below a workspace's root its modules may lie."""
_ENVIRONMENTS = (".venv", "venv", "env", ".env")
_NOT_IMPORTED = frozenset(
    {"__main__", "antigravity", "idlelib", "lib2to3", "msilib", "test", "this", "tkinter"}
    | {"turtle", "turtledemo"}
)
"""Modules of Python's own library that do something when they are imported, or take long."""
_TYPING_FILES = {"IO": "TextIOWrapper", "TextIO": "TextIOWrapper", "BinaryIO": "BufferedReader"}
_MAX_WARMING_S = 5.0
_OLD_STYLE = re.compile(r"[A-Z]\.\w+\([^)\n]*\)\s*->\s*(.+)")
"""``D.keys() -> a set-like object``, as dictionaries have it."""
_WARMING = """import os, re, subprocess, json
from pathlib import Path
open("x").read(); os.replace("a", "b"); subprocess.run([]); Path("a").exists(); json.loads("")
[].append(1); {}.get(1); "".join([]); re.compile("")
"""


class OwnLibrary(InterpreterEnvironment):  # type: ignore[misc] # jedi ships no types
    """The interpreter that runs this, of whose folders jedi may import its own library only."""

    def get_sys_path(self) -> list[str]:
        """Return the folders of Python's own library."""
        return library_folders()


def library_folders() -> list[str]:
    """Return where Python's own library lies, compiled parts included."""
    folders = [sysconfig.get_path("stdlib"), sysconfig.get_path("platstdlib")]
    folders += [str(Path(folder) / "lib-dynload") for folder in folders]
    return list(dict.fromkeys(folders))


def configure(cache: Path) -> None:
    """Tell jedi where to keep parsed files, and to import nothing because of its name."""
    jedi.settings.cache_directory = str(cache)
    jedi.settings.auto_import_modules = []
    jedi.settings.allow_unsafe_interpreter_executions = False


def warming() -> Iterator[None]:
    """Have the stubs parsed that nearly every file needs; yields between steps."""
    whole = Span(start=0, end=len(_WARMING))
    until_s = time.monotonic() + _MAX_WARMING_S
    for _ in called(_WARMING, whole, path=None, root=None, until_s=until_s):
        yield


def called(
    text: str, span: Span, *, path: Path | None, root: Path | None, until_s: float
) -> Iterator[Fact]:
    """Yield facts for the first dozen calls in a region, the telling ones first.

    Args:
        text: The whole file, which need not be saved.
        span: The region.
        path: The file's path, for its relative imports.
        root: The workspace folder, for its other modules; they are read and never imported.
        until_s: When to stop, by ``time.monotonic``.
    """
    calls = python_calls(text, span)
    if not calls:
        return
    lines = LineTable(text)
    known_here = {fact.subject: fact for fact in calls_of_this_text(text, span)}
    script = _script(text, path, root)
    n_told = 0
    for call in calls:
        if n_told == MAX_FACTS or time.monotonic() > until_s:
            return
        fact = _asked(script, call, lines, path) or known_here.get(call.subject)
        if fact is not None:
            n_told += 1
            yield fact


def _script(text: str, path: Path | None, root: Path | None) -> Any:  # noqa: ANN401 - jedi's type
    project = jedi.Project(
        str(root or (path.parent if path else Path("/nonexistent"))),
        load_unsafe_extensions=False,
        smart_sys_path=False,
        sys_path=source_folders(path, root),
    )
    return jedi.Script(text, path=path, project=project, environment=OwnLibrary())


def source_folders(path: Path | None, root: Path | None) -> list[str]:
    """Return where imports of a file are looked up, in the order in which Python would look."""
    folders = []
    if path is not None:
        package = path.parent
        while (package / "__init__.py").is_file() and package != package.parent:
            package = package.parent
        folders.append(package)
    folders += [root / name for name in SOURCE_FOLDERS] if root is not None else []
    folders += [Path(folder) for folder in library_folders()]
    for name in _ENVIRONMENTS if root is not None else ():
        for library in ("lib", "lib64"):
            folders += sorted((root / name / library).glob("python3*/site-packages"))  # type: ignore[operator] # root is none only without names
    return list(dict.fromkeys(str(folder) for folder in folders if folder.is_dir()))


def _asked(script: Any, call: Call, lines: LineTable, path: Path | None) -> Fact | None:  # noqa: ANN401 - jedi's type
    line = lines.line_of(call.inside)
    column = call.inside - lines.span(line).start
    try:
        signatures = script.get_signatures(line + 1, column)
        if not signatures:
            return None
        written = [str(one.to_string()) for one in signatures]
        index = best(written, n_positional=call.n_positional, keywords=call.keywords)
        return _fact(call, signatures[index], written[index], path)
    except (pickle.UnpicklingError, EOFError):
        # Two windows wrote the same file at once.
        shutil.rmtree(jedi.settings.cache_directory, ignore_errors=True)
    except Exception:  # noqa: BLE001 - jedi raises anything for code that it did not expect
        return None
    return None


def _fact(call: Call, signature: Any, written: str, path: Path | None) -> Fact:  # noqa: ANN401 - jedi's type
    full_name = str(signature.full_name or "")
    documentation, source = "", "typeshed"
    own_path = signature.module_path
    if signature.is_stub() and "typeshed" in Path(own_path or "").parts:
        documentation = library_documentation(full_name)
    elif own_path is None and signature.in_builtin_module():
        source = f"Python {sys.version_info[0]}.{sys.version_info[1]}"
        documentation = str(signature.docstring(raw=True))
    else:
        documentation = str(signature.docstring(raw=True))
        is_here = own_path is None or (path is not None and Path(own_path) == path)
        where = f"line {signature.line}" if signature.line else "elsewhere"
        source = f"the code, {where}" if is_here else f"module {signature.module_name}"
    shown = compact(written, subject=call.subject, used=call.keywords)
    return Fact(
        kind=FactKind.CALLS,
        subject=call.subject,
        text=call_text(call.subject, shown, documentation),
        source=source,
        names=(full_name,) if full_name and full_name != call.subject else (),
        detail=detail_of(written, documentation),
        span=Span(start=max(0, call.name.end - len(call.subject)), end=call.name.end),
    )


def library_documentation(full_name: str) -> str:
    """Return the docstring of something in Python's own library, empty for anything else.

    ``os.replace``, ``builtins.list.append``. The module is imported: it is our own interpreter's.
    """
    parts = full_name.split(".")
    if parts[:1] == ["typing"] and len(parts) > 1 and parts[1] in _TYPING_FILES:
        parts = ["io", _TYPING_FILES[parts[1]], *parts[2:]]
    elif parts[:1] == ["typing"] and len(parts) > 1 and hasattr(collections.abc, parts[1]):
        parts = ["collections", "abc", *parts[1:]]
    if parts[0] not in sys.stdlib_module_names or parts[0] in _NOT_IMPORTED:
        return ""
    try:
        found: Any = importlib.import_module(parts[0])
        for index, part in enumerate(parts[1:], start=2):
            if inspect.ismodule(found) and not hasattr(found, part):
                found = importlib.import_module(".".join(parts[:index]))
            else:
                found = inspect.getattr_static(found, part)
        found = getattr(found, "__func__", found)
        # A method without one of its own may inherit one.
        own = getattr(found, "__doc__", None) or inspect.getdoc(found)
    except (ImportError, AttributeError, RuntimeError, OSError, ValueError):
        return ""
    return _without_signature(inspect.cleandoc(own)) if isinstance(own, str) else ""


def _without_signature(documentation: str) -> str:
    """Drop a first line such as ``get(key[, default]) -> value``, which repeats the signature."""
    if old := _OLD_STYLE.match(documentation):
        return f"Returns {old[1]}\n{documentation[old.end() :]}".strip()
    first, _, rest = documentation.partition("\n")
    head, arrow, said = first.partition(" -- ")
    if arrow and "(" in head:
        return f"{said}\n{rest}".strip()
    is_signature = "(" in first and first.split("(")[0].replace(".", "").isidentifier()
    return rest.strip() if is_signature and rest.strip() else documentation
