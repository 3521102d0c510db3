"""The bench's own option uses: whole, even, and with gold that tells right from wrong."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import pytest

import ducktypist.bench.explain
from ducktypist.bench.explain.option_grading import OptionGrade, graded
from ducktypist.bench.explain.option_tasks import OptionUse, read_option_tasks
from ducktypist.bench.tasks import PARTS

FOLDER = Path(ducktypist.bench.explain.__file__).parent
FILES = {"dev": FOLDER / "options.jsonl", "held": FOLDER / "options_held.jsonl"}
COMMANDS = ("find", "xargs", "sed", "awk", "grep", "tar", "rsync", "curl", "git", "sort")
N_PER_COMMAND_AND_PART = 10
USES: Mapping[str, tuple[OptionUse, ...]] = {
    part: read_option_tasks(path).uses for part, path in FILES.items()
}
ALL = tuple(use for uses in USES.values() for use in uses)
SENTENCES = {
    case["id"]: case
    for case in map(
        json.loads,
        (Path(__file__).parents[1] / "cases" / "explain_options.jsonl").read_text().splitlines(),
    )
}
each_use = pytest.mark.parametrize("use", ALL, ids=[use.id for use in ALL])


@pytest.mark.parametrize("part", PARTS)
def test_a_part_has_as_many_uses_of_each_command(part: str) -> None:
    """Both halves are alike, so that one foretells the other."""
    counts = Counter(use.command for use in USES[part])
    assert counts == dict.fromkeys(COMMANDS, N_PER_COMMAND_AND_PART)


def test_ids_are_unique_over_both_parts() -> None:
    """A row of a run names one use, whichever file it came from."""
    assert len({use.id for use in ALL}) == len(ALL) == 200


def test_no_line_is_in_both_parts() -> None:
    """What is held out was not seen during development."""
    dev, held = ({use.line for use in USES[part]} for part in PARTS)
    assert dev.isdisjoint(held)


@pytest.mark.parametrize("part", PARTS)
def test_a_line_of_a_file_says_which_part_it_is(part: str) -> None:
    """The files can be joined without losing it."""
    rows = [json.loads(line) for line in FILES[part].read_text().splitlines()]
    assert {row["part"] for row in rows} == {part}


@each_use
def test_an_option_stands_after_its_command(use: OptionUse) -> None:
    """As a word, with its value glued to it, or in a cluster of letters."""
    after = use.line[use.line.index(use.command) + len(use.command) :]
    own = re.escape(use.option)
    alone = re.search(rf"(?<!\S){own}(?![\w-])|(?<!\S){own}(?=[^\s\w-])", after)
    cluster = len(use.option) == 2 and re.search(rf"(?<!\S)-[A-Za-z]*{own[-1]}", after)
    assert alone or cluster


@each_use
def test_right_words_are_right(use: OptionUse) -> None:
    """A plain paraphrase passes."""
    found = graded(SENTENCES[use.id]["true"], use)
    assert found.grade is OptionGrade.RIGHT, found


@pytest.mark.parametrize(
    ("use", "text"),
    [(use, text) for use in ALL for text in SENTENCES[use.id].get("also", ())],
)
def test_other_right_words_are_right_too(use: OptionUse, text: str) -> None:
    """Those that name what the option is not, does not do or does instead of something."""
    found = graded(text, use)
    assert found.grade is OptionGrade.RIGHT, found


@each_use
def test_wrong_words_are_wrong(use: OptionUse) -> None:
    """A false claim is seen as one, and not only as something left out."""
    found = graded(SENTENCES[use.id]["false"], use)
    assert found.is_false, found


@each_use
def test_a_false_word_spoils_a_right_sentence(use: OptionUse) -> None:
    """What is right does not make up for it."""
    case = SENTENCES[use.id]
    assert graded(f"{case['true']} {case['false']}", use).is_false


@each_use
def test_a_name_alone_earns_nothing(use: OptionUse) -> None:
    """Nor does its value in the line, though both hold words of the gold."""
    own = re.search(rf"(?<!\S){re.escape(use.option)}\S* ?[^\s-]\S*", use.line)
    for name in (use.option, *use.names, own[0] if own else use.option):
        found = graded(f"`{name}` matters somewhat here.", use)
        assert found.grade is OptionGrade.WRONG, found
        assert not found.is_false, found


def test_every_use_has_its_sentences_and_no_other_has() -> None:
    """One right and one wrong for each use."""
    assert SENTENCES.keys() == {use.id for use in ALL}
    assert all(case["true"] != case["false"] for case in SENTENCES.values())
