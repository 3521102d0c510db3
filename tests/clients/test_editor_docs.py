"""``docs/editors.md``: every configuration on it parses, and sets only what can be set."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from ducktypist.config.sections import Config
from support.editors.places import EMACS_FILES, ROOT, lacking

PAGE = (ROOT / "docs" / "editors.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
ALE = Path("/usr/share/vim-ale")
OPTIONS = {"initializationOptions", "initialization_options", "config"}
"""What each editor calls that which is sent at the start."""


def blocks(language: str) -> list[str]:
    """Return the page's blocks in a language."""
    return [text for name, text in BLOCKS if name == language]


def parsed() -> list[Any]:
    """Return what the page has in JSON and TOML."""
    return [*map(json.loads, blocks("json")), *map(tomllib.loads, blocks("toml"))]


def unknown(settings: Mapping[str, Any]) -> list[str]:
    """Return what of an editor's settings the server does not know."""
    sections = {field.name: field.default_factory for field in fields(Config)}
    found = [name for name in settings if name not in {*sections, "trusted"}]
    for name, values in settings.items():
        if name in sections:
            known = {field.name for field in fields(sections[name])}  # type: ignore[arg-type]
            found += [f"{name}.{key}" for key in values if key not in known]
    return found


def walked(value: Any) -> Iterator[tuple[str, Any]]:
    """Yield every key and its value, at any depth."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield key, inner
            yield from walked(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from walked(inner)


def settings_in_elisp() -> dict[str, dict[str, str]]:
    """Return the settings in the page's Emacs Lisp, keys only."""
    (text,) = re.findall(r"\(setq ducktypist-settings '\((.*)\)\)$", PAGE, re.MULTILINE)
    sections = re.findall(r":(\w+) \(([^)]*)\)", text)
    return {name: dict.fromkeys(re.findall(r":(\w+)", inner), "") for name, inner in sections}


def test_every_block_is_of_a_kind_that_is_checked() -> None:
    """A block in a language that no test reads could rot."""
    assert {name for name, _ in BLOCKS} == {"elisp", "vim", "json", "toml"}
    assert len(blocks("json")) >= 5
    assert len(blocks("vim")) == 2


def test_json_and_toml_start_the_server() -> None:
    """Each block names the program and its argument, however that editor has it."""
    for block in parsed():
        words = re.findall(r"\w+", json.dumps(block))
        at = [number for number, word in enumerate(words) if word == "serve"]
        assert at, block
        assert all("ducktypist" in words[number - 3 : number] for number in at), block


def test_settings_exist() -> None:
    """Each option that an editor sends at the start is one of the server's settings."""
    sent = [value for block in parsed() for key, value in walked(block) if key in OPTIONS]
    sent.append(settings_in_elisp())
    assert len(sent) >= 6
    for settings in sent:
        assert settings, "an editor's example sets nothing"
        assert not unknown(settings), settings


def test_unknown_settings_are_found() -> None:
    """The check above can fail."""
    wrong = {"explain": {"deepness": 1}, "explian": {}}
    assert unknown(wrong) == ["explian", "explain.deepness"]


def test_vim_script_is_evaluated(tmp_path: Path) -> None:
    """Vim runs both blocks as they stand: ALE has the server, and vim-lsp is given one."""
    vim = shutil.which("vim")
    if vim is None or not ALE.is_dir():
        lacking("Vim with ALE (vim-ale)")
    # What vim-lsp calls its own; it notes what it was given.
    (tmp_path / "autoload").mkdir()
    (tmp_path / "autoload" / "lsp.vim").write_text(
        "function! lsp#register_server(given) abort\n"
        "    let a:given.cmd = a:given.cmd({})\n    let g:given = a:given\nendfunction\n",
        encoding="utf-8",
    )
    ale, vim_lsp = blocks("vim")
    seen, program = tmp_path / "seen.json", tmp_path / "program.vim"
    program.write_text(
        f"set runtimepath^={tmp_path},{ALE}\nruntime plugin/ale.vim\n"
        f"{ale.replace('~/ducktypist', str(ROOT))}{vim_lsp}doautocmd User lsp_setup\n"
        "let s:ale = map(ale#linter#Get('python') + ale#linter#Get('sh'), 'v:val.name')\n"
        f"call writefile([json_encode([s:ale, g:given, g:ducktypist_settings])], '{seen}')\n",
        encoding="utf-8",
    )
    run = [vim, "-N", "-u", "NONE", "-i", "NONE", "-es", "-S", str(program), "-c", "qa!"]
    done = subprocess.run(run, capture_output=True, check=False, timeout=60)
    assert seen.is_file(), done
    enabled, given, settings = json.loads(seen.read_text(encoding="utf-8"))
    assert sorted(enabled) == ["ducktypist", "ducktypist", "shellcheck"]
    assert (given["name"], given["cmd"]) == ("ducktypist", ["ducktypist", "serve"])
    assert not unknown(given["initialization_options"])
    assert settings
    assert not unknown(settings)


def test_emacs_lisp_is_evaluated() -> None:
    """Emacs evaluates the block as it stands, and has the server registered then."""
    emacs = shutil.which("emacs")
    if emacs is None:
        lacking("Emacs")
    (text,) = blocks("elisp")
    start = (
        "(require 'package)"
        '(add-to-list \'package-directory-list "/usr/share/emacs/site-lisp/elpa")'
        "(package-initialize)"
    )
    here = text.replace("~/ducktypist/clients/emacs", str(EMACS_FILES))
    proof = "(princ (cdr (ducktypist--contact)))(princ (car (rassq #'ducktypist--contact"
    proof += " eglot-server-programs)))"
    command = [emacs, "-Q", "--batch", "--eval", f"(progn {start} {here} {proof})"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=100)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("(ducktypist serve)"), done.stdout
    assert "python-mode" in done.stdout


@pytest.mark.parametrize("name", ["ducktypist.el", "ale-ducktypist.vim"])
def test_every_command_is_on_the_page(name: str) -> None:
    """What can be called in Emacs and in Vim is described."""
    (file,) = (ROOT / "clients").glob(f"*/{name}")
    text = file.read_text(encoding="utf-8")
    commands = re.findall(r"^command! (\w+)", text, re.MULTILINE)
    commands += re.findall(r"^\(defun (ducktypist-[a-z][\w-]*) ", text, re.MULTILINE)
    assert len(commands) >= 5
    assert not [command for command in commands if command not in PAGE]


def test_every_file_that_is_named_is_there() -> None:
    """The page's links and the clients' folders lead somewhere."""
    for link in re.findall(r"\]\(((?!http)[^)#]+)\)", PAGE):
        assert (ROOT / "docs" / link).exists(), link
    overview = (ROOT / "clients" / "README.md").read_text(encoding="utf-8")
    for link in re.findall(r"\]\(((?!http)[^)#]+)\)", overview):
        assert (ROOT / "clients" / link).exists(), link
