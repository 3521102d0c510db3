"""Fixtures of the tests that drive a real Neovim: one editor for all tests of a module.

A module says how its editor is set up in ``SETUP``, the keyword arguments of ``Shop.open_in``. A
test module takes the fixtures in by importing them.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.editors.neovim_shop import Shop, own_folders
from support.leftovers import nothing_left
from support.shop import RULES
from support.windows import script_written


@pytest.fixture(scope="module", autouse=True)
def left_nothing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Fail a module that leaves a process, a socket or a scratch tree; return its folder.

    It takes the place of the fixture that looks after each test: what a server keeps running for
    the next test is not left behind.
    """
    home = tmp_path_factory.mktemp("neovim")
    runtime = Path(tempfile.mkdtemp(prefix="dt-"))
    with pytest.MonkeyPatch.context() as patch:
        for name, value in own_folders(home, runtime).items():
            patch.setenv(name, value)
        with nothing_left():
            yield home
    shutil.rmtree(runtime, ignore_errors=True)


@pytest.fixture(scope="module")
def open_shop(request: pytest.FixtureRequest, left_nothing: Path) -> Iterator[Shop]:
    """Open an editor in the example workspace, with a model that answers."""
    setup = dict(getattr(request.module, "SETUP", {}))
    rules = [*setup.pop("rules", []), *RULES]
    script = script_written(left_nothing / "script.json", name="scripted", rule=rules)
    with Shop.open_in(left_nothing, script=script, **setup) as shop:
        shop.ready()
        yield shop


@pytest.fixture
def shop(open_shop: Shop) -> Iterator[Shop]:
    """Return the module's editor without any buffer; it must not complain of errors meanwhile."""
    open_shop.emptied()
    yield open_shop
    open_shop.normal()
    open_shop.clean()
