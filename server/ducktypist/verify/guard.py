"""Refuses a patch by its looks: ways to pass tests without doing what they ask for.

Pure: two texts in, reasons out. It knows known tricks and no others, so silence here means nothing;
the canaries of a run and the verdict's rules are the other two walls. Only what the patch *adds*
counts, because a project may have good reasons for what it has already.
"""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator
from pathlib import Path, PurePath

_MODULES = frozenset(
    {
        "pytest",
        "_pytest",
        "unittest",
        "doctest",
        "ctypes",
        "subprocess",
        "socket",
        "multiprocessing",
        "signal",
        "gc",
        "faulthandler",
        "atexit",
        "importlib",
        "builtins",
    }
)
"""Modules whose import into a fix wants another explanation than fixing."""
_ATTRIBUTES = frozenset(
    {
        "os._exit",
        "os.abort",
        "os.kill",
        "os.killpg",
        "os.fork",
        "os.system",
        "os.popen",
        "os.write",
        "os.environ",
        "os.getenv",
        "posix._exit",
        "sys.exit",
        "sys.modules",
        "sys.settrace",
        "sys.setprofile",
        "sys._getframe",
        "sys.meta_path",
        "sys.path_hooks",
        "builtins.AssertionError",
    }
)
_FRAME_ATTRIBUTES = frozenset(
    {"__subclasses__", "__globals__", "__code__", "f_back", "f_globals", "f_locals"}
)
_NAMES = frozenset(
    {"exit", "quit", "eval", "exec", "compile", "__import__", "SystemExit", "KeyboardInterrupt"}
)
_TEXTS = ("/proc", "DUCKTYPIST_", "PYTEST_CURRENT_TEST", "_ducktypist", "test_zz_canary")
_COMPARISONS = frozenset(
    {"__eq__", "__ne__", "__lt__", "__le__", "__gt__", "__ge__", "__instancecheck__"}
)
_PROTECTED_NAMES = frozenset(
    {
        "conftest.py",
        "pyproject.toml",
        "setup.py",
        "setup.cfg",
        "tox.ini",
        "noxfile.py",
        "pytest.ini",
        "pylock.toml",
        "poetry.lock",
        "uv.lock",
        "pdm.lock",
        "Pipfile",
        "Pipfile.lock",
        "Makefile",
        "Dockerfile",
        "Jenkinsfile",
        "sitecustomize.py",
        "usercustomize.py",
    }
)
_PROTECTED_SUFFIXES = frozenset(
    {".toml", ".ini", ".cfg", ".lock", ".yml", ".yaml", ".pth", ".envrc"}
)
_TEST_FOLDERS = frozenset({"test", "tests", "testing"})


def refusals(before: str, after: str) -> tuple[str, ...]:
    """Return why a patched Python file is not even tried; empty when nothing speaks against it.

    A text that does not parse gives no reasons: that it is broken is found out elsewhere.

    Args:
        before: The file as the user has it.
        after: The file with the patch.
    """
    new = _suspicions(after)
    if new is None:
        return ()
    old = _suspicions(before) or Counter()
    return tuple(f"the patch adds {what}" for what in sorted(new - old))


def is_protected(path: Path, root: Path) -> bool:
    """Tell whether no patch may touch a file: tests, test and build settings, hidden folders.

    Anything that is not below ``root`` is protected, too.
    """
    try:
        relative = path.resolve().relative_to(root.resolve()) if path.is_absolute() else path
    except ValueError:
        return True
    parts = PurePath(relative).parts
    if not parts or ".." in parts or any(part.startswith(".") for part in parts):
        return True
    name = parts[-1]
    is_test = (
        name.startswith("test_")
        or name.removesuffix(".py").endswith(("_test", "_tests"))
        or name == "tests.py"
        or any(part in _TEST_FOLDERS for part in parts[:-1])
    )
    is_requirements = name.startswith("requirements") and name.endswith((".txt", ".in"))
    return (
        is_test
        or is_requirements
        or name in _PROTECTED_NAMES
        or PurePath(name).suffix in _PROTECTED_SUFFIXES
    )


def _suspicions(text: str) -> Counter[str] | None:
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    aliases = _aliases(tree)
    found: Counter[str] = Counter()
    for node in ast.walk(tree):
        found.update(_of_node(node, aliases))
    return found


def _aliases(tree: ast.AST) -> dict[str, str]:
    """Return what the names bound by imports stand for (``import os as o`` makes ``o`` ``os``)."""
    found: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for name in node.names:
                found[name.asname or name.name.partition(".")[0]] = (
                    name.name if name.asname else name.name.partition(".")[0]
                )
    return found


def _of_node(node: ast.AST, aliases: dict[str, str]) -> Iterator[str]:
    if isinstance(node, ast.Import | ast.ImportFrom):
        yield from _of_import(node)
    elif isinstance(node, ast.Attribute):
        base = node.value.id if isinstance(node.value, ast.Name) else ""
        name = f"{aliases.get(base, base)}.{node.attr}"
        if name in _ATTRIBUTES or node.attr in _FRAME_ATTRIBUTES:
            yield f"`{name.lstrip('.')}`"
    elif isinstance(node, ast.Name) and node.id in _NAMES:
        yield f"`{node.id}`"
    elif isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield from (f"the text `{text}`" for text in _TEXTS if text in node.value)
    elif isinstance(node, ast.FunctionDef | ast.Assign):
        yield from _of_comparison(node)


def _of_import(node: ast.Import | ast.ImportFrom) -> Iterator[str]:
    if isinstance(node, ast.Import):
        named = [name.name for name in node.names]
    elif node.level:
        return
    else:
        named = [node.module or ""]
        for name in node.names:
            if f"{node.module}.{name.name}" in _ATTRIBUTES:
                yield f"`{node.module}.{name.name}`"
    for module in named:
        if module.partition(".")[0] in _MODULES:
            yield f"an import of `{module}`"


def _of_comparison(node: ast.FunctionDef | ast.Assign) -> Iterator[str]:
    if isinstance(node, ast.FunctionDef):
        names, is_true = [node.name], _is_always_true(node)
    else:
        names = [str(getattr(item, "id", getattr(item, "attr", ""))) for item in node.targets]
        is_true = isinstance(node.value, ast.Lambda) and _is_true(node.value.body)
    for name in names:
        if is_true and name in _COMPARISONS:
            yield f"an `{name}` that is always true"


def _is_always_true(function: ast.FunctionDef) -> bool:
    returns = [node for node in ast.walk(function) if isinstance(node, ast.Return)]
    return bool(returns) and all(_is_true(node.value) for node in returns)


def _is_true(value: ast.expr | None) -> bool:
    return isinstance(value, ast.Constant) and bool(value.value) and value.value is not Ellipsis
