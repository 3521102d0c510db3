"""The settings in the VS Code extension's manifest, made from the server's own.

Types, defaults, ranges and descriptions come from ``ducktypist.config``; who may set what, too.
What the extension needs for itself (how the server is found) is written in the manifest by hand and
left alone here. It is no client and knows nothing of VS Code but the format of a manifest.
"""

from __future__ import annotations

import ast
import dataclasses
import inspect
import json
import re
import textwrap
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from ducktypist.config import (
    CHOICES,
    LEAST,
    MOST,
    NEVER_FROM_A_WORKSPACE,
    RESTRICTED,
    STRINGS,
    Config,
    known_keys,
)
from support.editors.places import EXTENSION

MANIFEST: Final = EXTENSION / "package.json"
PREFIX: Final = "ducktypist."
TITLES: Final = {
    "engine": "Engine",
    "model": "Model",
    "python": "Python",
    "explain": "Explanations",
    "complete": "Ghost Text and Bodies",
    "fix": "Fixing Tests",
    "lens": "Code Lenses",
    "go": "Go",
    "tests": "Other Tests",
    "verify": "Sandboxed Runs",
    "ledger": "Ledger",
    "telemetry": "Telemetry",
}
"""What a section is called in the settings editor."""
TYPES: Final = {str: "string", bool: "boolean", int: "integer", float: "number"}


def manifest() -> dict[str, Any]:
    """Return the manifest as it is."""
    found: dict[str, Any] = json.loads(MANIFEST.read_text(encoding="utf-8"))
    return found


def with_settings(found: Mapping[str, Any]) -> dict[str, Any]:
    """Return a manifest with the server's settings in it as they are now."""
    kept = [group for group in found["contributes"]["configuration"] if _is_own(group)]
    for number, group in enumerate(kept):
        group["order"] = number
    groups = [*kept, *(_group(name, len(kept)) for name in TITLES)]
    untrusted = {
        **found["capabilities"]["untrustedWorkspaces"],
        "restrictedConfigurations": restricted(kept),
    }
    return {
        **found,
        "capabilities": {**found["capabilities"], "untrustedWorkspaces": untrusted},
        "contributes": {**found["contributes"], "configuration": groups},
    }


def restricted(own_groups: list[dict[str, Any]]) -> list[str]:
    """Return the settings that a folder sets only when it is trusted, if at all."""
    servers = [f"{PREFIX}{key}" for key in known_keys() if _scope(key) != "window"]
    own = [name for group in own_groups for name in group["properties"]]
    return [*(name for name in own if name.startswith(f"{PREFIX}server.")), *servers]


def written(found: Mapping[str, Any], path: Path = MANIFEST) -> None:
    """Write a manifest."""
    path.write_text(as_text(found), encoding="utf-8")


def as_text(found: Mapping[str, Any]) -> str:
    """Return a manifest as the file has it."""
    return json.dumps(found, indent=2, ensure_ascii=False) + "\n"


def own_sections(found: Mapping[str, Any]) -> set[str]:
    """Return the sections of settings that are the extension's own."""
    groups = [group for group in found["contributes"]["configuration"] if _is_own(group)]
    return {_section(name) for group in groups for name in group["properties"]}


def described(key: str) -> str:
    """Return what the settings editor says of one of the server's settings.

    Raises:
        KeyError: It has no docstring.
    """
    said = _docstrings()[key]
    text = re.sub(r"\s+", " ", said).strip().replace("``", "`")
    return text if text.endswith((".", "!", "?")) else f"{text}."


def _group(section: str, offset: int) -> dict[str, Any]:
    keys = [key for key in known_keys() if key.startswith(f"{section}.")]
    return {
        "id": section,
        "title": TITLES[section],
        "order": offset + list(TITLES).index(section),
        "properties": {f"{PREFIX}{key}": _property(key, order) for order, key in enumerate(keys)},
    }


def _property(key: str, order: int) -> dict[str, Any]:
    section, name = key.split(".")
    default = getattr(getattr(Config(), section), name)
    kind = known_keys()[key]
    shape: dict[str, Any]
    if kind == STRINGS:
        items = {"type": "string"} | ({"enum": list(CHOICES[key])} if key in CHOICES else {})
        shape = {"type": "array", "items": items, "default": list(default)}
    else:
        shape = {"type": TYPES[kind], "default": default}
        if key in CHOICES:
            shape["enum"] = list(CHOICES[key])
    for word, limits in (("minimum", LEAST), ("maximum", MOST)):
        if key in limits:
            shape[word] = limits[key]
    return {
        **shape,
        "scope": _scope(key),
        "order": order,
        "markdownDescription": described(key),
    }


def _scope(key: str) -> str:
    """Return who may set it: one server serves all folders of a window, so none is per folder."""
    if _is_named(key, NEVER_FROM_A_WORKSPACE):
        return "machine"
    return "machine-overridable" if _is_named(key, RESTRICTED) else "window"


def _is_named(key: str, names: frozenset[str]) -> bool:
    return key in names or key.partition(".")[0] in names


def _is_own(group: Mapping[str, Any]) -> bool:
    servers = {item.name for item in dataclasses.fields(Config)}
    return not any(_section(name) in servers for name in group["properties"])


def _section(name: str) -> str:
    return name.removeprefix(PREFIX).split(".")[0]


def _docstrings() -> dict[str, str]:
    """Return the strings that stand below the settings in the server's source, by key."""
    found: dict[str, str] = {}
    for section in dataclasses.fields(Config):
        kind = type(getattr(Config(), section.name))
        body = ast.parse(textwrap.dedent(inspect.getsource(kind))).body[0]
        assert isinstance(body, ast.ClassDef)
        for field, after in zip(body.body, body.body[1:], strict=False):
            if (
                isinstance(field, ast.AnnAssign)
                and isinstance(field.target, ast.Name)
                and isinstance(after, ast.Expr)
                and isinstance(after.value, ast.Constant)
            ):
                found[f"{section.name}.{field.target.id}"] = str(after.value.value)
    return found
