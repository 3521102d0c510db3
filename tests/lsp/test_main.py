"""The entry point keeps serve apart from the other commands."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from pathlib import Path

import pytest

from ducktypist.lsp.options import ServeOptions, configure_logging, parse


def test_options_are_read() -> None:
    """All four, and what editors' libraries add by themselves."""
    assert parse([]) == ServeOptions()
    given = ["--backend", "scripted:x", "--engine-url", "http://h:1", "--log-level", "info"]
    added = ["--log-file", "l", "--stdio", "--clientProcessId=7"]
    assert parse(given + added) == ServeOptions(
        backend="scripted:x", engine_url="http://h:1", log_file=Path("l"), log_level="info"
    )


@pytest.mark.parametrize("wrong", [["--nope"], ["--log-level", "loud"], ["file.py"]])
def test_unknown_arguments_end_the_program(
    wrong: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """With status 2, a message on standard error, and nothing on standard output."""
    with pytest.raises(SystemExit) as left:
        parse(wrong)
    assert left.value.code == 2
    assert capsys.readouterr().out == ""


def test_a_log_that_cannot_be_written_goes_to_standard_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The server starts all the same."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    try:
        configure_logging(ServeOptions(log_file=tmp_path))
        logging.getLogger("ducktypist.x").warning("heard")
        said = capsys.readouterr().err
    finally:
        root.handlers[:], level = handlers, root.setLevel(level) or level
    assert "cannot be written" in said
    assert "heard" in said


def test_the_guard_moves_standard_output_away() -> None:
    """Descriptor 1 becomes standard error; the private one still leads to the editor."""
    code = (
        "import os, subprocess\n"
        "from ducktypist.__main__ import guard_stdout\n"
        "fd = guard_stdout()\n"
        "print('python', flush=True); os.system('echo child')\n"
        "os.write(fd, b'protocol')\n"
        "assert not os.get_inheritable(fd)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    assert done.stdout == b"protocol"
    assert done.stderr == b"python\nchild\n"


def test_serve_help_needs_no_server() -> None:
    """``serve --help`` prints to standard output and leaves."""
    done = subprocess.run(
        [sys.executable, "-m", "ducktypist", "serve", "--help"],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "COLUMNS": "100"},
    )
    assert "--engine-url" in done.stdout
    assert "stdio" not in done.stdout.replace("standard", "").partition("options")[2]


def test_the_server_starts_without_heavy_imports() -> None:
    """What serve imports before it reads its first message holds nothing that a feature needs."""
    code = (
        "import sys, ducktypist.__main__, ducktypist.lsp.options, ducktypist.lsp.server\n"
        "heavy = {'click', 'rich', 'httpx', 'tree_sitter', 'numpy', 'llama_cpp', 'psutil',"
        " 'starlette', 'uvicorn', 'huggingface_hub', 'apsw', 'watchfiles', 'websockets'}\n"
        "print(sorted(heavy & set(sys.modules)))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
