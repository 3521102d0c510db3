from __future__ import annotations

from pathlib import Path

import pytest

from ducktypist.verify.guard import is_protected, literals_of, refusals, special_cases

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
        ("    from os import *", "everything"),
        ("    getattr(os, 'na' + 'me')", "getattr"),
        ("    look = getattr", "`getattr` as a value"),
        ("    other = os", "`os` as a value"),
        ("    os.sys.modules.clear()", "os.sys"),
        ("    os.path.join = None", "os.path.join"),
        ("    os.environ['A'] = 'b'", "environment"),
        ("    int.__add__ = None", "__add__"),
        ("    open('x', 'w')", "written"),
        ("    open('x', mode='a+')", "written"),
        ("    open('x', path)", "written"),
        ("    path.open('w')", "written"),
        ("    path.write_text('')", "written"),
        ("    os.remove('x')", "written"),
        ("    class S(BaseException): pass", "BaseException"),
        ("    class S(metaclass=type): pass", "metaclass"),
        ("    class N(int):\n        def __eq__(self, o): return self < o", "built-in"),
        ("    class N:\n        def __ne__(self, o): return isinstance(o, int)", "__ne__"),
        ("    type('N', (), {})", "`type`"),
        ("    try:\n        f('')\n    except:\n        pass", "everything"),
        ("    try:\n        f('')\n    except (OSError, BaseException):\n        pass", "Base"),
        ("    import contextlib\n    with contextlib.suppress(AssertionError): f('')", "Assertion"),
        ("    import time; time.sleep(1)", "sleep"),
        ("    import datetime; datetime.datetime.now()", "clock"),
        ("    import threading; threading.Thread(target=f).start()", "thread"),
        ("    import concurrent.futures", "concurrent"),
        ("    import inspect", "inspect"),
        ("    globals()['f'] = None", "globals"),
        ("    __tracebackhide__ = True", "__tracebackhide__"),
        ("    # doctest: +SKIP", "tests"),
        ("def pytest_configure(config): pass", "hook"),
        ("    class D:\n        def __del__(self): pass", "__del__"),
        ("    raise f.SkipTest", "SkipTest"),
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
        "        if other is None: return False\n        return self.a == other.a\n",
        BEFORE + "class P:\n    def __contains__(self, item): return item % 2 == 0\n",
        BEFORE + "import threading\nLOCK = threading.Lock()\n",
        BEFORE + "def g(path): return open(path).read() + path.open('rb').read()\n",
        BEFORE + "def g(exit, input): return exit(input)\n",
        BEFORE + "def g(self): self.name = getattr(self, 'x', os.sep)\n",
        BEFORE + "try:\n    f('')\nexcept (OSError, ValueError):\n    pass\n",
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
        "pkg/a_test.go",
        "go.mod",
        "go.sum",
        "vendor/x/y.go",
        "pkg/testdata/a.txt",
        "src/a.test.ts",
        "src/a.spec.jsx",
        "src/__tests__/a.js",
        "src/__snapshots__/a.snap",
        "spec/helper.js",
        "package.json",
        "package-lock.json",
        "yarn.lock",
        "pnpm-lock.yaml",
        "vitest.config.ts",
        "jest.setup.js",
        "tsconfig.build.json",
        "Gemfile.lock",
        "Cargo.lock",
        "poetry.lock",
        "composer.json",
        "Dockerfile.dev",
        "azure-pipelines.yml",
        "Jenkinsfile",
        "TESTS/A.PY",
        "node_modules/x/index.js",
        "../other/x.py",
        "/etc/passwd",
    ],
)
def test_protected_files(path: str, tmp_path: Path) -> None:
    """Tests, settings, hidden folders and everything outside are protected."""
    assert is_protected(Path(path), tmp_path)


@pytest.mark.parametrize(
    "path",
    [
        "a.py",
        "pkg/latest.py",
        "pkg/contest.py",
        "src/testimony.py",
        "pkg/protest.go",
        "src/contest.ts",
        "spec/model.py",
        "src/inspect.tsx",
    ],
)
def test_sources_are_not_protected(path: str, tmp_path: Path) -> None:
    """Ordinary source files may be patched, named relative or absolute."""
    assert not is_protected(Path(path), tmp_path)
    assert not is_protected(tmp_path / path, tmp_path)


def test_a_link_to_a_test_is_a_test(tmp_path: Path) -> None:
    """What a link leads to counts as well as its name."""
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "a.py").write_text("")
    (tmp_path / "a.py").symlink_to("tests/a.py")
    assert is_protected(Path("a.py"), tmp_path)
    assert is_protected(tmp_path / "a.py", tmp_path)


GO = 'package p\n\nimport "fmt"\n\nfunc F(a int) int {\n\treturn a\n}\n'


@pytest.mark.parametrize(
    ("old", "new", "word"),
    [
        ('"fmt"', '"fmt"\nimport "os"\nvar _ = os.Exit', "os.Exit"),
        ('"fmt"', 'o "os"\nvar _ = o.Exit', "os.Exit"),
        ('"fmt"', '. "os"', "without its name"),
        ('"fmt"', '"testing"', "testing"),
        ('"fmt"', '"unsafe"', "unsafe"),
        ('"fmt"', '"net/http"', "net/http"),
        ('"fmt"', '"os/exec"', "os/exec"),
        ('"fmt"', '"runtime/debug"', "runtime/debug"),
        ("\treturn a", "\tdefer func() { recover() }()\n\treturn a", "recover"),
        ("\treturn a", "\tgo F(a)\n\treturn a", "goroutine"),
        ("\treturn a", "\tselect {}", "wait"),
        ("\treturn a", "\tfmt.X = nil\n\treturn a", "fmt.X"),
        ("\treturn a", '\tif s == "-test.v" { return 1 }\n\treturn a', "test.v"),
        ("func F", "func init() {}\n\nfunc F", "init"),
        ("func F", "func TestMain() {}\n\nfunc F", "TestMain"),
        ("func F", "//go:linkname F runtime.exit\nfunc F", "go:linkname"),
        ("package p", "//go:build never\n\npackage p", "go:build"),
        ("package p", "// +build never\n\npackage p", "+build"),
        ("func F", "func (e E) Is(error) bool { return true }\n\nfunc F", "always true"),
    ],
)
def test_new_tricks_in_go_are_refused(old: str, new: str, word: str) -> None:
    """The same for Go."""
    reasons = refusals(GO, GO.replace(old, new), "go")
    assert any(word in reason for reason in reasons), reasons
    again = GO.replace(old, new)
    assert refusals(again, again.replace("return a", "return a + 1"), "go") == ()


def test_plain_go_fixes_are_not_refused() -> None:
    """Ordinary changes of Go give no reason, and other languages are not judged."""
    assert refusals(GO, GO.replace("return a", "return max(a, 0)"), "go") == ()
    assert refusals(GO, GO.replace('"fmt"', '"strings"\nimport "sync"'), "go") == ()
    assert refusals("a", "exit 0", "bash") == ()
    assert refusals(GO, "func {{{", "go") == ()


TEST = """
def test_f():
    assert f([1, 2, 3], "no") == 42
    assert f((4, 5), 'x', key={"a b": -7}) == "two words"
"""


def test_literals_have_one_form() -> None:
    """Numbers, texts and containers are found, what every program has is not."""
    found = literals_of(TEST)
    assert found >= {"[1, 2, 3]", "42", "[4, 5]", "'two words'", "-7", "'no'", "'a b'"}
    assert not found & {"1", "2", "'x'"}
    go = 'func TestF(t *testing.T) { if F([]int{1, 2, 3}, -7) != "two words" || x == 42.0 { } }'
    assert literals_of(go, "go") >= {"[1, 2, 3]", "-7", "'two words'", "42"}
    assert literals_of("assert (((", "python") == frozenset()
    assert "42" in literals_of("assert f((( == 42", "python")


@pytest.mark.parametrize(
    "added",
    [
        "if a == [1, 2, 3]: return 0",
        "if (1, 2, 3) == tuple(a): return 0",
        "if a in ([4, 5], []): return 0",
        "if str(a) == '[1, 2, 3]': return 0",
        "if len(a) == 42: return 0",
        "return 42",
        "if a: return 42",
        "return {42: -7}[a]",
        "return 'two words'",
        "if a == 42: return 'two words'",
        "x = [42, 0]",
        "return a.__eq__([4, 5])",
    ],
)
def test_special_cases_are_seen(added: str) -> None:
    """A patch that knows what the test asks and wants is named."""
    before = "def f(a):\n    return a\n"
    after = before.replace("    return a", f"    {added}\n    return a")
    assert special_cases(before, after, literals_of(TEST))
    assert special_cases(after, after, literals_of(TEST)) == ()


@pytest.mark.parametrize(
    "added",
    [
        "if a == 2: return 0",
        "if a < 42: return 0",
        "if a % 2: return 'two words'",
        "return a * 42",
        "return g(a, 'two words')",
        "return 43",
        "x = {'no': g}",
    ],
)
def test_plain_values_are_no_special_cases(added: str) -> None:
    """Values in formulas, bounds and messages are what programs are made of."""
    before = "def f(a):\n    return a\n"
    after = before.replace("    return a", f"    {added}\n    return a")
    assert special_cases(before, after, literals_of(TEST)) == ()
    assert special_cases(before, after, frozenset()) == ()
