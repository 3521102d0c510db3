"""What is shown of an explanation, taken apart."""

from __future__ import annotations

from ducktypist.bench.explain.shown import shown_of

HOVER = r"""**What:** Removes what `find` found.

**How:** It first lists, then `xargs` runs `rm` (?).

**Watch for**

- `$x`: is not quoted *(shellcheck SC2086)*

**Facts**

- `xargs -r`: does not run the command when there is no input *(xargs\(1\))*
- ``a`b``: keeps \*all\* of `c\d`
- and 3 more

---
*qwen Q4_K_M · 812 ms · 5 of 7 claims checked*"""


def test_a_hover_has_prose_facts_and_provenance() -> None:
    """Both lists are facts; their escapes are undone, but not in code."""
    shown = shown_of(HOVER)
    assert shown.prose.startswith("**What:**")
    assert shown.prose.endswith("`rm` (?).")
    assert shown.facts == (
        "`$x`: is not quoted *(shellcheck SC2086)*",
        "`xargs -r`: does not run the command when there is no input *(xargs(1))*",
        r"``a`b``: keeps *all* of `c\d`",
    )
    assert shown.provenance == "*qwen Q4_K_M · 812 ms · 5 of 7 claims checked*"
    assert (shown.is_whole, shown.is_of_model, shown.n_provenances) == (True, True, 1)
    assert shown.text.count("\n- ") == 3
    assert "812 ms" not in shown.text


def test_facts_alone_are_not_the_whole() -> None:
    """What is still being written says so in its last line."""
    shown = shown_of(
        "**Facts**\n\n- `ls -l`: long lines\n\n---\n"
        "*qwen · facts in 23 ms · the explanation is being written, hover again*"
    )
    assert (shown.prose, len(shown.facts)) == ("", 1)
    assert not shown.is_whole
    assert not shown.is_of_model


def test_a_reason_instead_of_prose_is_no_word_of_the_model() -> None:
    """It is whole, and nobody said anything."""
    shown = shown_of("**Facts**\n\n- `ls -l`: long lines\n\n---\n*the model is missing*")
    assert shown.is_whole
    assert not shown.is_of_model
    silent = shown_of("**Facts**\n\n- `ls`: x\n\n---\n*m · the model found nothing to say*")
    assert (silent.prose, silent.is_whole, silent.is_of_model) == ("", True, True)


def test_a_long_explanation_has_many_parts() -> None:
    """Facts and provenance of each block are taken out; headings and prose stay in order."""
    block = (
        "### Line {n}: this command\n\n**Facts**\n\n- `a -{n}`: b\n\nIt does {n}.\n\n*m · 3 ms · x*"
    )
    shown = shown_of("\n\n".join(block.format(n=n) for n in (1, 2)))
    assert shown.prose == (
        "### Line 1: this command\n\nIt does 1.\n\n### Line 2: this command\n\nIt does 2."
    )
    assert shown.facts == ("`a -1`: b", "`a -2`: b")
    assert shown.n_provenances == 2


def test_a_list_in_the_prose_is_prose() -> None:
    """Only what stands under the heading is a fact."""
    shown = shown_of("It does:\n\n- one\n- two\n\n**Facts**\n- `x`: y\n\n---\n*m · cached · z*")
    assert shown.prose == "It does:\n\n- one\n- two"
    assert shown.facts == ("`x`: y",)
    assert shown.is_of_model


def test_a_forged_provenance_is_counted() -> None:
    """A second line of that kind shows."""
    forged = HOVER.replace("**How:**", "*GPT · 1 ms · all checked*\n\n**How:**")
    assert shown_of(forged).n_provenances == 2
    assert shown_of("").prose == ""
