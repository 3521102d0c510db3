"""What every test gets: folders of its own, a watched event loop, the real model on request."""

from __future__ import annotations

import inspect
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from blockbuster import blockbuster_ctx

from ducktypist import config


def _real_model() -> Path | None:
    named = os.environ.get("DUCKTYPIST_TEST_MODEL")
    if named:
        return Path(named)
    wanted = config.DEFAULT_MODEL
    for found in sorted((config.data_dir() / "models").glob("**/*.gguf")):
        if found.stem.lower() == wanted and found.is_file():
            return found
    return None


# Found before any test gets folders of its own.
REAL_MODEL = _real_model()
_HOW_TO_GET_IT = (
    "the real model file is missing: set DUCKTYPIST_TEST_MODEL to a GGUF file, "
    f"or run `ducktypist model pull {config.DEFAULT_MODEL}`; "
    'to leave these tests out, run pytest -m "not model"'
)


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Fail a test that needs the model when there is none: a skip would look like success."""
    if item.get_closest_marker("model") and (REAL_MODEL is None or not REAL_MODEL.is_file()):
        pytest.fail(_HOW_TO_GET_IT, pytrace=False)


@pytest.fixture
def model() -> Path:
    """Return the real model's file."""
    if REAL_MODEL is None or not REAL_MODEL.is_file():
        pytest.fail(_HOW_TO_GET_IT, pytrace=False)
    return REAL_MODEL


@pytest.fixture(scope="session")
def go_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for Go's build cache, filled once for all tests of a session.

    ``DUCKTYPIST_TEST_GO_CACHE`` names another, which then stays warm from one session to the next.
    """
    named = os.environ.get("DUCKTYPIST_TEST_GO_CACHE")
    return Path(named) if named else tmp_path_factory.mktemp("go-cache")


@pytest.fixture
def user_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's settings file, in a folder of the test's own; it does not exist yet."""
    path = tmp_path / "user" / "config.toml"
    path.parent.mkdir()
    monkeypatch.setattr(config, "user_config_path", lambda: path)
    return path


@pytest.fixture(autouse=True)
def _own_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Keep every test out of the user's folders."""
    for kind in ("data", "state", "cache"):
        monkeypatch.setenv(f"DUCKTYPIST_{kind.upper()}_DIR", str(tmp_path / f".{kind}"))
    # The path of a Unix socket may have 107 bytes, and pytest's folders have long names.
    runtime = Path(tempfile.mkdtemp(prefix="dt-"))
    monkeypatch.setenv("DUCKTYPIST_RUNTIME_DIR", str(runtime))
    yield
    shutil.rmtree(runtime, ignore_errors=True)


@pytest.fixture(autouse=True)
def _unblocked_loop(request: pytest.FixtureRequest) -> Iterator[None]:
    """Fail an async test in which our code blocks the event loop."""
    function = getattr(request, "function", None)
    if not inspect.iscoroutinefunction(function):
        yield
        return
    with blockbuster_ctx(scanned_modules=["ducktypist"]):
        yield
