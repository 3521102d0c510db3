"""Imports go down the floors of ``server/ARCHITECTURE.md``, and some libraries have one home."""

from fnmatch import fnmatch
from pathlib import Path

import pytest

from support.source_tree import ROOT, SERVER, floors, imports_of, python_files, violations

TABLE = """
# Layers

| floor | packages |
|---|---|
| 3 | `app` (builds things) |
| 2 | `engine.client` · `verify` |
| 1 | `domain` · `errors` |

| other | table |
|---|---|
| 9 | `nothing` |
"""

HOMES = {
    "llama_cpp": [
        "engine/llama_cpp.py",
        # Times made-up models of each tensor type, in a process of its own.
        "engine/llama_kernels.py",
        # Makes another file of a model's, in a process of its own.
        "engine/llama_quantise.py",
        # The yardstick: a bare loop over the same build, in a process of its own, so that the
        # bench can tell what our engine costs.
        "bench/engine/bare.py",
    ],
    "xllamacpp": ["bench/engine/native.py"],
    "pygls": ["lsp/*"],
    "lsprotocol": ["lsp/*"],
    "apsw": ["ledger/*"],
    "sqlite3": [],
    "tree_sitter": ["syntax/*"],
    "tree_sitter_python": ["syntax/*"],
    "tree_sitter_bash": ["syntax/*"],
    "tree_sitter_go": ["syntax/*"],
    "tree_sitter_c": ["syntax/*"],
    "tree_sitter_cpp": ["syntax/*"],
    "tree_sitter_java": ["syntax/*"],
    "tree_sitter_javascript": ["syntax/*"],
    "tree_sitter_rust": ["syntax/*"],
    "tree_sitter_typescript": ["syntax/*"],
    "dulwich": ["watch/git_objects.py"],
    "opentelemetry": ["telemetry/export.py"],
    "scipy": ["ledger/tell/fit.py"],
    "psycopg": ["ledger/postgres/*"],
    "pyarrow": ["ledger/moving/parquet_files.py"],
    "pathspec": ["features/context/ignored.py"],
    "subprocess": [
        "verify/*",
        "engine/keeper.py",
        # The keeper's other half: starts the host process and waits for it to be ready.
        "engine/startup.py",
        "models/*",
        "cli/*",
        "bench/*",
    ],
    "httpx": ["engine/connection.py", "engine/unix_transport.py", "models/*"],
    "huggingface_hub": ["models/*"],
    "jinja2": ["prompting/*", "report/page.py"],
    "matplotlib": ["report/plot.py"],
    "starlette": ["engine/*"],
    "uvicorn": ["engine/*"],
    "watchfiles": ["watch.py", "watch/*"],
    "click": ["cli/*"],
    "rich": ["cli/*"],
}
"""Which files, relative to the package, may import a library."""


def strays(server: Path) -> list[str]:
    """Return a line for each import of a library outside of its home."""
    found = []
    for path in python_files(server):
        relative = path.relative_to(server / "ducktypist").as_posix()
        for item in imports_of(path, server):
            library = item.target.split(".")[0]
            homes = HOMES.get(library)
            if homes is not None and not any(fnmatch(relative, home) for home in homes):
                found.append(f"{relative}:{item.line} imports {library}; its home is {homes}")
    return found


def test_imports_go_down_the_floors() -> None:
    """No module imports up or sideways, and every package stands on a floor."""
    table = floors((SERVER / "ARCHITECTURE.md").read_text(encoding="utf-8"))
    assert {"domain", "syntax", "engine.client", "lsp"} <= table.keys()
    assert violations(SERVER, table) == []


def test_every_listed_package_exists() -> None:
    """The table does not list what is not there."""
    table = floors((SERVER / "ARCHITECTURE.md").read_text(encoding="utf-8"))
    package = SERVER / "ducktypist"
    places = {name: package / name.replace(".", "/") for name in table}
    missing = [
        n for n, p in places.items() if not p.is_dir() and not p.with_suffix(".py").is_file()
    ]
    assert missing == []


def test_libraries_are_imported_at_home_only() -> None:
    """A foreign library's exceptions cannot leave what alone imports it."""
    assert strays(SERVER) == []


def test_the_table_is_read_from_its_markdown() -> None:
    """Prose in cells and other tables are left aside."""
    assert floors(TABLE) == {"app": 3, "engine.client": 2, "verify": 2, "domain": 1, "errors": 1}


BAD = {
    "up": ("domain.py", "def f():\n    from ducktypist.app import App\n", "up from floor 1 to 3"),
    "sideways": ("verify/a.py", "import ducktypist.engine.client\n", "sideways on floor 2"),
    "type checking": (
        "errors.py",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from .domain import Span\n",
        "sideways on floor 1",
    ),
    "relative up": ("verify/a.py", "from ..app import App\n", "up from floor 2 to 3"),
    "inside of the engine": (
        "app.py",
        "from ducktypist.engine import host\n",
        "only engine.client",
    ),
    "unlisted": ("stray.py", "", "stands on no floor"),
    "engine up": ("engine/host.py", "from ducktypist import app\n", "up from floor 2 to 3"),
}


@pytest.mark.parametrize(("place", "source", "problem"), BAD.values(), ids=BAD)
def test_the_checker_finds_what_it_is_for(
    tmp_path: Path, place: str, source: str, problem: str
) -> None:
    """Each kind of forbidden import is reported with its place."""
    for name in ("domain", "errors", "app", "engine/client", "engine/host", "verify/a"):
        file = tmp_path / "ducktypist" / f"{name}.py"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("from ducktypist import __version__\n" if name == "app" else "")
        (file.parent / "__init__.py").write_text("")
    assert violations(tmp_path, floors(TABLE)) == []
    (tmp_path / "ducktypist" / place).write_text(source)
    found = violations(tmp_path, floors(TABLE))
    assert len(found) == 1
    assert problem in found[0]


def test_the_checker_lets_pass_what_goes_down(tmp_path: Path) -> None:
    """Imports of lower floors, of one's own package and of the engine's client are fine."""
    files = {
        "app.py": "from ducktypist.engine.client import C\nfrom ducktypist.verify import a, b\n",
        "verify/a.py": "from ducktypist.verify.b import x\nfrom . import b\nimport json\n",
        "engine/client.py": "from ducktypist.engine.host import x\nfrom ..domain import Span\n",
    }
    for name in ("domain", "errors", "verify/b", "engine/host"):
        files[f"{name}.py"] = ""
    for name, source in files.items():
        file = tmp_path / "ducktypist" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(source)
        (file.parent / "__init__.py").write_text("")
    assert violations(tmp_path, floors(TABLE)) == []


def test_a_stray_library_is_found(tmp_path: Path) -> None:
    """Also when it is imported inside a function."""
    file = tmp_path / "ducktypist" / "features" / "a.py"
    file.parent.mkdir(parents=True)
    file.write_text("def f():\n    import sqlite3\n    from subprocess import run\n")
    assert [line.split()[2].rstrip(";") for line in strays(tmp_path)] == ["sqlite3", "subprocess"]


def test_the_root_is_the_repository() -> None:
    """The tests look at the tree that they belong to."""
    assert (ROOT / "pyproject.toml").is_file()
