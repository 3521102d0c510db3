"""The settings in the VS Code extension's manifest are the server's, no more and no fewer."""

from __future__ import annotations

import os
import re

import pytest

from ducktypist.config import NEVER_FROM_A_WORKSPACE, Config, known_keys, merge
from support.editors.places import EXTENSION
from support.editors.vscode_settings import (
    MANIFEST,
    PREFIX,
    TITLES,
    as_text,
    described,
    manifest,
    own_sections,
    with_settings,
    written,
)


def properties() -> dict[str, dict[str, object]]:
    """Return all settings of the manifest, by name."""
    groups = manifest()["contributes"]["configuration"]
    return {name: shape for group in groups for name, shape in group["properties"].items()}


def test_the_manifest_holds_the_settings_of_the_server_as_they_are() -> None:
    """Types, defaults, ranges, descriptions and scopes agree; UPDATE_EXPECT=1 rewrites them."""
    expected = with_settings(manifest())

    if os.environ.get("UPDATE_EXPECT"):
        written(expected)

    assert MANIFEST.read_text(encoding="utf-8") == as_text(expected)


def test_each_setting_of_the_server_is_in_the_manifest_once() -> None:
    """What can be set in the file can be set in VS Code, and the other way round."""
    servers = {name for name in properties() if name.split(".")[1] not in own_sections(manifest())}

    assert servers == {f"{PREFIX}{key}" for key in known_keys()}
    assert set(TITLES) == {key.split(".")[0] for key in known_keys()}


def test_the_defaults_of_the_manifest_are_taken_by_the_server() -> None:
    """A person who writes a default into their settings changes nothing."""
    settings: dict[str, dict[str, object]] = {}
    for key in known_keys():
        section, name = key.split(".")
        settings.setdefault(section, {})[name] = properties()[f"{PREFIX}{key}"]["default"]

    assert merge(Config(), settings, source="the manifest") == Config()


def test_the_extension_keeps_its_own_settings_from_the_server() -> None:
    """The sections that ``settings.ts`` holds back are those that are written by hand."""
    source = (EXTENSION / "src" / "settings.ts").read_text(encoding="utf-8")
    listed = re.search(r"CLIENT_ONLY.*?new Set\(\[(.*?)\]\)", source, re.DOTALL)

    assert listed is not None
    assert set(re.findall(r"'(\w+)'", listed[1])) == own_sections(manifest())


def test_no_workspace_sets_what_sends_something_or_starts_the_server() -> None:
    """Their scope is the machine, which VS Code takes from nobody's folder."""
    never = {f"{PREFIX}{key}" for key in NEVER_FROM_A_WORKSPACE}
    starting = {name for name in properties() if name.startswith(f"{PREFIX}server.")}

    assert {properties()[name]["scope"] for name in never | starting} == {"machine"}


@pytest.mark.parametrize("key", sorted(known_keys()))
def test_each_description_reads_as_a_sentence(key: str) -> None:
    """It begins like one, ends like one, and holds no markup of another kind."""
    text = described(key)

    assert re.match(r"[A-Z0-9`*-]", text), text
    assert text.endswith("."), text
    assert "``" not in text
    assert text.count("`") % 2 == 0
