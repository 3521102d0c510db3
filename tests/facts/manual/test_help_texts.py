"""Help texts of programs, and which programs may be asked for theirs."""

from __future__ import annotations

from pathlib import Path

import pytest

from ducktypist.facts.manual import help_texts
from ducktypist.facts.manual.help_texts import HelpTexts, parse_help, program_of

_GNU = """\
Usage: tool [OPTION]... [FILE]...
  or:  tool --check
Sort things by colour.

Mandatory arguments to long options are mandatory for short options too.
  -a, --all                  do not leave out names
                               starting with .
      --colour[=WHEN]        colour the names;
                               -n is implied
  -n NUM, --lines=NUM        show NUM lines
  -q                         be quiet about it
      --a-very-long-option-name=VALUE
                             takes a value

Report bugs to nobody.
"""
_ARGPARSE = """\
usage: tool [-h] [-f FILE] [--level {low,high}]
            [--dry-run]

Sort things by colour.

options:
  -h, --help            show this help message and exit
  -f FILE, --file FILE  read names from FILE
  --level {low,high}
                        how much to sort
"""
_CLICK = """\
Usage: tool [OPTIONS] NAME

  Sort things by colour. More of it.

Options:
  -n, --name TEXT  The name to sort by.  [required]
  --help           Show this message and exit.
"""
_CLAP = """\
Sort things by colour

Usage: tool [OPTIONS] [FILE]

Arguments:
  [FILE]  What to sort

Options:
  -o, --output <FILE>
          Write to FILE.

          Otherwise, standard output is written to.

  -v, --verbose...
          Say more

  -h, --help
          Print help (see a summary with '-h')
"""
_GO = """\
Usage of tool:
  -count int
    \trun it so many times (default 1)
  -n\tdo nothing but say so
  -o file
    \twrite to file
"""
_COBRA = """\
Sort things by colour.

Usage:
  tool [command]

Flags:
  -f, --file string   read names from a file (default "x")
      --json          write JSON
"""
_BUSYBOX = """\
BusyBox v1.36.1 (Debian) multi-call binary.

Usage: tool [-1AaC] [FILE]...

Sort things by colour

\t-1\tOne column
\t-w N\tFormat N columns wide
\t--full\tEverything of it
"""


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            _GNU,
            [
                (("-a", "--all"), None, "do not leave out names starting with ."),
                (("--colour",), "WHEN", "colour the names; -n is implied"),
                (("-n", "--lines"), "NUM", "show NUM lines"),
                (("-q",), None, "be quiet about it"),
                (("--a-very-long-option-name",), "VALUE", "takes a value"),
            ],
        ),
        (
            _ARGPARSE,
            [
                (("-h", "--help"), None, "show this help message and exit"),
                (("-f", "--file"), "FILE", "read names from FILE"),
                (("--level",), "{low,high}", "how much to sort"),
            ],
        ),
        (
            _CLICK,
            [
                (("-n", "--name"), "TEXT", "The name to sort by"),
                (("--help",), None, "Show this message and exit"),
            ],
        ),
        (
            _CLAP,
            [
                (("-o", "--output"), "<FILE>", "Write to FILE. Otherwise, standard output is"),
                (("-v", "--verbose"), None, "Say more"),
                (("-h", "--help"), None, "Print help (see a summary with '-h')"),
            ],
        ),
        (
            _GO,
            [
                (("-count",), "int", "run it so many times (default 1)"),
                (("-n",), None, "do nothing but say so"),
                (("-o",), "file", "write to file"),
            ],
        ),
        (
            _COBRA,
            [
                (("-f", "--file"), "string", 'read names from a file (default "x")'),
                (("--json",), None, "write JSON"),
            ],
        ),
        (
            _BUSYBOX,
            [
                (("-1",), None, "One column"),
                (("-w",), "N", "Format N columns wide"),
                (("--full",), None, "Everything of it"),
            ],
        ),
    ],
    ids=["gnu", "argparse", "click", "clap", "go", "cobra", "busybox"],
)
def test_a_help_text_is_read(
    text: str, expected: list[tuple[tuple[str, ...], str | None, str]]
) -> None:
    """The layouts of the usual libraries are known."""
    page = parse_help(text, name="tool")
    shown = [(entry.names, entry.argument) for entry in page.options]
    assert shown == [(names, argument) for names, argument, _ in expected]
    for entry, (_, _, said) in zip(page.options, expected, strict=True):
        assert " ".join(entry.detail.split()).startswith(said)
        assert entry.text
        assert entry.source == "tool --help"


@pytest.mark.parametrize("text", [_GNU, _ARGPARSE, _CLICK, _CLAP, _COBRA, _BUSYBOX])
def test_the_summary_is_the_first_sentence(text: str) -> None:
    """What is neither usage nor a heading says what the program is for."""
    assert parse_help(text, name="tool").summary == "Sort things by colour"


def test_usage_alone_is_no_summary() -> None:
    """Nothing is made up where a program says nothing of itself."""
    assert parse_help(_GO, name="tool").summary == ""


def test_colours_of_a_terminal_are_not_text() -> None:
    """Escape sequences and overstruck letters are taken away."""
    page = parse_help("  \x1b[1m-a\x1b[0m, \x1b[1m--all\x1b[0m   show\x1b[0m all\n", name="tool")
    assert [(entry.names, entry.text) for entry in page.options] == [(("-a", "--all"), "show all")]


def _program(folder: Path, *, mode: int = 0o755) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "tool"
    path.write_text("#!/bin/sh\n", encoding="utf-8")
    path.chmod(mode)
    return path


@pytest.fixture
def system(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder that counts as the system's."""
    folder = tmp_path / "system" / "bin"
    folder.mkdir(parents=True, mode=0o755)
    monkeypatch.setattr(help_texts, "_SYSTEM_FOLDERS", (str(folder),))
    monkeypatch.setattr(help_texts, "_SYSTEM_TREES", (str(tmp_path / "system"),))
    monkeypatch.setenv("PATH", f"{tmp_path / 'home' / 'bin'}:{folder}")
    return folder


def test_a_program_of_the_system_may_be_asked(system: Path) -> None:
    """What lies in a system folder on PATH is found."""
    path = _program(system)
    assert program_of("tool", roots=()) == path
    assert program_of("other", roots=()) is None


def test_a_program_elsewhere_on_path_is_not_asked(system: Path, tmp_path: Path) -> None:
    """A home folder on PATH is nobody's system, whatever lies there."""
    _program(tmp_path / "home" / "bin")
    assert program_of("tool", roots=()) is None
    assert system.is_dir()


@pytest.mark.parametrize("mode", [0o757, 0o644])
def test_what_anybody_may_change_is_not_run(system: Path, mode: int) -> None:
    """A program that is world-writable, or none at all, is not asked."""
    _program(system, mode=mode)
    assert program_of("tool", roots=()) is None


def test_a_program_in_a_folder_that_anybody_may_change_is_not_run(system: Path) -> None:
    """Who may write to the folder may replace the program."""
    _program(system)
    system.chmod(0o757)
    assert program_of("tool", roots=()) is None


def test_nothing_of_the_workspace_is_run(system: Path, tmp_path: Path) -> None:
    """Neither a workspace around the folder nor a link into one makes a program of it."""
    _program(system)
    assert program_of("tool", roots=[tmp_path]) is None
    target = _program(tmp_path / "work")
    (system / "tool").unlink()
    (system / "tool").symlink_to(target)
    assert program_of("tool", roots=[tmp_path / "work"]) is None
    assert program_of("tool", roots=()) is None


@pytest.mark.parametrize("name", ["../tool", "", "-x", "a/b", "tool;rm", "tool\n"])
def test_only_names_are_programs(system: Path, name: str) -> None:
    """A path or a command line is no name."""
    _program(system)
    assert program_of(name, roots=()) is None


def test_a_help_text_is_asked_for_once_per_page(system: Path) -> None:
    """The program goes to who runs it, and what comes back is read."""
    path = _program(system)
    asked: list[Path] = []

    def run(program: Path) -> str | None:
        asked.append(program)
        return _GNU

    page = HelpTexts(run).page("tool")
    assert page
    assert (page.source, len(page.options), asked) == ("tool --help", 5, [path])
    assert HelpTexts(lambda _: None).page("tool") is None
    assert HelpTexts(lambda _: "error").page("tool") is None
