from __future__ import annotations

import ast
import textwrap

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ducktypist.prompting.postprocess import (
    body_from,
    body_rule,
    clean,
    fragment,
    middle_line,
    without_head,
)
from ducktypist.syntax.endings import end_of


def ended(said: str, *, language: str, indent: str) -> bool:
    """Tell whether a generation has left the body, by the rule for the language."""
    return end_of(said, body_rule(language=language, indent=indent)) is not None


PY_BODIES = {
    "simple": ("    return 1\n\n\ndef other():\n    pass\n", "    return 1"),
    "no indentation first": ("return 1\n", "    return 1"),
    "first line unindented": ("x = 1\n    return x\nprint(2)\n", "    x = 1\n    return x"),
    "class after": ("    return 1\nclass A:\n    pass\n", "    return 1"),
    "decorator after": ("    return 1\n@wrap\ndef g():\n    pass\n", "    return 1"),
    "nested function": (
        "    def inner(x):\n        return x\n\n    return inner(1)\nprint()\n",
        "    def inner(x):\n        return x\n\n    return inner(1)",
    ),
    "decorated nested function": (
        "    @cache\n    def inner():\n        return 1\n    return inner\nx = 1\n",
        "    @cache\n    def inner():\n        return 1\n    return inner",
    ),
    "triple quotes at column 0": (
        '    text = """\nfirst\n  second\n"""\n    return text\nprint()\n',
        '    text = """\nfirst\n  second\n"""\n    return text',
    ),
    "single triple quotes": (
        "    text = '''\nit's \"\"\" here\n'''\n    return text\nprint()\n",
        "    text = '''\nit's \"\"\" here\n'''\n    return text",
    ),
    "triple quotes in a comment": (
        '    # a """ comment\n    return 1\nprint()\n',
        '    # a """ comment\n    return 1',
    ),
    "hash in a string": (
        '    x = "#"; y = """\na\n"""\n    return x\nprint()\n',
        '    x = "#"; y = """\na\n"""\n    return x',
    ),
    "quotes in a string": (
        '    x = \'"""\'\n    return x\nprint()\n',
        '    x = \'"""\'\n    return x',
    ),
    "closing bracket at the margin": (
        "    return f(\n        1,\n)\nprint()\n",
        "    return f(\n        1,\n    )",
    ),
    "comment at the margin": ("    a = 1\n# done\n", "    a = 1"),
    "fence": ("    return 1\n```\nThis returns 1.\n", "    return 1"),
    "fence right after": ("    return 1```", "    return 1"),
    "chatter": ("    return 1\n\nThis function returns 1.\n", "    return 1"),
    "CRLF": ("    a = 1\r\n    return a\r\nprint()\r\n", "    a = 1\n    return a"),
    "tabs": (
        "\tif x:\n\t\treturn 1\n\treturn 2\nprint()\n",
        "    if x:\n        return 1\n    return 2",
    ),
    "blank edges": ("\n\n    return 1\n\n\n", "    return 1"),
    "blank line inside": ("    a = 1\n\n    return a\n", "    a = 1\n\n    return a"),
    "blanks at line ends": ("    a = 1  \n    return a \n", "    a = 1\n    return a"),
    "nothing": ("", ""),
    "only blanks": ("  \n \n", ""),
    "only a fence": ("```", ""),
    "deeper than asked": ("        return 1\n        # x\n", "    return 1\n    # x"),
    "zero-width": ("    re\u200bturn 1\n", "    return 1"),
    "bidi": ("    return 1  # \u202eabc\n", "    return 1  # abc"),
}


@pytest.mark.parametrize("name", PY_BODIES)
def test_body_of_python(name: str) -> None:
    """The body is what stands deeper than the head, at the wanted indentation."""
    said, expected = PY_BODIES[name]
    assert body_from(said, language="python", indent="    ") == expected


@pytest.mark.parametrize("name", PY_BODIES)
def test_body_ended_agrees_with_body_from(name: str) -> None:
    """What comes after the place where the body ended would not have changed it."""
    said, expected = PY_BODIES[name]
    for cut in range(len(said) + 1):
        if ended(said[:cut], language="python", indent="    "):
            assert body_from(said[:cut], language="python", indent="    ") == expected
            break


@pytest.mark.parametrize(
    "name",
    ["simple", "class after", "decorator after", "nested function", "chatter",
     "triple quotes at column 0", "fence"],
)  # fmt: skip
def test_body_ends_before_everything_is_said(name: str) -> None:
    """A generation that has left the body is stopped."""
    assert ended(PY_BODIES[name][0], language="python", indent="    ")


@pytest.mark.parametrize(
    "said",
    [
        "    return 1",
        "    return 1\n",
        "    return 1\n\n\n",
        "return 1\n    ",
        '    x = """\nat the margin\n',
        "    return f(\n        1,\n",
        "    return 1\ndef",
        "    @wrap\n    def inner():\n",
    ],
)
def test_body_may_go_on(said: str) -> None:
    """An incomplete line, a blank one or an open string does not end a body."""
    assert not ended(said, language="python", indent="    ")


def test_tabs_are_kept_where_the_file_has_tabs() -> None:
    """A body that goes into a file indented by tabs has tabs only."""
    said = "    if x:\n        return 1\n    return 2\n"
    assert body_from(said, language="python", indent="\t") == "\tif x:\n\t\treturn 1\n\treturn 2"
    assert body_from("\tif x:\n\t\treturn 1\n", language="python", indent="\t\t") == (
        "\t\tif x:\n\t\t\treturn 1"
    )


GO_BODIES = {
    "simple": ("\treturn 1\n}\n\nfunc other() {}\n", "\treturn 1"),
    "nested block": (
        "\tif x {\n\t\treturn 1\n\t}\n\treturn 2\n}\n",
        "\tif x {\n\t\treturn 1\n\t}\n\treturn 2",
    ),
    "brace in a string": ('\treturn "}"\n}\n', '\treturn "}"'),
    "escaped quote": ('\treturn "\\"}"\n}\n', '\treturn "\\"}"'),
    "brace in a rune": (
        "\tif c == '}' {\n\t\treturn 1\n\t}\n}\n",
        "\tif c == '}' {\n\t\treturn 1\n\t}",
    ),
    "brace in a raw string": ("\ts := `}\\`\n\treturn s\n}\n", "\ts := `}\\`\n\treturn s"),
    "brace in a line comment": ("\t// } not yet\n\treturn 1\n}\n", "\t// } not yet\n\treturn 1"),
    "brace in a block comment": ("\t/* } */\n\treturn 1\n}\n", "\t/* } */\n\treturn 1"),
    "quote in a comment": ("\t// it's\n\treturn 1\n}\nx\n", "\t// it's\n\treturn 1"),
    "literal": ("\treturn T{a: 1}\n}\n", "\treturn T{a: 1}"),
    "fence": ("\treturn 1\n```\n", "\treturn 1"),
    "same line": (" return 1 }\n", "\treturn 1"),
}


@pytest.mark.parametrize("name", GO_BODIES)
def test_body_of_go(name: str) -> None:
    """The body ends at the brace that closes the function; braces in texts do not count."""
    said, expected = GO_BODIES[name]
    assert body_from(said, language="go", indent="\t") == expected
    if "```" not in said:
        assert ended(said, language="go", indent="\t")


@given(
    st.lists(
        st.sampled_from(
            ["x = 1", "if x:\n    y = 2", "for i in x:\n    if i:\n        z = 3", "return x",
             'text = """\na\n  b"""', "def inner(a):\n    return a", "# note", "f(\n    1,\n)"]
        ),
        min_size=1, max_size=5,
    ),
    st.sampled_from(["    ", "  ", "        "]),
)  # fmt: skip
def test_python_body_survives_and_the_rest_goes(parts: list[str], indent: str) -> None:
    """Whatever a body is made of, it is found whole in front of other code."""
    flat = "\n".join(parts)
    lines, inside = [], False
    for line in flat.split("\n"):
        lines.append(line if inside else indent + line)
        inside ^= line.count('"""') % 2 == 1
    body = "\n".join(lines)
    assert body_from(f"{body}\n\nclass Next:\n    pass\n", language="python", indent=indent) == body


@given(st.text(alphabet="ab(){}[]:=\"'#\\\n\t `@", max_size=80), st.sampled_from(["python", "go"]))
def test_any_answer_gives_a_body_or_nothing(text: str, language: str) -> None:
    """No answer raises, and a body has no blank lines at its ends."""
    body = body_from(text, language=language, indent="    ")
    assert body == "" or (body.split("\n")[0].strip() and body.split("\n")[-1].strip())


def test_a_body_of_a_real_function_parses() -> None:
    """The head and the body found for it are a program."""
    said = '    """Doc."""\n    if a:\n        return 1\n    return 2\n\nprint(f(1))\n'
    body = body_from(said, language="python", indent="    ")
    ast.parse(f"def f(a):\n{body}\n")
    assert textwrap.dedent(body).startswith('"""Doc."""')


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("x = 1\ny = 2", "x = 1\ny = 2"),
        ("x = 1  \r\ny = 2", "x = 1\ny = 2"),
        ("x\u200b = 1", "x = 1"),
        ("```python\nx = 1\n```", "x = 1"),
        ("Here is the code:\n```python\nx = 1\n```\nIt sets x.", "x = 1"),
        ("```\nx = 1", "x = 1"),
        ("x = 1\n```\nThis sets x.", "x = 1\n"),
        ("", ""),
    ],
)
def test_fragment(text: str, expected: str) -> None:
    """Fences, what announces them, invisible characters and foreign line ends are off."""
    assert fragment(text) == expected


SIGNATURE = "def add(a, b):"


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("    return a + b", "    return a + b"),
        ("    def add(a, b):\n        return a + b", "    return a + b"),
        ('    """Add."""\n    return a + b', "    return a + b"),
        ('    """Add.\n\n    Twice.\n    """\n\n    return a + b', "    return a + b"),
        ('    def add(a, b):\n        """Add."""\n        return a', "    return a"),
        ('    """Add."""', ""),
        ("    x = 1\n    def add(a, b):\n        return x", None),
    ],
)
def test_a_body_does_not_begin_with_the_head_again(body: str, expected: str | None) -> None:
    """Signature and docstring in front of a body go; what comes later in it stays."""
    found = without_head(body, signature=SIGNATURE, language="python")
    assert found == (body if expected is None else expected)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("x = 1\ny = 2", "x = 1"),
        ("x = 1   ", "x = 1"),
        ("\ny", ""),
        ("", ""),
        ("a\r\nb", "a"),
        ("a\x00b\u202ec", "abc"),
    ],
)
def test_middle_line(text: str, expected: str) -> None:
    """An infill of one line is its first line, without blanks at its end."""
    assert middle_line(text) == expected


def test_clean_removes_what_cannot_be_seen() -> None:
    """Bidirectional controls, zero-width characters and control characters go; text stays."""
    hidden = "\u202a\u202e\u2066\u2069\u200b\u200d\ufeff\u00ad\u2028\x07\x1b\x7f"
    assert clean(f"a{hidden}b\tc\nd") == "ab\tc\nd"
    assert clean("naïve 数 🦆 e\u0301") == "naïve 数 🦆 e\u0301"
