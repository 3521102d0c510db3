from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ducktypist.domain import Document, Span
from ducktypist.features.context import surroundings as module
from ducktypist.features.context.files import Found, Wanted
from ducktypist.features.context.ring import Ring
from ducktypist.features.context.surroundings import Piece, PieceKind, surroundings
from ducktypist.prompting.pieces import as_comment, cost_chars
from ducktypist.syntax.regions import function_at
from support.workbench import document_of, write_tree

ORDERS = '''\
import math
from shop.prices import Price, rounded

LIMIT = 10


class Orders:
    """Orders of a day."""

    day: str

    def __init__(self, day: str) -> None:
        self.day = day

    def first(self) -> Price:
        return Price(1, "EUR")

    def total(self, tax_rate: float) -> Price:
        """Return the sum as a Price, at most LIMIT of them, with `rounded` cents."""
        |


def report(orders):
    return orders.total(0.2)
'''
PRICES = '''\
class Price:
    """An amount of money."""

    cents: int
    currency: str

    def __init__(self, cents: int, currency: str) -> None:
        self.cents = cents


def rounded(cents: float) -> int:
    """Return whole cents."""
    return int(cents)


def unrelated(x):
    return x
'''
TESTS = """\
from shop.orders import Orders


def test_total_of_nothing():
    orders = Orders("Monday")
    assert orders.total(0.2) == 0


def test_first():
    assert Orders("Monday").first()
"""
PRICE, ROUNDED, _ = PRICES.split("\n\n\n")
SIGNATURES = """\
    def __init__(self, day: str) -> None: ...
    def first(self) -> Price: ...
def report(orders): ..."""
FILES = {
    "shop/orders.py": ORDERS.replace("|", ""),
    "shop/prices.py": PRICES,
    "tests/test_orders.py": TESTS,
    "shop/main.py": "from shop.orders import Orders\n\ntoday = Orders('x')\nshow(today.total(1))\n",
}


def opened(root: Path, name: str, text: str, *, language: str = "python") -> tuple[Document, int]:
    """Return a document and the offset of the bar in its text."""
    offset = text.index("|")
    return document_of(text.replace("|", "", 1), language=language, path=root / name), offset


async def gathered(
    root: Path | None,
    document: Document,
    offset: int,
    *,
    max_chars: int = 4000,
    ring: Ring | None = None,
    visible: Span | None = None,
    buffers: dict[Path, str] | None = None,
    fresh: bool = False,
) -> tuple[Piece, ...]:
    """Return the surroundings of an offset, with its function in sight unless said otherwise."""
    function = function_at(document.text, document.language, offset)
    seen = visible or (function.span if function else Span(start=offset, end=offset))
    return await surroundings(
        document,
        function,
        offset=offset,
        root=root,
        buffers=buffers or {},
        ring=ring,
        max_chars=max_chars,
        visible=seen,
        fresh=fresh,
    )


def of_kind(pieces: Sequence[Piece], kind: PieceKind) -> list[str]:
    """Return the texts of one kind."""
    return [piece.text for piece in pieces if piece.kind is kind]


async def test_every_kind_is_found(tmp_path: Path) -> None:
    """Imports, class, siblings, definitions, tests and callers, each once and under its path."""
    root = write_tree(tmp_path, FILES)
    pieces = await gathered(root, *opened(root, "shop/orders.py", ORDERS))
    assert of_kind(pieces, PieceKind.IMPORTS) == [
        "import math",
        "from shop.prices import Price, rounded",
    ]
    assert of_kind(pieces, PieceKind.HEADER) == [
        'class Orders:\n    """Orders of a day."""\n    day: str'
    ]
    assert of_kind(pieces, PieceKind.SIGNATURE) == [SIGNATURES]
    assert of_kind(pieces, PieceKind.DEFINITION) == [
        "LIMIT = 10",
        PRICE,
        ROUNDED,
    ]
    assert of_kind(pieces, PieceKind.TEST) == ["assert orders.total(0.2) == 0"]
    assert of_kind(pieces, PieceKind.CALLER) == [
        "def report(orders):\n    return orders.total(0.2)",
        "today = Orders('x')\nshow(today.total(1))",
    ]
    assert {piece.path for piece in pieces} == set(FILES)


async def test_nothing_that_is_in_sight_is_repeated(tmp_path: Path) -> None:
    """With the whole file in the prompt only other files have something to add."""
    root = write_tree(tmp_path, FILES)
    document, offset = opened(root, "shop/orders.py", ORDERS)
    whole = Span(start=0, end=len(document.text))
    pieces = await gathered(root, document, offset, visible=whole)
    assert {piece.path for piece in pieces} == set(FILES) - {"shop/orders.py"}


async def test_no_line_stands_twice(tmp_path: Path) -> None:
    """The same lines in several files are shown once."""
    copies = {f"tests/test_{n}.py": TESTS for n in range(3)}
    root = write_tree(tmp_path, {**FILES, **copies})
    pieces = await gathered(root, *opened(root, "shop/orders.py", ORDERS))
    assert of_kind(pieces, PieceKind.TEST) == ["assert orders.total(0.2) == 0"]


@pytest.mark.parametrize("max_chars", [200, 400, 800, 1600, 5000])
async def test_the_budget_holds(tmp_path: Path, max_chars: int) -> None:
    """As comments the pieces fit, with some room for the budget to shrink."""
    root = write_tree(tmp_path, FILES)
    document, offset = opened(root, "shop/orders.py", ORDERS)
    pieces = await gathered(root, document, offset, max_chars=max_chars)
    cost = sum(cost_chars(piece, language="python") for piece in pieces)
    assert 0 < cost <= max_chars * module.FILLED
    shown = as_comment(pieces, language="python", max_chars=max_chars)
    assert shown == as_comment(pieces, language="python", max_chars=int(max_chars * module.FILLED))


async def test_a_tiny_budget_gives_nothing(tmp_path: Path) -> None:
    """A slow engine reads the text around the cursor and nothing else."""
    root = write_tree(tmp_path, FILES)
    assert not await gathered(root, *opened(root, "shop/orders.py", ORDERS), max_chars=100)


async def test_no_kind_crowds_out_the_others(tmp_path: Path) -> None:
    """A long definition leaves room for the tests."""
    fields = "".join(f"    field_{n}: int = {n}\n" for n in range(200))
    files = {**FILES, "shop/prices.py": f"class Price:\n{fields}"}
    root = write_tree(tmp_path, files)
    document, offset = opened(root, "shop/orders.py", ORDERS)
    pieces = await gathered(root, document, offset, max_chars=1200)
    assert {PieceKind.DEFINITION, PieceKind.TEST} <= {piece.kind for piece in pieces}


async def test_neither_secrets_nor_ignored_files_are_context(tmp_path: Path) -> None:
    """What git ignores and what holds secrets is not shown, also when a buffer is open on it."""
    hidden = {
        "secrets.py": "class Price:\n    key = 'hidden'\n",
        "shop/prices.py": "class Price:\n    key = 'ignored'\n",
        "shop/key.py": f"class Price:\n    token = '{'ghp_'}{'a' * 36}'\n",
        ".gitignore": "prices.py\n",
    }
    root = write_tree(tmp_path, {**FILES, **hidden})
    buffers = {Path(name): text + "# unsaved\n" for name, text in hidden.items()}
    document, offset = opened(root, "shop/orders.py", ORDERS)
    pieces = await gathered(root, document, offset, buffers=buffers)
    shown = as_comment(pieces, language="python", max_chars=10_000)
    assert "shop/main.py" in shown
    assert "class Price" not in shown


async def test_an_unsaved_text_counts(tmp_path: Path) -> None:
    """What stands in the editor is shown rather than what is on disk."""
    root = write_tree(tmp_path, FILES)
    document, offset = opened(root, "shop/orders.py", ORDERS)
    buffers = {Path("shop/prices.py"): "class Price:\n    pence: int\n"}
    pieces = await gathered(root, document, offset, buffers=buffers)
    assert "class Price:\n    pence: int" in of_kind(pieces, PieceKind.DEFINITION)


async def test_without_a_folder_only_the_file_itself_is_read(tmp_path: Path) -> None:
    """A document outside of any workspace has its own code for context."""
    root = write_tree(tmp_path, FILES)
    pieces = await gathered(None, *opened(root, "shop/orders.py", ORDERS))
    assert {piece.path for piece in pieces} == {"orders.py"}


async def test_the_imported_module_is_meant(tmp_path: Path) -> None:
    """Of two classes of one name the imported one is shown, though another is nearer."""
    files = {
        "shop/sub/orders.py": "",
        "shop/sub/nearer.py": "class Price:\n    wrong: int\n",
        "shop/prices.py": PRICES,
    }
    root = write_tree(tmp_path, files)
    pieces = await gathered(root, *opened(root, "shop/sub/orders.py", ORDERS))
    assert PRICE in of_kind(pieces, PieceKind.DEFINITION)


async def test_a_module_that_is_imported_is_no_name(tmp_path: Path) -> None:
    """Of ``from shop.prices import Price`` only the last word is looked up elsewhere."""
    files = {"shop/prices.py": PRICES, "shop/more.py": "def prices():\n    return shop\n"}
    root = write_tree(tmp_path, files)
    pieces = await gathered(root, *opened(root, "shop/orders.py", ORDERS))
    assert "shop/more.py" not in {piece.path for piece in pieces}


async def test_what_the_file_defines_is_not_looked_up_elsewhere(tmp_path: Path) -> None:
    """Another file's class of the same name is another class."""
    root = write_tree(tmp_path, {"other.py": "class Box:\n    wrong: int\n"})
    text = "class Box:\n    right: int\n\n\ndef f(box: Box):\n    |\n"
    pieces = await gathered(root, *opened(root, "a.py", text))
    assert of_kind(pieces, PieceKind.DEFINITION) == ["class Box:\n    right: int"]


async def test_functions_of_one_name_elsewhere_are_no_callers(tmp_path: Path) -> None:
    """A call in a file that has nothing to do with this one is another function's."""
    foreign = {"other/deep/bill.py": "class Bill:\n    def pay(self):\n        self.total(1)\n"}
    root = write_tree(tmp_path, {**FILES, **foreign})
    pieces = await gathered(root, *opened(root, "shop/orders.py", ORDERS))
    assert "other/deep/bill.py" not in {piece.path for piece in pieces}


async def test_go_is_understood_as_well(tmp_path: Path) -> None:
    """The receiver's struct, the package's other files and its tests."""
    text = (
        'package shop\n\nimport "errors"\n\ntype Cart struct {\n\titems []Item\n}\n\n'
        "// Total returns the sum of every Item, ErrEmpty when there is none.\n"
        "func (c *Cart) Total() (int, error) {\n\t|\n}\n\n"
        "func (c *Cart) Add(i Item) {\n\tc.items = append(c.items, i)\n}\n"
    )
    files = {
        "shop/item.go": "package shop\n\ntype Item struct {\n\tCents int\n}\n\n"
        'var ErrEmpty = errors.New("empty")\n',
        "shop/cart_test.go": "package shop\n\nfunc TestTotal(t *testing.T) {\n"
        "\tc := Cart{}\n\tif _, err := c.Total(); err != ErrEmpty {\n\t\tt.Fatal(err)\n\t}\n}\n",
    }
    root = write_tree(tmp_path, files)
    pieces = await gathered(root, *opened(root, "shop/cart.go", text, language="go"))
    assert of_kind(pieces, PieceKind.IMPORTS) == ['import "errors"']
    assert of_kind(pieces, PieceKind.HEADER) == ["type Cart struct {\n\titems []Item\n}"]
    assert of_kind(pieces, PieceKind.SIGNATURE) == ["func (c *Cart) Add(i Item)"]
    assert set(of_kind(pieces, PieceKind.DEFINITION)) == {
        "type Item struct {\n\tCents int\n}",
        'var ErrEmpty = errors.New("empty")',
    }
    assert "c.Total(); err != ErrEmpty" in of_kind(pieces, PieceKind.TEST)[0]


async def test_imports_are_found_in_broken_code(tmp_path: Path) -> None:
    """While a line is missing the parser may not know an import any more; we do."""
    root = write_tree(tmp_path, {"prices.py": PRICES})
    imported = "from prices import (\n    rounded,\n)"
    text = f"{imported}\n\ndef f(x):\n    if x:\n|\n            y\n    else:\n"
    pieces = await gathered(root, *opened(root, "a.py", text))
    assert of_kind(pieces, PieceKind.IMPORTS) == [imported]
    assert of_kind(pieces, PieceKind.DEFINITION) == [ROUNDED]


OTHERS = {
    "typescript": (
        "src/cart.ts",
        (
            'import {Price} from "./price";\n\nexport class Cart {\n  items: Price[] = [];\n\n'
            "  /** The sum of every Price. */\n  total(tax: number): Price {\n    |\n  }\n}\n"
        ),
        ("src/price.ts", "export interface Price {\n  cents: number;\n}\n"),
        ("src/cart.test.ts", 'test("sum", () => {\n  expect(cart.total(1)).toBe(0);\n});\n'),
        "export class Cart {\n  items: Price[] = [];",
        "expect(cart.total(1)).toBe(0);",
    ),
    "rust": (
        "src/cart.rs",
        (
            "use crate::price::Price;\n\npub struct Cart { items: Vec<Price> }\n\nimpl Cart {\n"
            "    /// The sum of every `Price`.\n    fn total(&self) -> Price {\n      |\n    }\n}\n"
        ),
        ("src/price.rs", "pub struct Price {\n    pub cents: u32,\n}\n"),
        ("tests/cart.rs", "#[test]\nfn sum() {\n    assert_eq!(cart.total(), 0);\n}\n"),
        "pub struct Cart { items: Vec<Price> }",
        "assert_eq!(cart.total(), 0);",
    ),
    "java": (
        "shop/Cart.java",
        (
            "import shop.Price;\n\nclass Cart {\n    int n;\n\n    /** The sum. */\n"
            "    Price total(int tax) {\n        |\n    }\n}\n"
        ),
        ("shop/Price.java", "class Price {\n    int cents;\n}\n"),
        (
            "shop/CartTest.java",
            "class CartTest {\n    void t() {\n        assertEquals(0, cart.total(1));\n    }\n}\n",
        ),
        "class Cart {\n    int n;",
        "assertEquals(0, cart.total(1));",
    ),
}


@pytest.mark.parametrize("language", OTHERS)
async def test_other_languages_are_understood(tmp_path: Path, language: str) -> None:
    """The class around the cursor, the type that the signature names and the test's line."""
    name, text, definition, test, header, line = OTHERS[language]
    root = write_tree(tmp_path, dict([definition, test]))
    pieces = await gathered(root, *opened(root, name, text, language=language))
    assert of_kind(pieces, PieceKind.HEADER) == [header]
    assert of_kind(pieces, PieceKind.DEFINITION) == [definition[1].strip()]
    assert of_kind(pieces, PieceKind.TEST) == [line]


async def test_a_declaration_is_no_call(tmp_path: Path) -> None:
    """What says that there is a function says nothing of how it is used."""
    files = {
        "sum.h": "int total(int n);\n",
        "main.c": '#include "sum.h"\nint main(void) {\n  return total(3);\n}\n',
    }
    root = write_tree(tmp_path, files)
    text = '#include "sum.h"\n\n/* The sum up to n. */\nint total(int n) {\n  |\n}\n'
    pieces = await gathered(root, *opened(root, "sum.c", text, language="c"))
    callers = [piece.path for piece in pieces if piece.kind is PieceKind.CALLER]
    assert callers == ["main.c"]


async def test_a_language_without_a_grammar_has_recent_code(tmp_path: Path) -> None:
    """Where nothing is known of a language, what was visited is context all the same."""
    ring = Ring(max_chunks=4)
    before = "".join(f"local made_{n} = make({n})\n" for n in range(20))
    ring.opened("file:///a.lua", tmp_path / "a.lua", "lua", before)
    document, offset = opened(tmp_path, "b.lua", "function use()\n  |\nend\n", language="lua")
    pieces = await gathered(tmp_path, document, offset, ring=ring)
    assert [(piece.kind, piece.path) for piece in pieces] == [(PieceKind.RECENT, "a.lua")]


async def test_recent_code_may_be_read_now(tmp_path: Path) -> None:
    """A chunk of a file that git ignores, or of another language, is not shown."""
    code = "".join(f"made_{n} = make({n})\n" for n in range(20))
    write_tree(tmp_path, {".gitignore": "ignored.py\n"})
    ring = Ring(max_chunks=8)
    for name, language in (("ignored.py", "python"), ("a.js", "javascript")):
        ring.opened(f"file:///{name}", tmp_path / name, language, code.replace("made", name[:3]))
    ring.opened("untitled:1", None, "python", code)
    pieces = await gathered(tmp_path, *opened(tmp_path, "b.py", "def use():\n    |\n"), ring=ring)
    assert [(piece.kind, piece.path) for piece in pieces] == [(PieceKind.RECENT, "untitled:1")]


async def test_the_text_stays_the_same_while_one_types_in_a_function(tmp_path: Path) -> None:
    """Neither other files' changes nor code that is broken for a while change the context."""
    root = write_tree(tmp_path, FILES)
    ring = Ring(max_chunks=4)
    document, offset = opened(root, "shop/orders.py", ORDERS)
    first = await gathered(root, document, offset, ring=ring)
    assert first
    write_tree(root, {"shop/prices.py": "class Price:\n    changed: int\n"})
    typed = "return sum(price.cents for price in [self.first(]) + 'x\n        if y:"
    for n, _ in enumerate(typed):
        text = ORDERS.replace("|", typed[: n + 1] + "|")
        document, offset = opened(root, "shop/orders.py", text)
        ring.visited(document.uri, document.path, "python", document.text, offset)
        # The measured speed of the engine, and with it the budget, is not the same twice.
        budget = 4000 + 500 * (n % 2)
        start = document.text.index("    def total")
        visible = Span(start=start - n % 3, end=offset)
        again = await gathered(root, document, offset, ring=ring, max_chars=budget, visible=visible)
        assert again == first


async def test_another_function_gets_its_own_context(tmp_path: Path) -> None:
    """Who goes on to the next function sees what belongs to that one."""
    root = write_tree(tmp_path, FILES)
    ring = Ring(max_chunks=4)
    document, offset = opened(root, "shop/orders.py", ORDERS)
    await gathered(root, document, offset, ring=ring)
    there = document.text.index("return orders.total")
    pieces = await gathered(root, document, there, ring=ring)
    assert not of_kind(pieces, PieceKind.TEST)


async def test_a_new_docstring_brings_new_definitions(tmp_path: Path) -> None:
    """What the docstring names is looked up when it is done, not at each of its letters."""
    root = write_tree(tmp_path, FILES)
    ring = Ring(max_chunks=4)
    begun = 'def cheapest():\n    """Return the |\n    """\n'
    first = await gathered(root, *opened(root, "shop/new.py", begun), ring=ring)
    more = 'def cheapest():\n    """Return the Price|\n    """\n'
    assert await gathered(root, *opened(root, "shop/new.py", more), ring=ring) == first
    done = 'def cheapest():\n    """Return the Price.\n    """\n    |'
    pieces = await gathered(root, *opened(root, "shop/new.py", done), ring=ring)
    assert of_kind(pieces, PieceKind.DEFINITION) == [PRICE]


async def test_who_comes_back_sees_what_changed(tmp_path: Path) -> None:
    """After a visit to another document everything is gathered anew."""
    root = write_tree(tmp_path, FILES)
    ring = Ring(max_chunks=0)
    document, offset = opened(root, "shop/orders.py", ORDERS)
    ring.visited(document.uri, document.path, "python", document.text, offset)
    first = await gathered(root, document, offset, ring=ring)
    write_tree(root, {"shop/prices.py": "class Price:\n    changed: int\n"})
    assert await gathered(root, document, offset, ring=ring) == first
    ring.visited("file:///other.py", None, "python", "x = 1\n", 0)
    ring.visited(document.uri, document.path, "python", document.text, offset)
    pieces = await gathered(root, document, offset, ring=ring)
    assert "class Price:\n    changed: int" in of_kind(pieces, PieceKind.DEFINITION)


async def test_a_single_request_is_always_fresh(tmp_path: Path) -> None:
    """It sees the present files and leaves the typing path's context as it is."""
    root = write_tree(tmp_path, FILES)
    ring = Ring(max_chunks=4)
    document, offset = opened(root, "shop/orders.py", ORDERS)
    first = await gathered(root, document, offset, ring=ring)
    write_tree(root, {"shop/prices.py": "class Price:\n    changed: int\n"})
    fresh = await gathered(root, document, offset, ring=ring, fresh=True)
    assert "class Price:\n    changed: int" in of_kind(fresh, PieceKind.DEFINITION)
    assert await gathered(root, document, offset, ring=ring) == first


async def test_keystrokes_that_come_too_early_wait_for_the_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Files are looked through once, though whoever asked first was cancelled."""
    root = write_tree(tmp_path, FILES)
    ring = Ring(max_chunks=4)
    searched: list[str] = []
    search = module.context_files.search

    def slow(wanted: Wanted, **options: Any) -> Found:
        searched.append(wanted.relative)
        time.sleep(0.05)
        return search(wanted, **options)

    monkeypatch.setattr(module.context_files, "search", slow)
    document, offset = opened(root, "shop/orders.py", ORDERS)
    asking = [asyncio.create_task(gathered(root, document, offset, ring=ring)) for _ in range(4)]
    await asyncio.sleep(0)
    asking[0].cancel()
    first, *others = await asyncio.gather(*asking, return_exceptions=True)
    assert isinstance(first, asyncio.CancelledError)
    assert others[0]
    assert others == [others[0]] * 3
    assert searched == ["shop/orders.py"]


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2000), st.integers(0, 2000), st.sampled_from(["python", "go", "lua"]))
def test_code_that_is_cut_anywhere_gives_what_it_gives(cut: int, at: int, language: str) -> None:
    """Half a file, read as whatever language, raises nothing and stays within the budget."""
    text = (ORDERS.replace("|", "") + PRICES)[:cut]
    pieces = asyncio.run(
        gathered(
            None,
            document_of(text, language=language),
            min(at, len(text)),
            max_chars=800,
            ring=Ring(max_chunks=1),
        )
    )
    assert sum(cost_chars(piece, language=language) for piece in pieces) <= 800
