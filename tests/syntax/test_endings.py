from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ducktypist.domain import StopName, StopRule
from ducktypist.prompting.postprocess import body_from, body_rule
from ducktypist.syntax.endings import end_of, ending
from ducktypist.syntax.unfinished import Incoming, outline, visible

DEDENT = StopRule(name=StopName.DEDENT, indent="    ")
BRACE = StopRule(name=StopName.BRACE, comment="//")
SHELL_BRACE = StopRule(name=StopName.BRACE, comment="#")
LINE = StopRule(name=StopName.LINE)
STATEMENT = StopRule(name=StopName.STATEMENT)
GO_STATEMENT = StopRule(name=StopName.STATEMENT, comment="//")
FENCE = StopRule(name=StopName.FENCE)
C, CPP, JAVA, JAVASCRIPT, RUST, TYPESCRIPT = (
    StopRule(name=StopName.BRACE, comment="//", language=language)
    for language in ("c", "cpp", "java", "javascript", "rust", "typescriptreact")
)
RUST_STATEMENT = StopRule(name=StopName.STATEMENT, comment="//", language="rust")
JAVASCRIPT_STATEMENT = StopRule(name=StopName.STATEMENT, comment="//", language="javascript")

# The bar says where the answer is over; what stands behind it is what shows it.
DEDENT_CASES = {
    "function after": "    return 1\n\n\n|def other():\n",
    "decorator after": "    return 1\n|@wrap\n",
    "async function after": "    return 1\n|async def g():\n",
    "class after": "    return 1\n|class A:\n",
    "code after": "    x = 1\n    return x\n|print(x)\n",
    "comment at the margin": "    a = 1\n|# done\n",
    "middle of a line": "return f(a,\n    b)\n|x = 1\n",
    "nested function": "    async def inner():\n        pass\n    return inner\n|x\n",
    "decorated nested function": "    @cache\n    def f():\n        pass\n    return f\n|x\n",
    "margin in a string": '    x = """\nat the margin\n"""\n    return x\n|y\n',
    "quote in a raw string": "    x = r'\\''\n    return x\n|y\n",
    "escaped line break in a string": "    x = 'a\\\nb'\n    return x\n|y\n",
    "the same with Windows line ends": "    x = 'a\\\r\nb'\r\n    return x\r\n|y\r\n",
    "line ends of old": "    x = 1\r    return x\r|y\r\r",
    "margin in nested brackets": "    x = [\n(1,\n[2]),\n]\n    return x\n|y\n",
    "bracket left open": "    x = [\n    1,\n|def other():\n",
    "continued line": "    x = 1 + \\\n2\n    return x\n|y\n",
    "bracket in a string": "    x = '['\n    return x\n|y\n",
    "bracket in a comment": "    x = 1  # (\n|y\n",
    "quote in a comment": "    x = 1  # it's\n|y\n",
    "tabs": "\tif x:\n\t\treturn 1\n\treturn 2\n|print()\n",
    "less deep than the file": "  if x:\n    return 1\n  return 2\n|y = 1\n",
    "invisible characters": "    x = 1\n\u200b\n\ufeff    y = 2\n|z\n",
    "fence": "    return 1\n|```\n",
    "definition at once": "\n|def other():\n",
}
OTHER_CASES = {
    "closing brace": (BRACE, "\treturn 1\n|}\n"),
    "same line": (BRACE, " return 1 |}"),
    "nested block": (BRACE, "\tif x {\n\t}\n|}"),
    "braces in strings": (BRACE, '\ta := "}" + \'}\' + `}\\` + "\\"}"\n|}'),
    "braces in comments": (BRACE, "\t// } it's\n\t/* } */ x /**/\n|}"),
    "division": (BRACE, "\tx = a / b\n|}"),
    "shell": (SHELL_BRACE, "  echo ${#x} # }\n|}"),
    "line": (LINE, "x = 1|\n"),
    "line after empty ones": (LINE, "\r\n\nx = 1|\r\ny"),
    "statement": (STATEMENT, "x = 1|\n"),
    "statement over lines": (STATEMENT, "f(\n  [1,\n  2],\n)|\ny\n"),
    "statement in a bracket that was there": (STATEMENT, "a, b)|\ny\n"),
    "string over lines": (STATEMENT, 'x = """\n)\n"""|\n'),
    "continued statement": (STATEMENT, "\nx = 1 + \\\n2|\n"),
    "statement of Go": (GO_STATEMENT, "x := f(a, // (\n  `\n`)|\n"),
    "fence opens": (FENCE, "Like this:\n\n|```python\n"),
    "fence closes": (FENCE, "x = 1\n|```"),
    "indented fence": (FENCE, "- x\n|  ~~~"),
    "no fence in the middle of a line": (FENCE, "a ```b```\n|```"),
}
OTHER_CASES |= {
    "template": (JAVASCRIPT, "  const a = `}${`{${b}`}}\\`}`;\n|}"),
    "object in a template": (JAVASCRIPT, "  f(`${g({a: `}`})} }`);\n|}"),
    "regular expression": (JAVASCRIPT, "  return /[/}'\"]}\\/{/.test(a) && a / b > 1 / c;\n|}"),
    "regular expression after a word": (JAVASCRIPT, "  return /}/;\n  x = y / 2; // }\n|}"),
    "regular expression in a call": (JAVASCRIPT, "  s.replace(/{/g, '}').split(/'/);\n|}"),
    "apostrophe in a tag": (TYPESCRIPT, "  return <p>Don't {a && (<b />)} {x}</p>;\n|}"),
    "closing tag": (TYPESCRIPT, "  return <a>{x}</a>; // '\n|}"),
    "lifetime": (RUST, "    let f: Box<dyn Fn(&'a str) -> &'static str> = { g };\n|}"),
    "character": (RUST, "    a == '{' && a == '\\'' && a == '\"' && b'}' == c\n|}"),
    "label": (RUST, "    'outer: loop { break 'outer; }\n|}"),
    "raw string": (RUST, '    r#"}"{"#.len() + r"\\}".len() + br##"}"#"##.len()\n|}'),
    "string over lines": (RUST, '    "}\n}".len()\n|}'),
    "comment in a comment": (RUST, "    /* /* } */ } */ a\n|}"),
    "text block": (JAVA, '    return """\n }\n  "quoted" \\""" }\n""" + \'}\';\n|}'),
    "directive": (C, "#define OPEN {\\\n {\n  a();\n#if 0 // it's {\n#endif\n|}"),
    "character of C": (C, "  if (c == '{' && c == L'}' && c == '\\'') b();\n|}"),
    "digits": (CPP, "  if (n > 1'000) { n = 0xF'F; }\n|}"),
    "raw string of C++": (CPP, '  f(R"({)", uR"x(}" )")x", "R(");\n|}'),
    "statement with a lifetime": (RUST_STATEMENT, "let x: &'a str = f(\n  'b',\n);|\n"),
    "statement with a template": (JAVASCRIPT_STATEMENT, "f(`a\n${b(\n)}\n`)|\n"),
}
CASES = {f"dedent: {name}": (DEDENT, said) for name, said in DEDENT_CASES.items()} | OTHER_CASES


@pytest.mark.parametrize("name", CASES)
def test_where_an_answer_is_over(name: str) -> None:
    """Each rule finds its place, in what can be seen and with one kind of line break."""
    rule, said = CASES[name]
    before, _, shows = said.partition("|")
    kept = Incoming().feed(f"{before}x").removesuffix("x")
    assert end_of(before + shows, rule) == len(kept)


@pytest.mark.parametrize("name", CASES)
def test_an_answer_is_not_over_before_it_is_shown(name: str) -> None:
    """What stands before the place may still go on, however much of it is known."""
    rule, said = CASES[name]
    before = said.partition("|")[0]
    assert all(end_of(before[:cut], rule) is None for cut in range(len(before) + 1))


@pytest.mark.parametrize("name", CASES)
@given(data=st.data())
def test_pieces_do_not_matter(name: str, data: st.DataObject) -> None:
    """An answer that comes in pieces is over at the same place as in one."""
    rule, said = CASES[name]
    text = said.replace("|", "")
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=8)))
    watch = ending(rule)
    for start, end in zip([0, *cuts], [*cuts, len(text)], strict=True):
        watch.feed(text[start:end])
    assert watch.end == end_of(text, rule)


TELLING = ["c", "cpp", "java", "javascript", "rust", "typescript"]
"""Languages whose rules know more than what a comment begins with."""
RUNNING = st.text(alphabet="ab(){}[]:=\"'#\\\n\r\t `@/*\u200b\x0c", max_size=60) | st.lists(
    st.sampled_from(
        ["    x = 1", "return x", "\t", "    ", "\n", "\r\n", '"""', "'", "(", "]", "def f():\n",
         "@wrap\n", "# note", "async def g():\n", "{", "}", "//", "/*", "*/", "\\", "```", "`",
         "${", "/x", 'R"a(', ')a"', 'r#"', '"#', "'a", "'{'", "#if", "1'0"]
    ),
    max_size=24,
).map("".join)  # fmt: skip


@given(RUNNING, RUNNING, st.sampled_from(["python", "go", "shellscript", *TELLING]))
@example("\n(\n\\\r", "\n", "python")
@example("    x = 'a\\\r\nb'\r\nx\r\n", "y", "python")
def test_nothing_that_belongs_to_a_body_is_lost(text: str, more: str, language: str) -> None:
    """Where the rule ends an answer, the body found in it is that of the longer answer."""
    watch = ending(body_rule(language=language, indent="    "))
    whole = text + more
    for cut in range(len(whole)):
        if watch.feed(whole[cut]):
            early = body_from(whole[: cut + 1], language=language, indent="    ")
            assert early == body_from(whole, language=language, indent="    ")
            break


@given(RUNNING, st.lists(st.integers(0, 60), max_size=4))
def test_what_is_kept_does_not_depend_on_the_pieces(text: str, cuts: list[int]) -> None:
    """Line breaks become one kind and invisible characters go, also across pieces."""
    places = sorted(min(cut, len(text)) for cut in cuts)
    incoming = Incoming()
    kept = "".join(
        incoming.feed(text[start:end])
        for start, end in zip([0, *places], [*places, len(text)], strict=True)
    )
    expected = visible(text).removesuffix("\r")
    assert kept == expected.replace("\r\n", "\n").replace("\r", "\n")


def test_each_character_is_looked_at_once() -> None:
    """Feeding a long body token by token takes about as many steps as reading it once."""
    n_lines = 300
    body = "    x = f(1, [2], 'three')  # four\n" * n_lines
    watch = ending(DEDENT)
    n_steps = 0

    def count(_frame: object, event: str, _argument: object) -> None:
        nonlocal n_steps
        n_steps += event == "call"

    sys.setprofile(count)
    try:
        for start in range(0, len(body), 4):
            assert not watch.feed(body[start : start + 4])
    finally:
        sys.setprofile(None)
    assert n_steps < 12 * len(body) / 4


def test_outline_of_python() -> None:
    """Lines inside strings are known, and a fence counts outside of them only."""
    found = outline('x = """\n```\n"""\n# ```\n```\n')
    assert found.in_string == (False, True, True, False, False, False)
    assert found.fence == len('x = """\n```\n"""\n# ```\n')
    assert outline("x = 1").fence == -1


def test_watching_an_answer_needs_no_parser() -> None:
    """The engine's host stays light: no grammar and no parser is imported."""
    program = (
        "import sys; import ducktypist.engine.predicates; "
        "print([name for name in sys.modules if name.startswith('tree_sitter')])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True, timeout=60
    )
    assert done.stdout.strip() == "[]"
