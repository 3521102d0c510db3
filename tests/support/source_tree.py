"""The project's own sources as data: which module imports what, and the table of floors."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = "ducktypist"
SERVER = ROOT / "server"
NOT_OURS = ("example", "prompts")
"""Folders of the package that hold data, not modules."""

_ROW = re.compile(r"^\|\s*(\d+)\s*\|(.*)\|\s*$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Import:
    """One import statement's target, absolute."""

    module: str
    """The importing module, such as ``ducktypist.features.fix``."""
    target: str
    """What is imported, names included: ``ducktypist.domain.Span``, ``subprocess``."""
    line: int


def python_files(server: Path = SERVER) -> list[Path]:
    """Return the package's modules, without the example workspace."""
    package = server / PACKAGE
    return [
        path
        for path in sorted(package.rglob("*.py"))
        if path.relative_to(package).parts[0] not in NOT_OURS
    ]


def module_name(path: Path, server: Path = SERVER) -> str:
    """Return the dotted name under which ``path`` is imported."""
    parts = path.relative_to(server).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports_of(path: Path, server: Path = SERVER) -> Iterator[Import]:
    """Yield every import, those inside functions and ``TYPE_CHECKING`` blocks included."""
    module = module_name(path, server)
    package = module if path.name == "__init__.py" else module.rpartition(".")[0]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield Import(module=module, target=alias.name, line=node.lineno)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                above = package.split(".")[: len(package.split(".")) - node.level + 1]
                base = ".".join([*above, base] if base else above)
            for alias in node.names:
                yield Import(module=module, target=f"{base}.{alias.name}", line=node.lineno)


def floors(markdown: str) -> dict[str, int]:
    """Return the floor of each package from the table ``| floor | packages |``.

    Packages are in backticks; whatever else a cell says is prose.
    """
    lines = iter(markdown.splitlines())
    for line in lines:
        if [cell.strip() for cell in line.strip().strip("|").split("|")] == ["floor", "packages"]:
            break
    next(lines, None)
    found: dict[str, int] = {}
    for line in lines:
        row = _ROW.match(line.strip())
        if row is None:
            break
        for name in re.findall(r"`([\w.]+)`", row[2]):
            assert name not in found, f"{name} stands on two floors"
            found[name] = int(row[1])
    return found


def package_of(module: str, table: dict[str, int]) -> str | None:
    """Return the listed package that ``module`` belongs to, the longest match first."""
    parts = module.split(".")[1:]
    for length in range(len(parts), 0, -1):
        name = ".".join(parts[:length])
        if name in table:
            return name
    return None


def violations(server: Path, table: dict[str, int]) -> list[str]:
    """Return a line for each import that goes up, sideways or into the engine's inside."""
    modules = {module_name(path, server) for path in python_files(server)}
    found: list[str] = []
    for path in python_files(server):
        importer = module_name(path, server)
        if importer == PACKAGE:
            continue
        home = _home(importer, table)
        if home is None:
            found.append(f"{importer} stands on no floor; list its package")
            continue
        for item in imports_of(path, server):
            target = _module_in(item.target, modules)
            if target is None or target == PACKAGE:
                continue
            problem = _problem(importer, home, target, table)
            if problem:
                found.append(f"{importer}:{item.line} {problem}")
    return found


def _problem(importer: str, home: str, target: str, table: dict[str, int]) -> str | None:
    if _is_engine(target) and not _is_engine(importer) and package_of(target, table) is None:
        return f"imports {target}; of the engine only engine.client may be imported"
    there = _home(target, table)
    if there is None or there == home:
        return None
    up, down = _floor(there, table), _floor(home, table)
    if up > down:
        return f"imports {target}, up from floor {down} to {up}"
    if up == down:
        return f"imports {target}, sideways on floor {down}"
    return None


def _home(module: str, table: dict[str, int]) -> str | None:
    """Return a module's package; all of the engine is one, on the floor of its client."""
    return "engine" if _is_engine(module) else package_of(module, table)


def _floor(package: str, table: dict[str, int]) -> int:
    return table["engine.client"] if package == "engine" else table[package]


def _is_engine(module: str) -> bool:
    return module.split(".")[1:2] == ["engine"]


def _module_in(target: str, modules: set[str]) -> str | None:
    """Return the module of ours that an import target names or lies in."""
    if target.split(".", maxsplit=1)[0] != PACKAGE:
        return None
    while target not in modules and "." in target:
        target = target.rpartition(".")[0]
    return target
