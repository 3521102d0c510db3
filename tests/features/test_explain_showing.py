"""What a hover looks like, and that nothing in it can be clicked, loaded or obeyed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ducktypist.domain import Fact, FactKind, Span
from ducktypist.features.explain.showing import (
    code_span,
    escaped,
    fact_line,
    fact_lists,
    plain,
    text_of,
)
from ducktypist.features.explain.words import Explanation


def fact(subject: str = "-r", text: str = "reads", **changes: object) -> Fact:
    """Return a fact, changed as given."""
    values: dict[str, object] = {
        "kind": FactKind.OPTION,
        "subject": subject,
        "text": text,
        "source": "xargs(1)",
        "of": "xargs",
    }
    return Fact(**values | changes)  # type: ignore[arg-type] # keywords gathered by name


def test_a_hover_is_prose_then_warnings_then_facts_then_the_last_line() -> None:
    """What to watch for comes before what is merely known."""
    found = Explanation(
        title="this command",
        span=Span(start=0, end=1),
        prose="**What:** It deletes.",
        facts=(
            fact(kind=FactKind.FINDING, subject="$x", text="unquoted", source="shellcheck SC2086"),
            fact(),
        ),
    )
    assert text_of(found, last_line="model · 3 ms") == (
        "**What:** It deletes.\n\n"
        "**Watch for**\n\n- `$x`: unquoted *(shellcheck SC2086)*\n\n"
        "**Facts**\n\n- `xargs -r`: reads *(xargs(1))*\n\n"
        "---\n*model · 3 ms*"
    )


def test_without_facts_there_is_no_list() -> None:
    """An empty heading says nothing."""
    assert fact_lists(()) == []


def test_what_is_left_out_is_counted() -> None:
    """A short hover says how many facts it does not show; a thorough one has room."""
    facts = [fact(subject=f"-{letter}") for letter in "abcdefghijklmn"]
    (short,) = fact_lists(facts, depth="short")
    assert short.endswith("\n- and 4 more")
    (thorough,) = fact_lists(facts, depth="thorough")
    assert "more" not in thorough
    assert thorough.count("\n- ") == 14


def test_what_an_option_means_just_here_is_enough() -> None:
    """The general meaning of an option stays away where the one with its argument is known."""
    general = fact(subject="-mtime", of="find")
    here = fact(subject="-mtime +30", kind=FactKind.SYNTAX, of="find", text="older")
    (shown,) = fact_lists([general, here, fact()])
    assert "`-mtime +30`" in shown
    assert "`find -mtime`" not in shown
    assert "`xargs -r`" in shown


def test_what_everybody_knows_is_not_shown() -> None:
    """Signatures of the language's own functions are noise; those of a library are not."""
    known = fact(kind=FactKind.CALLS, subject="len", of="", text="len(obj, /)")
    news = fact(kind=FactKind.CALLS, subject="os.replace", of="", text="os.replace(src, dst)")
    (shown,) = fact_lists([known, news])
    assert "`os.replace`" in shown
    assert "`len`" not in shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain words", "plain words"),
        ("ensure_ascii=True", "ensure_ascii=True"),
        ("__init__", r"\_\_init\_\_"),
        ("a * b", r"a \* b"),
        ("see [here](command:do)", "see here"),
        ("<img src=x>", "&lt;img src=x>"),
        ("at https://evil.example/x now", "at (address) now"),
        ("a\nb", "a b"),
        ("x < 3", "x < 3"),
    ],
)
def test_text_of_facts_shows_as_it_is(text: str, shown: str) -> None:
    """Nothing in it is emphasis, a link, or a tag, and no more is escaped than must be."""
    assert escaped(text) == shown


@pytest.mark.parametrize(
    ("code", "span"),
    [("-r", "`-r`"), ("a`b", "``a`b``"), ("`x`", "`` `x` ``"), ("a\nb", "`a b`")],
)
def test_code_spans_hold_backticks(code: str, span: str) -> None:
    """The fence is longer than any run of backticks inside."""
    assert code_span(code) == span


@given(st.text(max_size=80), st.text(max_size=80), st.text(max_size=20))
def test_a_fact_is_one_line_with_nothing_to_click(subject: str, text: str, source: str) -> None:
    """Whatever stands in code or a manual page, the item stays one item."""
    line = fact_line(fact(subject=subject, text=text, source=source))
    assert "\n" not in line
    assert "\r" not in line
    after = line.partition(": ")[2] if "`" not in subject else ""
    assert "](" not in after
    assert "://" not in after


def test_clients_without_markdown_get_the_same_words() -> None:
    """Emphasis, rules, ticks and escapes go; the words stay."""
    found = Explanation(
        title="x",
        span=Span(start=0, end=1),
        prose="**What:** It uses `__init__` and a * b.",
        facts=(fact(text="a * b"),),
    )
    said = plain(text_of(found, last_line="model"))
    assert said.startswith("What: It uses __init__ and a * b.")
    assert "- xargs -r: a * b (xargs(1))" in said
    assert said.endswith("\nmodel")
