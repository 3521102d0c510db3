"""The source of a manual page in, a ``Page`` out; pure.

What stands in sections that list examples, errors or exit statuses is no option, and neither is
what is nested under a command of several: ``-a`` of ``declare`` is none of bash's own.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace

from ducktypist.facts.manual.help_layout import help_items
from ducktypist.facts.manual.man_macros import read_man
from ducktypist.facts.manual.mdoc_macros import read_mdoc
from ducktypist.facts.manual.model import OptionEntry, Page
from ducktypist.facts.manual.outline import Item, Outline, is_option_like
from ducktypist.facts.manual.roff_text import in_columns, marked, plain, unmarked
from ducktypist.facts.manual.sentences import MAX_TEXT, cut, first_sentence, sentences
from ducktypist.facts.manual.tags import MAX_TAG, Tag, parse_tag

MAX_DETAIL = 2_000
"""So much of what is said of an option is kept."""
_MAX_OPTIONS = 3_000
_MAX_SUMMARY = 160
# A page with fewer tagged paragraphs for options may list them as a help text does.
_FEW_OPTIONS = 3

_MDOC = re.compile(r"^\.\s*(?:Dd|Dt|Sh)\b", re.MULTILINE)
_OTHER_SECTIONS = re.compile(
    r"EXAMPLE|EXIT|RETURN|DIAGNOSTIC|ERRORS|HISTORY|SEE ALSO|BUGS|AUTHOR|ENVIRONMENT|FILES"
    r"|CONDITIONAL EXPR|COMPATIB|CHANGES|NAME\Z|SYNOPSIS|DEFICIEN|CAVEAT"
)
_OPTION_SECTIONS = re.compile(r"OPTION|SWITCH|FLAG|ARGUMENT")
_HEADING = re.compile(r":\W*\Z|\boptions?\W*\Z", re.IGNORECASE)
_DASH = re.compile(r"\s+(?:-{1,2}|—|–)\s+")
_STREAM = re.compile(r"\b(?:standard|std(?:in|out)|login)\b", re.IGNORECASE)
_VALUE = re.compile(r"[a-z][a-z-]*")
_MIN_ARGUMENTS = 3
_SHARE_UPPER = 0.8


def parse_page(source: str, *, name: str, section: str) -> Page:
    """Return what a manual page says.

    Nothing that is wrong in the source raises; there is less in the page then.

    Args:
        source: The page in roff, with the macros of man(7) or mdoc(7).
        name: The name that was asked for.
        section: Its manual section, such as ``1``.
    """
    outline = read_mdoc(source) if _MDOC.search(source[:20_000]) else read_man(source)
    says = f"{name}({section})"
    options = tuple(_options(outline.items, source=says))
    if len(options) < _FEW_OPTIONS:
        listed = tuple(_listed(outline.preformatted, source=says))
        options = listed if len(listed) > len(options) else options
    return Page(name=name, section=section, summary=_summary(outline), source=says, options=options)


def entry(tag: Tag, paragraphs: Iterable[str], *, source: str) -> OptionEntry | None:
    """Return the entry of a tag; None where nothing is said of it.

    Args:
        tag: What it names.
        paragraphs: What is said of it; plain lines.
        source: Who says so.
    """
    said = [paragraph for paragraph in paragraphs if paragraph]
    beginning = said[0] if said else ""
    if beginning.endswith(":") and len(said) > 1:
        beginning = f"{beginning} {said[1]}"
    text = first_sentence(beginning)
    if not text:
        return None
    if tag.opposite_of:
        text = _of_opposite(tag, said, text)
    return OptionEntry(
        names=tag.names,
        argument=tag.argument,
        argument_optional=tag.argument_optional,
        text=text,
        detail=cut("\n".join(said), MAX_DETAIL),
        source=source,
    )


def _of_opposite(tag: Tag, said: list[str], text: str) -> str:
    """Return the sentence about ``--no-x`` where ``--x`` and ``--no-x`` share a paragraph."""
    name = re.compile(re.escape(tag.names[0]) + r"(?![\w-])")
    for paragraph in said[:4]:
        for sentence in sentences(paragraph[:MAX_DETAIL]):
            if name.search(sentence):
                return first_sentence(sentence)
    return cut(f"Opposite of {tag.opposite_of}: {text}", MAX_TEXT)


def _summary(outline: Outline) -> str:
    text = plain(" ".join(outline.names))
    parts = _DASH.split(text, maxsplit=1)
    summary = parts[1] if len(parts) > 1 else ""
    return cut(summary.removesuffix(".") if not summary.endswith("..") else summary, _MAX_SUMMARY)


def _options(items: list[Item], *, source: str) -> Iterator[OptionEntry]:
    """Yield the entries: those of the sections for options before others of the same name."""
    own = sorted((item for item in items if _is_own(item)), key=_rank)
    tagged = [(item, [tag for raw in item.tags for tag in _tags(raw)]) for item in own]
    is_upper = _has_upper_metavariables(tag for _, tags in tagged for tag in tags)
    # bc and mawk have operators in their languages; find and test have them as arguments.
    has_operators = any(
        tag.is_operator and tag.names[0].startswith("-") for _, tags in tagged for tag in tags
    )
    # A page may list the options of other commands too, or come back to one later: a name belongs
    # to the section that has it first.
    sections: dict[str, tuple[str, bool]] = {}
    n_found = 0
    for item, tags in tagged:
        if not tags or (tags[0].is_operator and not has_operators):
            continue
        said = [plain(raw) for raw in item.paragraphs]
        place = (item.section, item.is_heading)
        for joined in _joined(_with_short_negatives(tags, said)):
            for tag in _apart(joined) if is_upper else (joined,):
                names = tuple(n for n in tag.names if sections.setdefault(n, place) == place)
                found = entry(replace(tag, names=names), said, source=source) if names else None
                if found and n_found < _MAX_OPTIONS and _is_option(found, item):
                    n_found += 1
                    yield found


def _rank(item: Item) -> int:
    if item.is_heading:
        return 2
    return 0 if _OPTION_SECTIONS.search(item.section.upper()) else 1


def _is_option(found: OptionEntry, item: Item) -> bool:
    """Tell an option from what only looks like one: a number's sign, a hyphen in a format."""
    if found.names == ("-",):
        return _rank(item) == 0 or _STREAM.search(found.detail) is not None
    is_number = len(found.names[0]) == len("-n") and found.names[0][1] in "nNM"
    return not (is_number and found.text.startswith(("for ", "from ")))


def _has_upper_metavariables(tags: Iterable[Tag]) -> bool:
    """Tell whether a page writes arguments in capitals, as GNU's do."""
    arguments = [tag.argument for tag in tags if tag.argument]
    n_upper = sum(argument.strip("[]<>=+-")[:1].isupper() for argument in arguments)
    return len(arguments) >= _MIN_ARGUMENTS and n_upper >= _SHARE_UPPER * len(arguments)


def _apart(tag: Tag) -> tuple[Tag, ...]:
    """Take ``-C, --check=quiet`` apart: what is in no capitals is a value, and ``-C`` has it."""
    short = tuple(name for name in tag.names if not name.startswith("--"))
    if not tag.argument or not short or len(short) == len(tag.names):
        return (tag,)
    if not _VALUE.fullmatch(tag.argument):
        return (tag,)
    long = tuple(name for name in tag.names if name not in short)
    return replace(tag, names=short, argument=None, argument_optional=False), replace(
        tag, names=long
    )


def _tags(raw: str) -> tuple[Tag, ...]:
    if len(raw) > 4 * MAX_TAG:
        return ()
    return parse_tag(marked(raw))


def _joined(tags: list[Tag]) -> list[Tag]:
    """Put the tags of one paragraph together: ``-h`` and ``--help`` on lines of their own."""
    if len(tags) == 1:
        return tags
    apart: list[Tag] = []
    for tag in tags:
        before = apart[-1] if apart else None
        if before and not before.opposite_of and not tag.opposite_of and _is_one(before, tag):
            with_argument = before if before.argument is not None else tag
            apart[-1] = replace(with_argument, names=before.names + tag.names)
        else:
            apart.append(tag)
    return apart


def _with_short_negatives(tags: list[Tag], said: list[str]) -> list[Tag]:
    """Put ``-n`` of ``-n, --[no-]verify`` where the text does: "--no-verify or -n"."""
    if len(tags) <= 1 or not tags[-1].opposite_of:
        return tags
    *others, negative = tags
    moved: tuple[str, ...] = ()
    for short in (name for tag in others for name in tag.names if not name.startswith("--")):
        pairs = f"{negative.names[0]} or {short}", f"{short} or {negative.names[0]}"
        if any(re.search(f"{re.escape(pair)}\\b", text) for pair in pairs for text in said[:4]):
            moved += (short,)
    if not moved:
        return tags
    kept = [replace(tag, names=tuple(n for n in tag.names if n not in moved)) for tag in others]
    return [
        *(tag for tag in kept if tag.names),
        replace(negative, names=(*negative.names, *moved)),
    ]


def _is_one(before: Tag, tag: Tag) -> bool:
    """Tell whether two tags in a row name one thing: they agree, or one is short for the other."""
    if set(before.names) & set(tag.names):
        return False
    if before.argument == tag.argument:
        return True
    short, long = before.names[-1], tag.names[0]
    if short.startswith("--"):
        short, long = long, short
    is_pair = len(short) == len("-x") and long.startswith("--") and not long.startswith("--no-")
    return is_pair and (before.argument is None or tag.argument is None)


def _is_own(item: Item) -> bool:
    """Tell whether an item may be an option of the page's own command."""
    if _OTHER_SECTIONS.search(item.section.upper()) and not _OPTION_SECTIONS.search(
        item.section.upper()
    ):
        return False
    if item.within is None:
        return True
    return not is_option_like(item.within) and _HEADING.search(plain(item.within)) is not None


def _listed(lines: list[str], *, source: str) -> Iterator[OptionEntry]:
    """Read options that a page shows as a help text would."""
    text = "\n".join(_plain_line(line) for line in lines)
    for tag, said in help_items(text):
        found = entry(tag, said, source=source)
        if found:
            yield found


def _plain_line(raw: str) -> str:
    """Return a line that is set as it is, with its columns."""
    return unmarked(in_columns(raw.expandtabs()))
