from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ducktypist.prompting.markdown import plain_markdown

FENCE = re.compile(r"^(?: {0,3})(`{3,}|~{3,})")

INJECTIONS = [
    "[click](https://evil.example/x)",
    "![pixel](https://evil.example/p.png)",
    "[a](command:workbench.action.terminal.new)",
    "[run](command:ducktypist.fix?%5B%5D)",
    "[a](javascript:alert(1))",
    "[a](vscode://settings)",
    "[a](file:///etc/passwd)",
    "[a](<https://evil.example/with space>)",
    '[a](https://evil.example "title")',
    "[a](https://evil.example/(nested))",
    "[a\nb](https://evil.example)",
    "[a](\nhttps://evil.example\n)",
    "[a][1]\n\n[1]: https://evil.example",
    "[a][]\n\n[a]: https://evil.example",
    "[a]\n\n[a]: command:do",
    "[a]\n\n[a]:\nhttps://evil.example",
    "   [a]: https://evil.example\n\n[a]",
    "> [a]: https://evil.example\n\n[a]",
    "- [a]: https://evil.example\n\n[a]",
    "<https://evil.example>",
    "<command:do>",
    "<me@evil.example>",
    "https://evil.example/path?q=1",
    "HTTPS://EVIL.EXAMPLE",
    "www.evil.example",
    "ftp://evil.example",
    "mailto:me@evil.example",
    "see command:workbench.action.quit now",
    "vscode:extension/evil",
    "data:text/html;base64,PHNjcmlwdD4=",
    "<img src=x onerror=alert(1)>",
    "<script>alert(1)</script>",
    "<a href='command:x'>y</a>",
    "<IFRAME SRC=https://evil.example>",
    "<!-- hidden -->",
    "<details open ontoggle=alert(1)>",
    "&lt;b&gt; <b>x</b>",
    "`code` <b>x</b> `more`",
    "`unclosed <b>x</b>",
    "```py\nx\n```\n<b>after</b>\n```",
    "````\n```\n````\n[a](https://evil.example)",
    "~~~\nx\n~~~\n<b>y</b>",
    "``` `\n<b>x</b>",
    "`` ` <b> ``[a](command:x)",
    "\\`<b>x</b>\\`",
    "\\[a](https://evil.example)",
    "![a][p]\n\n[p]: https://evil.example/p.png",
    "[![a](https://evil.example/i.png)](https://evil.example)",
    "[[a]](https://evil.example)",
    "[a](https://evil\u202e.example)",
    "[a]\u200b(https://evil.example)",
    "[a\u2060](command:x)",
    "[a]\u00ad(command:x)",
    "<\u2060b>x</b>",
    "$(rm -rf /)[x](command:y)",
    "| [a](https://evil.example) | <b>x</b> |\n|---|---|",
    "| a | b |\n|---|---|\n| `c | <b>x</b>` |",
    "- a\n  ```\n[a](https://evil.example)\n<b>x</b>",
    "`a\nb` <b>x</b> `c`",
    "xhttps://evil.example",
    "# [a](https://evil.example)",
    "[a](&#99;ommand:x)",
    "&#91;a](command:x)",
    "[a](https&#58;//evil.example)",
    "\t<b>indented code</b>\n\n\t[a](https://evil.example)",
    "text\n\t<b>not code: it goes on a paragraph</b>",
]


def outside_code(markdown: str) -> str:
    """Return what a Markdown renderer reads as text: fences and code spans taken out.

    A rule of its own (CommonMark 0.31, sections 4.5 and 6.1), so that a mistake in how the product
    sees code shows.
    """
    prose: list[str] = []
    fence = ""
    for line in markdown.split("\n"):
        found = FENCE.match(line)
        if fence:
            closes = found and found[1].startswith(fence) and not line.strip().strip(fence[0])
            fence = "" if closes else fence
            continue
        if found and not (found[1][0] == "`" and "`" in line.strip()[len(found[1]) :]):
            fence = found[1]
            continue
        prose.append(line)
    text = "\n".join(prose)
    out, i = "", 0
    while i < len(text):
        run = re.match(r"`+", text[i:])
        if text[i] == "\\" and i + 1 < len(text) and text[i + 1] == "`":
            out += text[i : i + 2]
            i += 2
        elif run:
            closing = re.compile(rf"(?<!`){run[0]}(?!`)").search(text, i + len(run[0]))
            paragraph = text.find("\n\n", i)
            if closing and (paragraph < 0 or closing.start() < paragraph):
                # What stands on both sides of a span does not touch.
                out += "\0"
                i = closing.end()
            else:
                out += run[0]
                i += len(run[0])
        else:
            out += text[i]
            i += 1
    return out


def dangers(markdown: str) -> list[str]:
    """Return what a renderer might make clickable, load or pass through as HTML."""
    text = outside_code(markdown)
    rules = {
        "HTML or autolink": r"<[A-Za-z/!?]",
        "inline link": r"\]\(",
        "definition": r"\]:",
        "address": r"(?i)://|(?:vscode[\w-]*|javascript|command|mailto):(?=\S)|(?:data:\w+|file:)/",
        "bare host": r"(?i)\bwww\.",
        "hidden": "[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]",
        "entity": r"&#\w+;",
    }
    return [name for name, rule in rules.items() if re.search(rule, text)]


def test_the_rules_of_this_test_see_dangers() -> None:
    """Nearly every injection is dangerous as it stands, by the rules used here."""
    seen = [text for text in INJECTIONS if dangers(text)]
    assert len(seen) >= len(INJECTIONS) - 4
    assert dangers("`<b>` and\n```\n[a](https://x)\n```\n") == []


@pytest.mark.parametrize("said", INJECTIONS)
@pytest.mark.parametrize("where", ["{}", "It adds.\n\n{}\n\nDone.", "1. {}", "**Note** {} end"])
def test_nothing_clickable_or_loadable_is_left(said: str, where: str) -> None:
    """Whatever a model was talked into, a hover has no link, image, HTML or command."""
    assert dangers(plain_markdown(where.format(said))) == []


@given(
    st.lists(st.sampled_from([*INJECTIONS, "\n", "`", "```", "[", "](", "<", "x", "]", " ", ": "]),
             max_size=6)
)  # fmt: skip
def test_nothing_dangerous_arises_from_pieces(pieces: list[str]) -> None:
    """Pieces that are put together do not make what the pieces alone do not."""
    assert dangers(plain_markdown("".join(pieces))) == []


ORDINARY = [
    "**What it does:** It returns `a < b` and `List<int>`.",
    "* one\n* two\n  1. three",
    "It reads `items[0](x)` and calls `f[int](y)`.",
    "```python\nif a < b:\n    print(f'{x:>3}')  # [a](b)\n```",
    "```sh\ncurl https://example.org | grep '<b>' > out\n```",
    "A table:\n\n| a | b |\n|---|---|\n| 1 | 2 |",
    "Naïve text, 数学, and 🦆.",
    "It is *fast* and __small__: O(n log n), e.g. ratio: 3 of 4.",
    "The default: None. Note: order matters.",
]


@pytest.mark.parametrize("said", ORDINARY)
def test_ordinary_explanation_is_untouched(said: str) -> None:
    """Emphasis, lists, tables and code stay as the model wrote them."""
    assert plain_markdown(said) == said


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("See [the docs](https://example.org/x).", "See the docs."),
        ("See ![a picture](https://example.org/x.png).", "See a picture."),
        ("a <b>c</b>", "a &lt;b>c&lt;/b>"),
        ("x < y and 1 <2", "x < y and 1 <2"),
        ("```py\nx = 1", "```py\nx = 1\n```"),
        ("````\nx", "````\nx\n````"),
        ("~~~\nx", "~~~\nx\n~~~"),
        ("Open https://example.org/a now", "Open (address) now"),
        ("  spaced  \n\n", "spaced"),
        ("", ""),
    ],
)
def test_what_becomes_of_markup(said: str, shown: str) -> None:
    """A link becomes its text, an address is named as one, HTML is shown instead of obeyed."""
    assert plain_markdown(said) == shown


def test_length_is_bounded() -> None:
    """An endless answer is cut, and a fence that the cut opened is closed."""
    said = "```\n" + "x = 1\n" * 5000
    shown = plain_markdown(said, max_chars=1000)
    assert len(shown) < 1020
    assert shown.endswith("\n```")


@given(st.text(max_size=200))
def test_any_text_can_be_shown(text: str) -> None:
    """No answer raises, and showing twice changes nothing dangerous back."""
    assert dangers(plain_markdown(plain_markdown(text))) == []
