"""Manual pages in mdoc(7)."""

from __future__ import annotations

import pytest

from ducktypist.facts.manual.model import Page
from ducktypist.facts.manual.page_text import parse_page

_HEAD = ".Dd $Mdocdate$\n.Dt TOOL 1\n.Os\n.Sh NAME\n.Nm tool\n.Nd sort things by colour\n"


def _page(body: str) -> Page:
    return parse_page(
        f"{_HEAD}.Sh DESCRIPTION\n.Bl -tag -width Ds\n{body}\n.El\n", name="tool", section="1"
    )


_HEADS = [
    (".It Fl a", ("-a",), None, False),
    (".It Fl a , Fl Fl all", ("-a", "--all"), None, False),
    (".It Fl a , -all", ("-a", "--all"), None, False),
    (".It Fl c Ar name", ("-c",), "name", False),
    (".It Fl c Ns Ar name", ("-c",), "name", False),
    (".It Fl c Ns Op Ar name", ("-c",), "name", True),
    (".It Fl c Ar name , Fl -colour Ns = Ns Ar name", ("-c", "--colour"), "name", False),
    (".It Fl Fl colour Ns Op = Ns Ar when", ("--colour",), "when", True),
    (".It Fl B Ar before Ar after", ("-B",), "before after", False),
    (".It Fl w Ar local Ns Op : Ns Ar remote", ("-w",), "local[:remote]", False),
    (".It Fl D Xo\n.Sm off\n.Oo Ar address : Oc\n.Ar port\n.Sm on\n.Xc", ("-D",),
     "[address:]port", False),
    (".It Ic if Ns = Ns Ar file", ("if=",), "file", False),
    (".It Fl", ("-",), None, False),
    (".It Fl Ns Ar number", ("-NUM",), None, False),
]  # fmt: skip


@pytest.mark.parametrize(("head", "names", "argument", "is_optional"), _HEADS)
def test_a_head_is_read(
    head: str, names: tuple[str, ...], argument: str | None, *, is_optional: bool
) -> None:
    """Flags get their hyphens, arguments their brackets, and spaces go where they belong."""
    (entry,) = _page(f"{head}\nReads from standard input.").options
    assert (entry.names, entry.argument, entry.argument_optional) == (names, argument, is_optional)


def test_the_summary_is_that_of_nd() -> None:
    """.Nd says what the command is for."""
    page = _page(".It Fl x\nDoes it.")
    assert (page.summary, page.source) == ("sort things by colour", "tool(1)")


def test_the_words_of_a_description_are_put_together() -> None:
    """Enclosures, references, punctuation and the page's own name read as they are shown."""
    (entry,) = _page(
        ".It Fl x\n"
        "Makes\n.Nm\nread\n.Ar file\n.Pq see Xr other 5 ,\nwith\n.Dq dynamic\n"
        ".Ux Ns -domain\nsockets\n.Po\nand\n.Fl y\n.Pc .\n"
        "It is\n.Em not\n.Ap s .\n.Pp\nMore of it, and\n.Ql ~ .\n"
    ).options
    assert entry.text == (
        'Makes tool read file (see other(5)), with "dynamic" UNIX-domain sockets (and -y)'
    )
    assert entry.detail.endswith("More of it, and '~'.")


def test_nested_lists_belong_to_their_item() -> None:
    """What stands in a list of an option is its detail and no option of the page."""
    page = _page(
        ".It Fl o Ar option\nIs one of:\n.Bl -tag\n.It Fl inner\nThe inner one.\n.El\n"
        ".Bl -bullet\n.It\nA bullet.\n.El\n.It Fl v\nIs verbose."
    )
    assert [entry.names for entry in page.options] == [("-o",), ("-v",)]
    assert page.options[0].detail == "Is one of:\n-inner: The inner one.\n• A bullet."


def test_items_in_a_row_are_one() -> None:
    """In a compact list, several heads may share a text."""
    page = _page(".It Fl h\n.It Fl -help\nShows help.")
    assert [entry.names for entry in page.options] == [("-h", "--help")]


def test_commands_of_a_list_keep_their_options() -> None:
    """Options under a subcommand are not the command's own."""
    page = _page(".It Ic add\nAdds.\n.Bl -tag\n.It Fl f\nForces.\n.El\n.It Fl q\nIs quiet.")
    assert [entry.names for entry in page.options] == [("-q",)]
