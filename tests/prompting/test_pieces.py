from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from ducktypist.domain import InfillPrompt
from ducktypist.prompting.pieces import Piece, PieceKind, as_comment, as_context, cost_chars
from ducktypist.prompting.special_tokens import restore
from ducktypist.prompting.templates import PromptLibrary

IMPORT = Piece(kind=PieceKind.IMPORTS, path="shop/orders.py", text="import math")
HEADER = Piece(kind=PieceKind.HEADER, path="shop/orders.py", text="class Shop:\n    open: bool")
CLASS = Piece(
    kind=PieceKind.DEFINITION, path="shop/prices.py", text="class Price:\n\n    cents: int"
)
TEST = Piece(kind=PieceKind.TEST, path="tests/test_orders.py", text="assert total([]) == 0")
RECENT = Piece(kind=PieceKind.RECENT, path="tests/test_orders.py", text="from orders import total")
PIECES = st.lists(
    st.builds(
        Piece,
        kind=st.sampled_from(PieceKind),
        path=st.sampled_from(["a.py", "b/c.py"]),
        text=st.text("ab\n #`", min_size=1, max_size=60).map(lambda text: text.strip() or "a"),
    ),
    max_size=8,
)


def test_other_files_are_comments_under_their_path() -> None:
    """What is not this file's code cannot be taken for it; what is stays code."""
    assert as_comment([CLASS, TEST, IMPORT, HEADER], language="python", max_chars=1000) == (
        "# shop/prices.py:\n# class Price:\n#\n#     cents: int\n"
        "# tests/test_orders.py:\n# assert total([]) == 0\n"
        "import math\nclass Shop:\n    open: bool\n"
    )


def test_comments_are_the_languages_own() -> None:
    """Go, Rust and the like have two slashes."""
    piece = Piece(kind=PieceKind.CALLER, path="main.go", text="x := f()")
    assert as_comment([piece], language="go", max_chars=100) == "// main.go:\n// x := f()\n"


def test_a_language_without_line_comments_gets_nothing_of_other_files() -> None:
    """What cannot be commented out would be taken for part of the text."""
    assert as_comment([RECENT], language="html", max_chars=1000) == ""


def test_pieces_of_one_file_stand_under_one_header() -> None:
    """A path is announced once as long as the same file goes on."""
    shown = as_comment([TEST, RECENT], language="python", max_chars=1000)
    assert shown.count("tests/test_orders.py") == 1


def test_a_conversation_gets_code_with_this_file_first() -> None:
    """Nothing is commented out but the paths, and this file's code stands above the others'."""
    assert as_context([CLASS, IMPORT, HEADER], language="python", max_chars=1000) == (
        "import math\nclass Shop:\n    open: bool\n\n"
        "# shop/prices.py\nclass Price:\n\n    cents: int"
    )


def test_nothing_is_nothing() -> None:
    """Without pieces a prompt is what it would be without context."""
    assert as_comment([], language="python", max_chars=100) == ""
    assert as_context([], language="python", max_chars=100) == ""


def test_what_is_worth_least_goes_first_when_there_is_no_room() -> None:
    """Imports outlive what was visited lately, wherever they stand in the order."""
    room = cost_chars(IMPORT, language="python") + 2
    assert as_comment([RECENT, IMPORT], language="python", max_chars=room) == "import math\n"


def test_a_fence_in_a_piece_does_not_end_the_block() -> None:
    """Three backquotes would end the code that a conversation shows."""
    piece = Piece(kind=PieceKind.DEFINITION, path="a.py", text='"""\n```\nf()\n```\n"""')
    assert "```" not in as_context([piece], language="python", max_chars=1000)


def test_invisible_characters_are_left_out() -> None:
    """What a person does not see in a file, the model does not either."""
    piece = Piece(kind=PieceKind.DEFINITION, path="a.py", text="a\u202e = 1\u200b")
    assert as_context([piece], language="python", max_chars=1000) == "# a.py\na = 1"


def test_line_ends_of_other_files_do_not_matter() -> None:
    """A file with CRLF reads like any other."""
    piece = Piece(kind=PieceKind.DEFINITION, path="a.py", text="a = 1\r\nb = 2")
    assert as_context([piece], language="python", max_chars=1000) == "# a.py\na = 1\nb = 2"
    assert "\r" not in as_comment([piece], language="python", max_chars=1000)


def test_special_tokens_in_a_piece_are_neutralised_in_the_prompt() -> None:
    """Markup in another file steers the model no more than markup in this one."""
    markup = f"<|{'fim_middle'}|>"
    piece = Piece(kind=PieceKind.DEFINITION, path="a.py", text=f"x = '{markup}'")
    context = as_comment([piece], language="python", max_chars=1000)
    template = PromptLibrary.load()["inline-infill"]
    prompt = template.render(context=context, before="y = ", after="\n")
    assert isinstance(prompt, InfillPrompt)
    assert markup not in prompt.prefix
    assert restore(prompt.prefix) == f"# a.py:\n# x = '{markup}'\ny = "


def test_without_context_a_prompt_is_the_text_alone() -> None:
    """The place for context leaves no trace when there is none."""
    prompts = PromptLibrary.load()
    for name in ("inline-infill", "body-infill"):
        prompt = prompts[name].render(context="", before="a = ", after="\nb\n")
        assert prompt == InfillPrompt(prefix="a = ", suffix="\nb\n")
    alone = prompts["body-text"].render(context="", before="a = ")
    assert alone.text == "a = "  # type: ignore[union-attr] # a text prompt


@settings(deadline=None)
@given(PIECES, st.integers(0, 200))
def test_the_budget_holds(pieces: list[Piece], max_chars: int) -> None:
    """Neither form is longer than allowed, and every line ends inside the comment's text."""
    comment = as_comment(pieces, language="python", max_chars=max_chars)
    assert len(comment) <= max_chars
    assert len(as_context(pieces, language="python", max_chars=max_chars)) <= max_chars
    assert not comment or comment.endswith("\n")
