"""The pages in ``docs`` name settings, editor commands and limits that there are."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from ducktypist.config import Config, known_keys
from ducktypist.lsp.server import COMMANDS
from ducktypist.watch import records
from support.source_tree import ROOT, SERVER

PAGES = sorted((ROOT / "docs").glob("*.md"))
IDS = [page.name for page in PAGES]
SECTIONS = "|".join(sorted(set(Config.__slots__) - {"engine"}))
WORDS = SERVER / "ducktypist" / "telemetry" / "attributes.py"
RED_TESTS = (ROOT / "docs" / "red-tests.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("page", PAGES, ids=IDS)
def test_every_setting_of_any_section_exists(page: Path) -> None:
    """A setting that is written about can be set."""
    named = re.findall(rf"`((?:{SECTIONS})\.[a-z_]+)`", page.read_text(encoding="utf-8"))
    assert set(named) <= set(known_keys())


@pytest.mark.parametrize("page", PAGES, ids=IDS)
def test_every_editor_command_exists(page: Path) -> None:
    """A command that is written about can be executed."""
    # Telemetry's attributes and metrics have names of the same form, in their own module.
    told = re.findall(r"ducktypist\.[a-zA-Z]+", WORDS.read_text(encoding="utf-8"))
    named = re.findall(r"`(ducktypist\.[a-zA-Z]+)", page.read_text(encoding="utf-8"))
    assert set(named) <= {*COMMANDS, *(told if page.name == "telemetry.md" else ())}


def test_the_limits_of_a_record_are_those_of_the_code() -> None:
    """Numbers on the page are the ones that hold."""
    assert f"at most {records.MAX_MESSAGE_CHARS:,} characters" in RED_TESTS
    bounds = (
        f"{records.MAX_RED:,} red tests, {records.MAX_NOT_RED:,} others, "
        f"{records.MAX_FRAMES} frames each, {records.MAX_RECORD_BYTES // 1024**2} MiB"
    )
    assert bounds in RED_TESTS


def test_every_key_of_a_record_is_on_the_page(tmp_path: Path) -> None:
    """Who reads records finds each key explained."""
    report = records._report(
        {
            "not_red": [],
            "uncollected": [],
            "red": [{"id": "a.py::t", "outcome": "failed", "message": "", "frames": []}],
        },
        tmp_path,
    )
    record = records._as_json(records.Record(root=tmp_path, made_s=0.0, report=report), tmp_path)
    keys = {*record, *record["red"][0]}
    assert not [key for key in keys if f"| `{key}` |" not in RED_TESTS]
