"""The plugin's own specs, its help file, and that what is configurable is documented."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from support.editors import places
from support.editors.neovim import environment
from support.editors.neovim_fixtures import left_nothing, open_shop, shop
from support.editors.neovim_shop import Shop

__all__ = ["left_nothing", "open_shop", "shop"]

SETUP: dict[str, Any] = {}
WIDTH = 79
HELP = places.NEOVIM_PLUGIN / "doc" / "ducktypist.txt"


def nvim(tmp_path: Path, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run Neovim without a screen, and return what it said."""
    program = places.neovim()
    if not program.is_file():
        places.lacking("Neovim")
    return subprocess.run(
        [str(program), "--headless", "--clean", *map(str, arguments)],
        capture_output=True,
        text=True,
        env=environment(tmp_path, {}),
        stdin=subprocess.DEVNULL,
        timeout=100,
        check=False,
    )


def test_the_plugins_own_specs_pass(tmp_path: Path) -> None:
    """They are run by Neovim itself, and there are some."""
    done = nvim(tmp_path, "-l", places.NEOVIM_PLUGIN / "tests" / "run.lua")
    said = done.stdout + done.stderr
    assert done.returncode == 0, said
    counted = re.search(r"(\d+) (?:passed|specs?|ok)", said)
    assert counted, said
    assert int(counted[1]) > 10


def test_the_help_file_has_clean_tags(tmp_path: Path) -> None:
    """`:helptags` finds no tag twice, and `:help ducktypist` leads there."""
    folder = tmp_path / "plugin" / "doc"
    folder.mkdir(parents=True)
    shutil.copy(HELP, folder)
    done = nvim(tmp_path, "-c", f"helptags {folder}", "-c", "qall!")
    assert (done.returncode, done.stderr.strip()) == (0, "")
    tags = [line.split("\t")[0] for line in (folder / "tags").read_text().splitlines()]
    assert {"ducktypist", "ducktypist.txt", ":Ducktypist"} <= set(tags)
    links = set(re.findall(r"(?<![\w|])\|([^\s|*]+)\|", HELP.read_text()))
    ours = {link for link in links if "ducktypist" in link.lower()}
    assert ours <= set(tags), ours - set(tags)


def test_lines_of_the_help_file_fit_a_window() -> None:
    """None is longer than the 78 columns that help files have."""
    long = [line for line in HELP.read_text().splitlines() if len(line) > WIDTH]
    assert long == [], long


def test_every_subcommand_is_documented(shop: Shop) -> None:
    """What completion offers stands in the help file and in the README."""
    readme = (places.NEOVIM_PLUGIN / "README.md").read_text()
    names = shop.lua("return vim.fn.getcompletion('Ducktypist ', 'cmdline')")
    assert len(names) >= 12
    for name in names:
        assert f"*:Ducktypist-{name}*" in HELP.read_text(), name
        assert name in readme, name


@pytest.mark.parametrize("mode", ["n", "i", "x"])
def test_every_map_is_documented(shop: Shop, mode: str) -> None:
    """Each `<Plug>` map has its place in the help file and says what it does."""
    ours = {name: said for name, said in maps(shop, mode) if "ducktypist" in name}
    assert ours
    for name, described in ours.items():
        assert name in HELP.read_text(), name
        assert described, name


def maps(shop: Shop, mode: str) -> list[tuple[str, str]]:
    """Return the maps of a mode: their keys, and what they say that they do."""
    found = shop.lua(
        "return vim.tbl_map(function(one) return { one.lhs, (one.desc or '') .. (one.rhs or '') }"
        " end, vim.api.nvim_get_keymap(...))",
        mode,
    )
    return [(keys, said) for keys, said in found]


def test_no_key_is_taken(shop: Shop) -> None:
    """The plugin maps nothing but `<Plug>` names."""
    for mode in "nixsvoct":
        for name, said in maps(shop, mode):
            assert name.startswith("<Plug>") or "ducktypist" not in said.lower(), (name, said)


def test_every_option_is_documented(shop: Shop) -> None:
    """What `vim.g.ducktypist` takes stands in the help file with its default."""
    options = shop.lua("return require('ducktypist.config').options")
    assert options
    text = HELP.read_text()
    for option in options:
        assert option["name"] in text, option
        assert option["doc"], option


def test_an_option_that_does_not_exist_is_said(shop: Shop) -> None:
    """It is named, with those that there are; the rest counts."""
    shop.lua("vim.g.ducktypist = { ghost_txt = true, split = 'below' }")
    try:
        read = shop.lua("return require('ducktypist.config').read()")
        assert read["split"] == "below"
        told = shop.wait_told("ghost_txt")
        assert "ghost_text" in told
    finally:
        shop.lua("vim.g.ducktypist = nil; require('ducktypist.config').read()")


def test_nothing_is_loaded_before_it_is_needed(tmp_path: Path) -> None:
    """Starting Neovim with the plugin loads no module of it and starts nothing."""
    count = (
        "lua local n = 0 for name in pairs(package.loaded) do"
        " if vim.startswith(name, 'ducktypist') then n = n + 1 end end io.stdout:write('n=' .. n)"
    )
    done = nvim(
        tmp_path,
        "--cmd",
        f"set runtimepath^={places.NEOVIM_PLUGIN}",
        "-c",
        count,
        "-c",
        "qall!",
    )
    assert "n=0" in done.stdout + done.stderr, done
