"""The wheel that is built holds what the program needs, and starts from it."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from ducktypist.bench.build import find_uv
from support.source_tree import ROOT, python_files

BUILD_TIME_S = 240


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel once."""
    uv = find_uv(ROOT)
    out = tmp_path_factory.mktemp("wheel")
    command = [uv, "build", "--wheel", "--no-progress", "--out-dir", str(out), str(ROOT)]
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, timeout=BUILD_TIME_S, cwd=out
    )
    assert done.returncode == 0, done.stderr[-4000:]
    (built,) = out.glob("*.whl")
    return built


def run_from(wheel: Path, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run Python with the unpacked wheel instead of the source tree, away from it."""
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "unpacked")
    environment = os.environ | {"PYTHONPATH": str(folder / "unpacked")}
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


@pytest.mark.timeout(300)
def test_the_wheel_holds_code_prompts_and_data(wheel: Path) -> None:
    """Modules, prompts, SQL, the type marker and the example workspace are inside."""
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    package = ROOT / "server" / "ducktypist"
    wanted = {f"ducktypist/{path.relative_to(package).as_posix()}" for path in python_files()}
    wanted |= {
        f"ducktypist/prompts/{path.relative_to(ROOT / 'prompts').as_posix()}"
        for path in (ROOT / "prompts").rglob("*")
        if path.is_file()
    }
    wanted |= {
        f"ducktypist/{path.relative_to(package).as_posix()}"
        for folder in ("example", "ledger/sql")
        for path in (package / folder).rglob("*")
        if path.is_file() and not {"__pycache__", ".pytest_cache"} & set(path.parts)
    }
    assert any(name.startswith("ducktypist/prompts/") for name in wanted)
    assert wanted | {"ducktypist/py.typed"} <= names
    assert not [name for name in names if "__pycache__" in name or ".pytest_cache" in name]


@pytest.mark.timeout(300)
def test_the_wheel_starts(wheel: Path, tmp_path: Path) -> None:
    """The command answers and the prompts load from the wheel's own copy."""
    version = run_from(wheel, tmp_path, "-m", "ducktypist", "--version")
    assert version.returncode == 0, version.stderr
    assert "ducktypist" in version.stdout.lower()
    program = (
        "import ducktypist, ducktypist.prompting.templates as t; t.PromptLibrary.load();"
        "print(ducktypist.__file__)"
    )
    loaded = run_from(wheel, tmp_path, "-c", program)
    assert loaded.returncode == 0, loaded.stderr
    assert Path(loaded.stdout.strip()).is_relative_to(tmp_path / "unpacked")
