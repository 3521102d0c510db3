from __future__ import annotations

import asyncio
import contextlib
import os
import py_compile
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path

import psutil
import pytest
import tree_sitter

from ducktypist.domain import Span
from ducktypist.domain.facts import Fact, FactKind
from ducktypist.facts.python_names import PythonNames

PATIENT_S = 30.0
"""For tests that are not about time: the machine may be busy."""


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give all tests one folder for parsed files, so that only the first takes long."""
    return tmp_path_factory.mktemp("jedi")


@pytest.fixture
async def names(cache: Path) -> AsyncIterator[PythonNames]:
    """Give a worker that has time."""
    found = PythonNames(timeout_s=PATIENT_S, cache=cache)
    yield found
    await found.aclose()


async def asked(
    names: PythonNames, text: str, *, path: Path | None = None, root: Path | None = None
) -> dict[str, Fact]:
    """Return the facts of a whole text by subject."""
    facts = await names.calls(text, Span(start=0, end=len(text)), path=path, root=root)
    return {fact.subject: fact for fact in facts}


async def test_a_library_function_is_told_with_signature_and_docstring(
    names: PythonNames,
) -> None:
    """The signature comes from the stubs, without annotations, the words from the docstring."""
    text = "import os\nos.replace('a', 'b')\n"
    fact = (await asked(names, text))["os.replace"]
    assert fact.kind is FactKind.CALLS
    assert fact.text.startswith("os.replace(src, dst, *, src_dir_fd=None, dst_dir_fd=None)")
    assert fact.text.endswith("overwriting the destination")
    assert fact.source == "typeshed"
    assert fact.span is not None
    assert fact.span.of(text) == "os.replace"
    assert "StrOrBytesPath" in fact.detail


async def test_a_method_is_told_by_the_type_that_the_code_shows(names: PythonNames) -> None:
    """The receiver's type is inferred from annotations and assignments."""
    text = (
        "from pathlib import Path\n"
        "def f(items: list[int], path: Path):\n    items.append(1)\n    return path.read_text()\n"
    )
    facts = await asked(names, text)
    assert facts["items.append"].text == (
        "items.append(object, /) -> None: append object to the end of the list"
    )
    assert facts["path.read_text"].names == ("pathlib.Path.read_text",)


async def test_a_function_of_the_same_file_is_told_with_its_line(names: PythonNames) -> None:
    """What the file defines is known, although nothing of it was saved."""
    text = 'def f(a, *, b=3) -> int:\n    """Count it. More."""\n\nf(1)\n'
    fact = (await asked(names, text))["f"]
    assert fact.text == "f(a, *, b=3) -> int: count it"
    assert fact.source == "the code, line 1"


async def test_a_module_of_the_workspace_is_read(names: PythonNames, tmp_path: Path) -> None:
    """What another module of the workspace defines is told with that module's name."""
    (tmp_path / "src" / "shop").mkdir(parents=True)
    (tmp_path / "src" / "shop" / "__init__.py").touch()
    (tmp_path / "src" / "shop" / "prices.py").write_text('def total(n):\n    "Sum it up."\n')
    text = "from shop.prices import total\ntotal(3)\n"
    fact = (await asked(names, text, path=tmp_path / "main.py", root=tmp_path))["total"]
    assert fact.text == "total(n): sum it up"
    assert fact.source == "module shop.prices"


async def test_packages_of_the_workspaces_environment_are_read(
    names: PythonNames, tmp_path: Path
) -> None:
    """Sources in the site-packages of the workspace's virtual environment are known."""
    packages = tmp_path / ".venv" / "lib" / "python3.11" / "site-packages"
    packages.mkdir(parents=True)
    (packages / "abacus.py").write_text('def bead(*, colour="red"):\n    """Move a bead."""\n')
    text = "import abacus\nabacus.bead()\n"
    fact = (await asked(names, text, path=tmp_path / "main.py", root=tmp_path))["abacus.bead"]
    assert fact.text == 'abacus.bead(*, colour="red"): move a bead'


async def test_the_overload_that_fits_the_call_is_told(names: PythonNames) -> None:
    """Of several signatures the one is told that takes what the call gives."""
    text = "d = {}\nd.get(1, 2)\n"
    assert (await asked(names, text))["d.get"].text.startswith("d.get(key, default")


async def test_long_signatures_keep_what_the_call_uses(names: PythonNames) -> None:
    """A signature is cut to about a hundred characters, with the keywords in use kept."""
    text = "import subprocess\nsubprocess.run(['a'], timeout=3)\n"
    fact = (await asked(names, text))["subprocess.run"]
    assert "args" in fact.text
    assert "timeout=None" in fact.text
    assert len(fact.text) <= 160


async def test_everyday_builtins_and_exceptions_come_last(names: PythonNames) -> None:
    """What everybody knows does not push out what is worth telling."""
    text = "import os\nlen([])\nValueError('x')\nos.getcwd()\n"
    assert list(await asked(names, text)) == ["os.getcwd", "len", "ValueError"]


@pytest.mark.parametrize("text", ["", "f(", "os.replace(", "def f(:\n g(1)", "x = 1"])
async def test_text_without_known_calls_gives_nothing(names: PythonNames, text: str) -> None:
    """Broken code and unknown names give no facts and no exception."""
    assert await asked(names, text) == {}


def hostile(root: Path, marker: Path) -> None:
    """Fill a workspace with all that Python or a careless tool would run."""
    evil = f"open({str(marker)!r}, 'a').write(__file__)\ndef replace(a):\n    'Mine.'\n"
    for name in ("setup", "conftest", "sitecustomize", "usercustomize", "os", "json", "decoder"):
        (root / f"{name}.py").write_text(evil)
    (root / "encodings").mkdir()
    (root / "encodings" / "__init__.py").write_text(evil)
    (root / "package").mkdir()
    (root / "package" / "__init__.py").write_text(evil)
    py_compile.compile(str(root / "setup.py"), cfile=str(root / "sourceless.pyc"))
    suffix = EXTENSION_SUFFIXES[0]
    library = next(Path(tree_sitter.__file__).parent.glob("*.so"))
    shutil.copy(library, root / f"fastmath{suffix}")
    (root / "garbage.abi3.so").write_bytes(b"\x7fELF nothing")
    (root / ".jedi").mkdir()
    (root / ".jedi" / "project.json").write_text(
        '[1, {"path": ".", "environment_path": ".venv/bin/python", "load_unsafe_extensions": true}]'
    )
    binaries = root / ".venv" / "bin"
    packages = root / ".venv" / "lib" / "python3.11" / "site-packages"
    binaries.mkdir(parents=True)
    packages.mkdir(parents=True)
    for name in ("python", "python3"):
        (binaries / name).write_text(f"#!/bin/sh\necho ran >> {marker}\n")
        (binaries / name).chmod(0o755)
    (root / ".venv" / "pyvenv.cfg").write_text("home = /usr/bin\n")
    (packages / "evil.pth").write_text(f"import os; open({str(marker)!r}, 'a').write('pth')\n")
    (packages / "sitecustomize.py").write_text(evil)
    (packages / "installed.py").write_text(evil)
    shutil.copy(library, packages / f"fastpath{suffix}")


HOSTILE_TEXT = """
import os, json, setup, conftest, sitecustomize, sourceless, fastmath, garbage, package, installed
import encodings, fastpath
from decoder import replace as r
os.replace(1); json.loads(2); setup.replace(3); conftest.replace(4); sitecustomize.replace(5)
sourceless.replace(6); fastmath.go(7); garbage.go(8); package.replace(9); installed.replace(10)
encodings.replace(11); fastpath.go(12); r(13); __import__("setup").replace(14)
def test(tmp_path, client):
    tmp_path.mkdir(); client.get(15)
"""


async def test_nothing_of_a_hostile_workspace_is_run(
    names: PythonNames, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Modules, extensions, interpreters and start files of a workspace are read at most."""
    root, marker = tmp_path / "work", tmp_path / "marker"
    root.mkdir()
    hostile(root, marker)
    monkeypatch.chdir(root)
    monkeypatch.setenv("VIRTUAL_ENV", str(root / ".venv"))
    await names.warm()
    facts = {}
    for line in [HOSTILE_TEXT, *HOSTILE_TEXT.splitlines()]:
        start = HOSTILE_TEXT.index(line)
        span = Span(start=start, end=start + len(line))
        for path in (root / "main.py", root / "package" / "inner.py", None):
            found = await names.calls(HOSTILE_TEXT, span, path=path, root=root)
            facts.update({fact.subject: fact for fact in found})
    # The modules were found, so that there was something to run.
    assert facts["setup.replace"].text == "setup.replace(a): mine"
    assert facts["installed.replace"].source == "module installed"
    assert not marker.exists()
    assert names._process is not None
    worker = psutil.Process(names._process.pid)
    assert not [one.path for one in worker.memory_maps() if one.path.startswith(str(root))]
    assert worker.children() == []


def test_the_worker_refuses_foreign_code_whoever_asks_for_it(tmp_path: Path) -> None:
    """The hook stops imports from elsewhere, new processes and connections, even by our own."""
    (tmp_path / "foreign.py").write_text("print('ran')\n")
    library = next(Path(tree_sitter.__file__).parent.glob("*.so"))
    shutil.copy(library, tmp_path / library.name.replace("_binding", "foreign_library"))
    program = f"""
import importlib.machinery, importlib.util, os, socket, subprocess, sys
from ducktypist.facts import python_jedi, python_worker
python_worker.refuse_foreign_code(python_jedi.library_folders())
sys.path.insert(0, {str(tmp_path)!r})
def library():
    path = {str(tmp_path / library.name.replace("_binding", "foreign_library"))!r}
    spec = importlib.util.spec_from_file_location("_binding", path)
    importlib.util.module_from_spec(spec)
for act in (lambda: __import__("foreign"), library, lambda: subprocess.run(["true"]),
            lambda: os.system("true"), os.fork, lambda: socket.create_connection(("::1", 9))):
    try:
        act()
    except python_worker.RefusedError:
        print("refused")
import colorsys
print(colorsys.__name__)
"""
    done = subprocess.run(
        [sys.executable, "-P", "-c", program], capture_output=True, text=True, check=False
    )
    assert done.stdout.split() == ["refused"] * 6 + ["colorsys"], done.stderr


def test_asking_does_not_import_jedi() -> None:
    """The server's own process stays without jedi and parso."""
    program = (
        "import sys, ducktypist.facts.python_names, ducktypist.facts.python_syntax\n"
        "print([name for name in ('jedi', 'parso') if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-P", "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


async def test_a_worker_that_died_is_started_again(names: PythonNames) -> None:
    """A crash between two questions is not noticed by who asks."""
    await asked(names, "len([])\n")
    first = names._process
    assert first is not None
    first.kill()
    await first.wait()
    assert "len" in await asked(names, "len([])\n")
    assert names._process is not None
    assert names._process.pid != first.pid


async def test_a_question_that_takes_too_long_gives_what_the_text_shows(cache: Path) -> None:
    """Without an answer in time there is what the text itself says, and the next question works."""
    names = PythonNames(timeout_s=0.001, cache=cache)
    try:
        assert await asked(names, "len([])\n") == {}
        facts = await asked(names, "def f(a):\n    'Walk.'\n\nf(1)\n")
        assert facts["f"].text == "f(a): walk"
        names._timeout_s = PATIENT_S
        assert "len" in await asked(names, "len([])\n")
    finally:
        await names.aclose()


async def test_an_answer_that_nobody_waits_for_is_passed_over(names: PythonNames) -> None:
    """After a cancelled question the next one gets its own answer."""
    await asked(names, "len([])\n")
    text = "import os\nos.replace('a', 'b')\nos.getcwd()\n"
    task = asyncio.create_task(asked(names, text))
    await asyncio.sleep(0)
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
    assert list(await asked(names, "sorted([])\n")) == ["sorted"]


async def test_a_question_does_not_wait_for_the_warm_up(names: PythonNames) -> None:
    """Who asks during the warm-up gets an answer of his own, and the warm-up gives way."""
    await names.warm()
    assert "len" in await asked(names, "len([])\n")
    text = "from collections.abc import Mapping\ndef f(m: Mapping[str, int]):\n    m.keys()\n"
    fact = (await asked(names, text))["m.keys"]
    assert fact.text.startswith("m.keys(): returns a set-like object")


async def test_closing_ends_the_process(names: PythonNames) -> None:
    """Nothing is left behind, and closing twice is no mistake."""
    await names.warm()
    process = names._process
    assert process is not None
    await names.aclose()
    await names.aclose()
    assert process.returncode is not None
    assert not psutil.pid_exists(process.pid)


def test_the_worker_leaves_when_its_input_closes(tmp_path: Path) -> None:
    """A worker does not outlive who started it, and half a line is no question."""
    done = subprocess.run(
        [sys.executable, "-P", "-m", "ducktypist.facts.python_worker", str(tmp_path)],
        input=b'{"id": 1',
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, b"")


def test_the_worker_leaves_when_nobody_asks() -> None:
    """Without a question for so long there are no more questions."""
    from ducktypist.facts.python_worker import questions  # noqa: PLC0415 - the worker's own module

    reading, writing = os.pipe()
    try:
        os.write(writing, b'{"id": 1}\n{"id"')
        assert list(questions(reading, idle_s=0.01)) == [{"id": 1}]
    finally:
        os.close(reading)
        os.close(writing)


async def test_damaged_files_in_the_cache_are_thrown_away(tmp_path: Path) -> None:
    """What two windows wrote at once does not keep facts away for good."""
    names = PythonNames(timeout_s=PATIENT_S, cache=tmp_path)
    try:
        await asked(names, "import os\nos.getcwd()\n")
        await names.aclose()
        damaged = list(tmp_path.rglob("*.pkl"))
        assert damaged
        for file in damaged:
            file.write_bytes(b"\x80")
        await asked(names, "import os\nos.getcwd()\n")
        assert "os.getcwd" in await asked(names, "import os\nos.getcwd()\n")
    finally:
        await names.aclose()
