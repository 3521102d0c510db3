from __future__ import annotations

from pathlib import Path

import pytest

from ducktypist.verify.guard import is_protected, refusals

BEFORE = "import os\n\ndef f(path):\n    return os.path.join(path, 'a')\n"


@pytest.mark.parametrize(
    ("added", "word"),
    [
        ("    os._exit(0)", "os._exit"),
        ("    from os import _exit", "os._exit"),
        ("    import os as o; o._exit(0)", "os._exit"),
        ("    import sys; sys.exit(0)", "sys.exit"),
        ("    raise SystemExit(0)", "SystemExit"),
        ("    import pytest", "pytest"),
        ("    from _pytest import reports", "_pytest"),
        ("    import _pytest.reports as p", "_pytest"),
        ("    import sys; sys.modules.clear()", "sys.modules"),
        ("    from sys import modules", "sys.modules"),
        ("    import ctypes", "ctypes"),
        ("    import subprocess", "subprocess"),
        ("    from socket import socket", "socket"),
        ("    open('/proc/self/environ')", "/proc"),
        ("    os.environ['DUCKTYPIST_REPORT_FD']", "DUCKTYPIST_"),
        ("    os.write(3, b'')", "os.write"),
        ("    __import__('pytest')", "__import__"),
        ("    exec('1')", "exec"),
        ("    class E:\n        def __eq__(self, other): return True", "__eq__"),
        ("    class E:\n        __eq__ = lambda self, other: 1", "__eq__"),
        ("    f.__code__ = None", "__code__"),
        ("    import gc", "gc"),
    ],
)
def test_new_tricks_are_refused(added: str, word: str) -> None:
    """What a patch adds and a fix has no need of is named."""
    reasons = refusals(BEFORE, BEFORE + added + "\n")
    assert any(word in reason for reason in reasons), reasons


@pytest.mark.parametrize(
    "after",
    [
        BEFORE.replace("'a'", "'b'"),
        BEFORE + "import re\nP = re.compile('x')\n",
        BEFORE + "class P:\n    def __eq__(self, other): return self.x == other.x\n",
        BEFORE + "class P:\n    def __eq__(self, other):\n"
        "        if other is None: return False\n        return True\n",
        BEFORE + "from . import pytest_like\nfrom .socket import x\n",
        "def f(:\n",
    ],
)
def test_plain_fixes_are_not_refused(after: str) -> None:
    """Ordinary changes, and text that does not parse, give no reason."""
    assert refusals(BEFORE, after) == ()


def test_only_what_is_new_counts() -> None:
    """A program that exits already may go on doing so, and not more often."""
    before = "import sys, subprocess\ndef main():\n    sys.exit(0)\n"
    assert refusals(before, before.replace("0", "1")) == ()
    assert refusals(before, before + "    sys.exit(2)\n") == ("the patch adds `sys.exit`",)


@pytest.mark.parametrize(
    "path",
    [
        "test_a.py",
        "a_test.py",
        "tests/data.py",
        "pkg/tests/helper.py",
        "conftest.py",
        "pkg/conftest.py",
        "pyproject.toml",
        "setup.py",
        "uv.lock",
        "requirements-dev.txt",
        ".github/workflows/ci.yml",
        ".envrc",
        "pkg/.hidden/x.py",
        "Makefile",
        "x.pth",
        "sitecustomize.py",
        "../other/x.py",
        "/etc/passwd",
    ],
)
def test_protected_files(path: str, tmp_path: Path) -> None:
    """Tests, settings, hidden folders and everything outside are protected."""
    assert is_protected(Path(path), tmp_path)


@pytest.mark.parametrize("path", ["a.py", "pkg/latest.py", "pkg/contest.py", "src/testimony.py"])
def test_sources_are_not_protected(path: str, tmp_path: Path) -> None:
    """Ordinary source files may be patched, named relative or absolute."""
    assert not is_protected(Path(path), tmp_path)
    assert not is_protected(tmp_path / path, tmp_path)
