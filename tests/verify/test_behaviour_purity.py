from __future__ import annotations

import pytest

from ducktypist.verify.behaviour_purity import find_function, impurity

PURE = [
    "return sorted(x)",
    "import math\nreturn math.sqrt(x)",
    "import re\nreturn re.sub('a', 'b', x)",
    "self.total += x",
    "return os.path.join(x, 'a')",
    "from urllib.parse import quote\nreturn quote(x)",
    "import urllib.parse\nreturn urllib.parse.quote(x)",
    "time = x[0]\nreturn time.hour",
    "print(x)",
]
IMPURE = {
    "opens": "with open(x) as f:\n    return f.read()",
    "random": "return random.choice(x)",
    "network": "import socket\nreturn socket.socket()",
    "clock": "return time.time()",
    "writes": "global total\ntotal = x",
    "os": "return os.environ[x]",
    "files": "return os.path.exists(x)",
    "programs": "from subprocess import run\nrun(x)",
    "other code": "return eval(x)",
    "a file": "return Path(x).read_text()",
}


def found(body: str) -> str:
    """Return what a function with this body does besides computing."""
    text = "def f(self, x):\n" + "".join(f"    {line}\n" for line in body.splitlines())
    function = find_function(text, "f")
    assert function is not None
    return impurity(function)


@pytest.mark.parametrize("body", PURE)
def test_computing_is_pure(body: str) -> None:
    """What only computes is not suspected; a variable with a module's name is no module."""
    assert found(body) == ""


@pytest.mark.parametrize(("word", "body"), IMPURE.items(), ids=IMPURE)
def test_reaching_out_is_not(word: str, body: str) -> None:
    """Files, network, clock, chance, other programs and module variables are named."""
    why = found(body)
    assert why
    if word in {"opens", "random", "network", "clock", "writes", "other code"}:
        assert word.split(maxsplit=1)[0] in why


def test_functions_are_found_where_they_can_be_called() -> None:
    """A method and a conditional definition are found with their kind; an inner one is not."""
    text = (
        "import sys\n"
        "if sys.version_info:\n    def f(): pass\nelse:\n    def f(): pass\n"
        "class A:\n    class B:\n"
        "        @staticmethod\n        def s(): pass\n"
        "        @classmethod\n        def c(cls): pass\n"
        "        @property\n        def m(self): pass\n"
        "def outer():\n    def inner(): pass\n"
    )

    def kind(name: str) -> tuple[str, str] | None:
        one = find_function(text, name)
        return one and (one.kind, one.owner)

    assert kind("f") == ("function", "")
    assert kind("A.B.s") == ("staticmethod", "A.B")
    assert kind("A.B.c") == ("classmethod", "A.B")
    assert kind("A.B.m") == ("method", "A.B")
    assert kind("outer.inner") is None
    assert kind("nothing") is None
    assert kind("A.nothing") is None
    assert find_function("def f(:\n", "f") is None
    method = find_function(text, "A.B.m")
    assert method is not None
    assert set(method.lines) == {12, 13}
