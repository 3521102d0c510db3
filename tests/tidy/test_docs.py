"""The README says what there is: every command, and nothing that was left to fill in."""

from __future__ import annotations

import click
import pytest

from ducktypist.cli import COMMANDS, cli
from support.source_tree import ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", sorted([*COMMANDS, "serve"]))
def test_every_command_is_in_the_readme(name: str) -> None:
    """A command that nobody reads of is a command that nobody uses."""
    assert f"`ducktypist {name}" in README


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_command_has_help(name: str) -> None:
    """Each command and subcommand says in its help what it does."""
    command = cli.get_command(click.Context(cli), name)
    assert command is not None
    inner = command.commands.values() if isinstance(command, click.Group) else ()
    for item in (command, *inner):
        assert item.help, item.name


def test_nothing_is_left_to_fill_in() -> None:
    """No placeholder of a figure or transcript remains."""
    placeholders = ("DEMO_", "BENCH_", "BUILD_LINE", "TODO", "TBD")
    assert not [word for word in placeholders if word in README]


@pytest.mark.parametrize("command", ["demo", "test"])
def test_the_two_commands_are_those_of_the_script(command: str) -> None:
    """What the README tells people to type is what the set-up script takes."""
    assert f"python3 scripts/bootstrap.py {command}" in README
    script = (ROOT / "scripts" / "bootstrap.py").read_text(encoding="utf-8")
    assert f'"{command}"' in script
