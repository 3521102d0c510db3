from __future__ import annotations

import pytest

from ducktypist.syntax.go_imports import (
    missing_go_imports,
    unused_go_imports,
    with_imports,
    without_imports,
)
from ducktypist.syntax.parse import parse
from ducktypist.syntax.python_imports import missing_python_imports, with_python_imports

BODY = "\nfunc F(s string) string {\n\tsort.Strings(nil)\n\treturn strings.ToUpper(s)\n}\n"


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        ("package p\n", 'package p\n\nimport (\n\t"sort"\n\t"strings"\n)\n'),
        (
            'package p\n\nimport "fmt"\n',
            'package p\n\nimport (\n\t"fmt"\n\t"sort"\n\t"strings"\n)\n',
        ),
        (
            'package p\n\nimport (\n\t"fmt"\n\n\t"example.com/a"\n)\n',
            'package p\n\nimport (\n\t"fmt"\n\t"sort"\n\t"strings"\n\n\t"example.com/a"\n)\n',
        ),
        (
            'package p\n\nimport (\n\t"os"\n\tx "unicode"\n)\n',
            'package p\n\nimport (\n\t"os"\n\t"sort"\n\t"strings"\n\tx "unicode"\n)\n',
        ),
        (
            'package p\n\n// #include <x.h>\nimport "C"\n',
            'package p\n\nimport (\n\t"sort"\n\t"strings"\n)\n\n// #include <x.h>\nimport "C"\n',
        ),
    ],
)
def test_go_imports_are_added(head: str, expected: str) -> None:
    """Missing packages come where gofmt would have them, and the text still parses."""
    text = head + BODY
    assert missing_go_imports(text) == ("sort", "strings")
    made = with_imports(text, missing_go_imports(text))
    assert made == expected + BODY
    assert missing_go_imports(made) == ()
    tree = parse(made, "go")
    assert tree is not None
    assert not tree.root.has_error


def test_go_names_that_are_no_packages() -> None:
    """A local of a package's name, a name of the file and random's other package are left alone."""
    text = "package p\n\nfunc f(sort T) {\n\tsort.Strings(nil)\n}\n"
    assert missing_go_imports(text) == ()
    assert missing_go_imports("package p\n\nvar strings T\n\nvar x = strings.Y()\n") == ()
    assert missing_go_imports("package p\n\nvar x = rand.Intn(3)\n") == ("math/rand",)
    assert missing_go_imports("package p\n\nvar x = rand.Reader\n") == ()
    assert missing_go_imports("package p\n\nfunc (") == ()


def test_go_imports_are_removed() -> None:
    """Imports that nothing uses go, and with the last one the declaration."""
    text = 'package p\n\nimport (\n\t"fmt"\n\t"os"\n)\n\nfunc F() { fmt.Println() }\n'
    assert unused_go_imports(text) == ("os",)
    assert '"os"' not in without_imports(text, ["os"])
    assert '"fmt"' in without_imports(text, ["os"])
    alone = 'package p\n\nimport "os"\n\nfunc F() {}\n'
    assert without_imports(alone, unused_go_imports(alone)) == "package p\n\nfunc F() {}\n"
    both = 'package p\n\nimport (\n\t"os"\n)\n\nfunc F() {}\n'
    assert without_imports(both, ["os"]) == "package p\n\nfunc F() {}\n"


CODE = "def f(x):\n    return math.sqrt(Counter(x)[1])\n"


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        ("", "{}\n\n"),
        ('"""Doc."""\n', '"""Doc."""\n\n{}\n\n'),
        ("import os\n\n\n", "import os\n{}\n\n"),
        ("#!/usr/bin/env python\n", "#!/usr/bin/env python\n{}\n\n"),
        ("from __future__ import annotations\n", "from __future__ import annotations\n{}\n\n"),
        ("from a import (\n    b,\n)\n\n\n", "from a import (\n    b,\n)\n{}\n\n"),
    ],
)
def test_python_imports_are_added(head: str, expected: str) -> None:
    """Missing imports come below the other imports, the docstring or the comments at the top."""
    text = head + CODE
    wanted = missing_python_imports(text)
    assert wanted == ("from collections import Counter", "import math")
    made = with_python_imports(text, wanted)
    assert made == expected.format("\n".join(wanted) + "\n") + CODE
    assert missing_python_imports(made) == ()
    compile(made, "<made>", "exec")


def test_python_names_that_are_bound() -> None:
    """What the file defines is not imported, and neither is what nobody knows."""
    assert missing_python_imports("def f(math):\n    return math.x\n") == ()
    assert missing_python_imports("def f():\n    return helper(mystery.x)\n") == ()
    assert missing_python_imports("def f():\n    return math\n") == ()
    assert missing_python_imports("def f(:") == ()


def test_line_endings_stay() -> None:
    """Windows line endings are kept."""
    made = with_python_imports("import os\r\n\r\nx = math.pi\r\n", ["import math"])
    assert made == "import os\r\nimport math\r\n\r\nx = math.pi\r\n"
    go = with_imports('package p\r\n\r\nimport (\r\n\t"os"\r\n)\r\n', ["fmt"])
    assert go == 'package p\r\n\r\nimport (\r\n\t"fmt"\r\n\t"os"\r\n)\r\n'
