"""Manual pages in man(7), in the styles in which they are written."""

from __future__ import annotations

import pytest

from ducktypist.facts.manual.model import OptionEntry, Page
from ducktypist.facts.manual.page_text import MAX_DETAIL, parse_page

_HEAD = ".TH TOOL 1\n.SH NAME\ntool \\- sort things by colour.\n"


def _page(body: str, *, section: str = "OPTIONS") -> Page:
    return parse_page(f"{_HEAD}.SH {section}\n{body}", name="tool", section="1")


def _only(page: Page) -> OptionEntry:
    assert len(page.options) == 1, page.options
    return page.options[0]


_STYLES = {
    "tagged": '.TP\n.BI \\-c " name" ", \\-\\-colour=" name\nTakes a colour. Twice is too much.',
    "two tags": ".TP\n\\fB\\-c\\fR \\fIname\\fR\n.TQ\n\\fB\\-\\-colour\\fR=\\fIname\\fR\n"
                "Takes a colour. Twice is too much.",
    "two tagged paragraphs": '.TP\n.PD 0\n.BI \\-c " name"\n.TP\n.PD\n.BI \\-\\-colour= name\n'
                             "Takes a colour. Twice is too much.",
    "indented": '.IP "\\-c \\fIname\\fR, \\-\\-colour \\fIname\\fR" 4\n'
                "Takes a colour.\nTwice is too much.",
    "pod": '.IP "\\fB\\-c\\fR \\fIname\\fR" 4\n.IX Item "-c name"\n.PD 0\n'
           '.IP "\\fB\\-\\-colour\\fR=\\fIname\\fR" 4\n.IX Item "--colour"\n.PD\n'
           "Takes a colour. Twice is too much.",
    "docbook": ".PP\n\\-c \\fIname\\fR, \\-\\-colour=\\fIname\\fR\n.RS 4\nTakes a colour\\&. "
               "Twice is too much\\&.\n.RE",
    "asciidoctor": ".sp\n\\fB\\-c\\fP, \\fB\\-\\-colour\\fP=\\fIname\\fP\n.RS 4\n"
                   "Takes a colour. Twice is too much.\n.RE",
    "help2man": ".HP\n\\fB\\-c\\fR, \\fB\\-\\-colour\\fR=\\fI\\,name\\/\\fR\n.IP\n"
                "Takes a colour. Twice is too much.",
    "subsections": '.SS "\\-c, \\-\\-colour=\\fIname\\fR"\nTakes a colour. Twice is too much.',
    "as it is": ".nf\n  -c, --colour=name    Takes a colour. Twice is\n"
                "                       too much.\n.fi",
    "hanging": ".HP\n\\fB\\-c\\fR, \\fB\\-\\-colour\\fR=name   Takes a colour. Twice is too much.",
}  # fmt: skip


@pytest.mark.parametrize("style", _STYLES)
def test_every_style_says_the_same(style: str) -> None:
    """However a page sets an option, its names, argument, sentence and text are found."""
    entry = _only(_page(_STYLES[style]))
    assert entry == OptionEntry(
        names=("-c", "--colour"),
        argument="name",
        argument_optional=False,
        text="Takes a colour",
        detail="Takes a colour. Twice is too much.",
        source="tool(1)",
    )


def test_the_summary_is_that_of_the_section_name() -> None:
    """The text after the dash is what the command is for."""
    page = _page(".TP\n\\-x\nDoes it.")
    assert (page.name, page.section, page.source) == ("tool", "1", "tool(1)")
    assert page.summary == "sort things by colour"


def test_paragraphs_of_an_option_are_its_detail() -> None:
    """.IP, .sp and .RS go on with an option, .PP ends it."""
    entry = _only(
        _page(
            ".TP\n\\-x\nDoes it.\n.IP\nMore of it.\n.sp\nAnd more.\n"
            ".RS\n.IP one 4\nthe first\n.IP \\(bu 2\na bullet\n.RE\n.PP\nNot of it."
        )
    )
    assert entry.detail == "Does it.\nMore of it.\nAnd more.\none: the first\n• a bullet"


def test_options_of_a_subcommand_are_not_those_of_the_command() -> None:
    """What is nested under a word is the word's, not the page's."""
    page = _page(
        ".TP\n\\fBadd\\fR [\\-f] \\fIname\\fR\nAdds.\n.RS\n.TP\n\\-f\nForces.\n.RE\n"
        ".TP\n\\-v\nIs verbose.",
        section="COMMANDS",
    )
    assert [entry.names for entry in page.options] == [("-v",)]


def test_options_under_a_heading_are_the_commands_own() -> None:
    """A tag that ends with a colon is a heading."""
    page = _page(".TP\nGeneric options:\n.RS\n.TP\n\\-f\nForces it.\n.RE")
    assert _only(page).names == ("-f",)


def test_examples_and_exit_statuses_are_no_options() -> None:
    """Only what stands where options stand is one."""
    body = "".join(
        f".SH {title}\n.TP\n\\-x\nIs one.\n"
        for title in ("EXAMPLES", "EXIT STATUS", '"CONDITIONAL EXPRESSIONS"', "ENVIRONMENT")
    )
    assert _page(body).options == ()


def test_the_section_for_options_goes_before_others() -> None:
    """A name that two sections have is what the section for options says."""
    page = parse_page(
        f"{_HEAD}.SH NOTES\n.TP\n\\-x\nIs discussed.\n.SH OPTIONS\n.TP\n\\-x\nDoes it.",
        name="tool",
        section="1",
    )
    assert _only(page).text == "Does it"


def test_a_name_may_have_several_entries_in_one_section() -> None:
    """The -perm and -exec of find are told apart by their arguments."""
    page = _page(
        '.IP "\\-perm \\fImode\\fR"\nIs exactly mode.\n'
        '.IP "\\-perm \\-\\fImode\\fR"\nHas all of mode.\n'
        '.IP "\\-perm /\\fImode\\fR"\nHas any of mode.\n'
        '.IP "\\-exec \\fIcommand\\fR ;"\nRuns one by one.\n'
        '.IP "\\-exec \\fIcommand\\fR {} +"\nRuns many at once.',
        section="EXPRESSION",
    )
    taken = {
        argument: getattr(page.option_taking(flag, argument), "text", None)
        for flag, argument in [
            ("-perm", "644"), ("-perm", "-u+x"), ("-perm", "/222"),
            ("-exec", "rm {} ;"), ("-exec", "rm {} +"),
        ]
    }  # fmt: skip
    assert taken == {
        "644": "Is exactly mode",
        "-u+x": "Has all of mode",
        "/222": "Has any of mode",
        "rm {} ;": "Runs one by one",
        "rm {} +": "Runs many at once",
    }
    assert getattr(page.option("-perm"), "text", None) == "Is exactly mode"


def test_what_switches_off_says_so() -> None:
    """--no-x is not described by the sentence about --x."""
    page = _page(
        ".TP\n\\-\\-sign, \\-\\-no\\-sign\nSigns the work. --no-sign leaves the name out.\n"
        ".TP\n\\-\\-[no\\-]fold\nFolds it."
    )
    assert [(entry.names, entry.text) for entry in page.options] == [
        (("--sign",), "Signs the work"),
        (("--no-sign",), "--no-sign leaves the name out"),
        (("--fold",), "Folds it"),
        (("--no-fold",), "Opposite of --fold: Folds it"),
    ]


def test_a_short_name_belongs_where_the_text_puts_it() -> None:
    """-n of "-n, --[no-]check" is short for --no-check if the text says so."""
    page = _page(
        ".TP\n\\-n, \\-\\-[no\\-]check\nChecks are made. With --no-check or -n, they are left out."
    )
    assert [entry.names for entry in page.options] == [("--check",), ("--no-check", "-n")]


def test_a_value_in_the_tag_is_no_metavariable_of_the_short_name() -> None:
    """Where arguments are in capitals, -q of "-q, --check=quiet" takes none."""
    page = _page(
        "".join(f".TP\n\\-{n}, \\-\\-opt{n}=\\fIFILE\\fR\nIs it.\n" for n in "abcdefgh")
        + ".TP\n\\-q, \\-\\-check=\\fIquiet\\fR\nChecks it."
    )  # fmt: skip
    quiet = page.option("-q")
    assert quiet
    assert (quiet.names, quiet.argument) == (("-q",), None)


def test_signs_of_numbers_are_no_options() -> None:
    """The page of find explains +n, -n and n; none of them is an option."""
    page = _page(
        ".TP\n.I +n\nfor greater than n,\n.TP\n.I \\-n\nfor less than n,\n.TP\n\\-x\nDoes it."
    )
    assert _only(page).names == ("-x",)


def test_operators_are_found_where_options_are_operators_too() -> None:
    """Expressions of find and test have their operators, a language's own are left out."""
    page = _page(".TP\n! expr\nIs false.\n.TP\nexpr1 \\-o expr2\nEither one.", section="EXPRESSION")
    assert [entry.names for entry in page.options] == [("!",), ("-o",)]
    assert _page(".TP\n! expr\nIs false.\n.TP\nexpr1 == expr2\nAre equal.").options == ()


def test_conditions_strings_and_macros_of_a_page_are_followed() -> None:
    """A page is read as groff reads it for a terminal."""
    page = _page(
        ".ie n .ds Tt tool\n.el .ds Tt TOOL\n"
        ".if t \\{\\\n.TP\n\\-z\nIs typeset only.\n.\\}\n"
        ".if n \\{\\\n.TP\n\\-x\n\\*(Tt does it.\n.\\}\n"
        ".de Op\n.TP\n\\-\\\\$1\nIs made by a macro.\n..\n.Op y\n"
        ".ig\n.TP\n\\-i\nIs ignored.\n..\n"
        ".if \\n(.g .if '\\*(Tt'tool' \\{\\\n.TP\n\\-w\nIs nested.\n.\\}\n"
        ".ie !\\n(.g \\{\\\n.TP\n\\-u\nIs not groff's.\n.\\}\n.el .ds none x\n"
    )
    assert [(entry.names[0], entry.text) for entry in page.options] == [
        ("-x", "tool does it"),
        ("-y", "Is made by a macro"),
        ("-w", "Is nested"),
    ]


def test_comments_and_continued_lines_are_no_text() -> None:
    """Comments end no paragraph, and a backslash at the end joins lines."""
    entry = _only(_page('.TP\n.\\" a comment\n\\-x \\" another\nDoes \\\nit\n.\\" third\nwell.'))
    assert entry.detail == "Does it well."


def test_requests_with_effects_do_nothing() -> None:
    """.sy, .pso, .open and .so inside a page are passed over."""
    entry = _only(
        _page(
            ".sy touch /nonexistent/x\n.pso echo .TP\n.open f /nonexistent/x\n.so /etc/passwd\n"
            ".TP\n\\-x\nDoes it."
        )
    )
    assert entry.text == "Does it"


def test_detail_is_bounded() -> None:
    """A page that says very much of an option is cut."""
    entry = _only(_page(".TP\n\\-x\nDoes it.\n" + ".sp\nOn and on it goes.\n" * 2_000))
    assert len(entry.detail) <= MAX_DETAIL
    assert entry.detail.endswith("…")


def test_options_without_a_word_are_left_out() -> None:
    """There is no entry about which nothing is said."""
    assert _page(".TP\n\\-x\n.SH NOTES\nNone.").options == ()


def test_sentences_that_introduce_a_list_take_its_beginning() -> None:
    """A sentence that ends with a colon goes on with what follows."""
    entry = _only(_page(".TP\n\\-\\-when\nIs one of:\n.RS\n.IP always\nEach time.\n.RE"))
    assert entry.text == "Is one of: always: Each time"


def test_options_are_found_as_they_stand_in_a_command_line() -> None:
    """Values are cut off, numbers and families have a name in common."""
    page = _page(
        ".TP\n\\-NUM\nSays how many.\n.TP\n\\-\\-colour[=\\fIname\\fR]\nColours.\n"
        ".TP\n\\-newerXY \\fIreference\\fR\nIs newer.\n.TP\nif=FILE\nReads a file."
    )
    found = {
        flag: entry.text
        for flag in ("-5", "--colour=red", "--colour", "-newermt", "if=x.img", "if", "-6x", "+5")
        if (entry := page.option(flag))
    }
    assert found == {
        "-5": "Says how many",
        "--colour=red": "Colours",
        "--colour": "Colours",
        "-newermt": "Is newer",
        "if=x.img": "Reads a file",
        "if": "Reads a file",
    }


def test_an_option_that_stands_there_once_for_each_word_is_told_apart() -> None:
    """Mawk has one ``-W`` for each word that may follow it."""
    source = (
        ".TH MAWK 1\n.SH NAME\nmawk \\- x\n.SH OPTIONS\n"
        ".TP\n\\fB\\-W\\fR dump\nWrites a listing.\n"
        ".TP\n\\fB\\-W\\fR random=\\fInum\\fR\nSets the seed.\n"
        ".TP\n\\fB\\-W\\fR version\nPrints the version.\n"
    )
    page = parse_page(source, name="mawk", section="1")
    for argument, text in (
        ("version", "Prints the version"),
        ("random=3", "Sets the seed"),
        ("dump", "Writes a listing"),
    ):
        entry = page.option_taking("-W", argument)
        assert entry is not None
        assert entry.text == text
