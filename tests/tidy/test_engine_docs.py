"""The pages about engines and GPUs name settings, commands and files that there are."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from ducktypist.cli import COMMANDS
from ducktypist.config import known_keys
from support.source_tree import ROOT

PAGES = sorted((ROOT / "docs").glob("*.md"))
IDS = [page.name for page in PAGES]
STATUS_KEYS = {"engine.api_key_from", "engine.runs"}
"""What ``ducktypist.status`` calls in the same way as a setting."""


def test_there_are_pages() -> None:
    """Both are found, so that the tests below look at something."""
    assert {"engines.md", "gpu.md"} <= set(IDS)


@pytest.mark.parametrize("page", PAGES, ids=IDS)
def test_every_setting_exists(page: Path) -> None:
    """A setting that is written about can be set."""
    named = set(re.findall(r"`(engine\.[a-z_]+)", page.read_text(encoding="utf-8")))
    assert named <= {*known_keys(), *STATUS_KEYS}


@pytest.mark.parametrize("page", PAGES, ids=IDS)
def test_every_command_exists(page: Path) -> None:
    """A command that is written about can be run."""
    named = set(re.findall(r"`ducktypist ([a-z]+)", page.read_text(encoding="utf-8")))
    assert named <= {*COMMANDS, "serve"}


@pytest.mark.parametrize("page", PAGES, ids=IDS)
def test_every_line_is_one_sentence(page: Path) -> None:
    """Prose has one sentence a line, so that a change shows as one."""
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    for line in text.splitlines():
        if line and not line.startswith(("|", "*", "#", ">", " ")) and not line[0].isdigit():
            assert len(re.findall(r"[a-z0-9`)]\. [A-Z]", line)) == 0, line
