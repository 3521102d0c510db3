"""Tags of paragraphs: names, arguments, and what is no option at all."""

from __future__ import annotations

import pytest

from ducktypist.facts.manual.roff_text import marked
from ducktypist.facts.manual.tags import Tag, parse_tag

# A tag as roff, and what it names: names, argument, whether it may be left out.
_ONE = [
    (r"\-0, \-\-null", ("-0", "--null"), None, False),
    (r"\fB\-a\fR \fIfile\fR, \fB\-\-arg\-file=\fIfile\fR", ("-a", "--arg-file"), "file", False),
    (r"\fB\-\-delimiter=\fIdelim\fR, \-d \fIdelim", ("--delimiter", "-d"), "delim", False),
    (r"\fB\-e\fR[\fIeof-str\fR], \fB\-\-eof\fR[\fI=eof-str\fR]", ("-e", "--eof"), "eof-str", True),
    (r"\fB\-i[SUFFIX]\fR, \fB\-\-in\-place\fR[=\fI\,SUFFIX\/\fR]", ("-i", "--in-place"), "SUFFIX",
     True),
    (r"\-\-color[=WHEN]", ("--color",), "WHEN", True),
    (r"\-j N, \-\-jobs[=N]", ("-j", "--jobs"), "N", False),
    (r"\-m <msg>, \-\-message=<msg>", ("-m", "--message"), "<msg>", False),
    (r"\-n, \-\-lines=[\-]NUM", ("-n", "--lines"), "[-]NUM", False),
    (r"\-name \fIpattern\fR", ("-name",), "pattern", False),
    (r"\-exec \fIcommand\fR ;", ("-exec",), "command ;", False),
    (r"\-exec \fIcommand\fR {} +", ("-exec",), "command {} +", False),
    (r"\-perm \-\fImode\fR", ("-perm",), "-mode", False),
    (r"\-size \fIn\fR[cwbkMG]", ("-size",), "n[cwbkMG]", False),
    (r"\-warn, \-nowarn", ("-warn", "-nowarn"), None, False),
    (r"\-h | \-\-help", ("-h", "--help"), None, False),
    (r"\-h/\-\-help", ("-h", "--help"), None, False),
    (r"\-h or \-\-help", ("-h", "--help"), None, False),
    (r"\-h \-\-help", ("-h", "--help"), None, False),
    (r"[\-b | \-\-branch] name", ("-b", "--branch"), "name", False),
    (r"\-L\fInumber\fR", ("-L",), "number", False),
    (r"\-Olevel", ("-O",), "level", False),
    (r"\-b#", ("-b",), "#", False),
    (r"\-Wa,\fIoption\fR", ("-Wa",), "option", False),
    (r"\-L <start>,<end>:<file>", ("-L",), "<start>,<end>:<file>", False),
    (r"\-\-diff\-algorithm={patience|minimal}", ("--diff-algorithm",), "{patience|minimal}", False),
    (r"\-<number>, \-n <number>, \-\-max\-count=<number>", ("-NUM", "-n", "--max-count"),
     "<number>", False),
    (r"\-\fINUM\fR, \-C \fINUM\fR", ("-NUM", "-C"), "NUM", False),
    (r"\-123", ("-NUM",), None, False),
    (r"\fB\-\fI123\fR", ("-NUM",), None, False),
    (r"\fI\-123\fR", ("-NUM",), None, False),
    (r"\-1", ("-1",), None, False),
    (r"\-?, \-\-help", ("-?", "--help"), None, False),
    (r"\-\-", ("--",), None, False),
    (r"\-, \-l, \-\-login", ("-", "-l", "--login"), None, False),
    (r"\+\fIFORMAT\fR", None, None, False),
    (r"+x", ("+x",), None, False),
    (r"\-\-http1.0", ("--http1.0",), None, False),
    (r"\-c, \-\-check, \-\-check=\fIfirst\fR", ("-c", "--check"), "first", True),
    (r"\-\-ignore\\\-case", ("--ignore-case",), None, False),
    ("--how=" + "a|" * 40, ("--how",), "a|" * 29 + "a…", False),
    ("if=FILE", ("if=",), "FILE", False),
    ("EXPRESSION1 -a EXPRESSION2", ("-a",), "EXPRESSION2", False),
    ("FILE1 -nt FILE2", ("-nt",), "FILE2", False),
    ("STRING1 = STRING2", ("=",), "STRING2", False),
    ("expr1 , expr2", (",",), "expr2", False),
    ("! expr", ("!",), "expr", False),
    ("( expr )", ("(", ")"), None, False),
]  # fmt: skip


@pytest.mark.parametrize(("raw", "names", "argument", "is_optional"), _ONE)
def test_a_tag_is_read(
    raw: str, names: tuple[str, ...] | None, argument: str | None, *, is_optional: bool
) -> None:
    """A tag names its spellings, its metavariable and whether that may be left out."""
    found = parse_tag(marked(raw))
    if names is None:
        assert found == ()
        return
    assert [(tag.names, tag.argument, tag.argument_optional) for tag in found] == [
        (names, argument, is_optional)
    ]


@pytest.mark.parametrize(
    "raw",
    ["", "file", "push [\\-p] <name>", "exec", "a, b", "0", "STRING", "FILE1 and FILE2",
     "the \\-x option", "\\(bu", "-" * 500, "\\-\\fIn\\fR and more words than one"],
)  # fmt: skip
def test_other_tags_name_nothing(raw: str) -> None:
    """A subcommand, an operand, a bullet and prose are no options."""
    assert parse_tag(marked(raw)) == ()


def test_what_switches_off_stands_apart() -> None:
    """--no-x takes no argument where --x does, and is known as its opposite."""
    assert parse_tag("-S[<keyid>], --gpg-sign[=<keyid>], --no-gpg-sign") == (
        Tag(names=("-S", "--gpg-sign"), argument="<keyid>", argument_optional=True),
        Tag(
            names=("--no-gpg-sign",),
            argument=None,
            argument_optional=False,
            opposite_of="--gpg-sign",
        ),
    )


def test_a_no_in_brackets_is_two_names() -> None:
    """--[no-]edit is --edit and --no-edit."""
    positive, negative = parse_tag("--[no-]edit")
    assert positive.names == ("--edit",)
    assert (negative.names, negative.opposite_of) == (("--no-edit",), "--edit")


def test_a_no_without_its_opposite_is_a_name_like_others() -> None:
    """-n, --no-run is one option with two names."""
    assert [tag.names for tag in parse_tag("-n, --no-run")] == [("-n", "--no-run")]
