"""What is said of an option is graded by words, and only where it is said of that option."""

from __future__ import annotations

from pathlib import Path

import pytest

from ducktypist.bench.explain.option_grading import OptionGrade, graded, speaking_of
from ducktypist.bench.explain.option_tasks import OptionUse, option_use_of, read_option_tasks
from ducktypist.bench.explain.parts import options
from ducktypist.bench.tasks import TaskError
from ducktypist.domain import Json
from support.explain_tasks import GREP, XARGS, jsonl

USE = option_use_of(XARGS, "here")

CASES = {
    "right": ("The `-r` option does not run `rm` when there is no input.", "right"),
    "right in two sentences": ("`-r` matters here. It skips the command on empty input.", "right"),
    "right by its long name": ("--no-run-if-empty: do not run it if nothing comes in", "right"),
    "a false word": ("The `-r` option repeats the command for every file.", "wrong"),
    "a false word in the next sentence": (
        "It uses `-r`. This makes it recursive somehow.",
        "wrong",
    ),
    "too little": ("`-r` removes all the matched files quickly.", "wrong"),
    "false but marked": ("The `-r` option repeats the command (?) for every file.", "marked"),
    "right but marked": ("`-r` does not run anything on empty input (?).", "marked"),
    "silent": ("It finds all log files and removes them.", "silent"),
    "nothing definite": ("It calls `xargs` with the `-r` option.", "silent"),
    "only quoted": ("`xargs -0 -r rm` deletes files recursively and repeatedly.", "silent"),
    "the other option's words": (
        "`-0` makes it read recursive names, and `-r` does not run on empty input.",
        "right",
    ),
    "the other option after it": ("`-r` does not run on empty input while `-0` repeats.", "right"),
    "said of both": ("`-r` and `-0` repeat everything twice.", "wrong"),
    "a list": ("- `-0`: repeats\n- `-r`: skips the run when there is nothing\n", "right"),
    "a list with a heading": ("* **`-r`**:\n  does not run it on empty input", "right"),
    "another option's letters": ("`-rf` repeats everything for all files.", "silent"),
    "words of the letter": ("The r flag means that the command is repeated often.", "wrong"),
    "between others": (
        "`-0` for NUL bytes, `-r` for recursive work, and `-n` for counts.",
        "wrong",
    ),
    "beside others": ("`-0` for recursive work, `-r` to skip empty input, `-n` repeats.", "right"),
    "one word": ("- `-r`: recursive", "wrong"),
    "a quoted command with a dot": ("It runs `find . -print0 | xargs -0 -r rm` again.", "silent"),
    "another command's letters": ("`-print0` repeats every name it finds.", "silent"),
    "in a code block": ("```\nxargs -r # repeats the whole command\n```\n", "silent"),
}


@pytest.mark.parametrize(("text", "expected"), CASES.values(), ids=CASES)
def test_a_text_is_graded(text: str, expected: str) -> None:
    """A false word, or something definite without what has to be said, is wrong."""
    found = graded(text, USE)
    assert found.grade == expected, found


def test_a_fact_speaks_as_a_whole() -> None:
    """Also where it has several parts; one of another option says nothing of this one."""
    facts = ("`xargs -r`: true; does not run the command on empty input", "`xargs -0`: repeats")
    assert graded("It finds files.", USE, facts=facts).grade is OptionGrade.RIGHT
    assert graded("It finds files.", USE, facts=facts[1:]).grade is OptionGrade.SILENT
    assert graded("`-r` repeats it.", USE, facts=facts).is_false
    assert graded("`-r` is for files.", USE, facts=facts).grade is OptionGrade.RIGHT


def test_a_false_word_is_told_from_something_left_out() -> None:
    """Both are wrong; which it was is said."""
    assert graded(CASES["a false word"][0], USE).is_false
    assert graded(CASES["a false word"][0], USE).why == "says 'repeat'"
    missing = graded(CASES["too little"][0], USE)
    assert not missing.is_false
    assert missing.why == "lacks 'no input'"


def test_a_cluster_of_the_line_speaks_of_each_option_in_it() -> None:
    """A cluster that the command has not does not."""
    use = option_use_of({**XARGS, "line": "xargs -0r rm"}, "here")
    assert graded("`-0r` skips the run on empty input.", use).grade is OptionGrade.RIGHT
    assert list(speaking_of("`-0r` skips the run on empty input.", USE)) == []
    assert use.line[use.offset :] == "xargs -0r rm"
    assert USE.line[USE.offset :] == "-r rm"


@pytest.mark.parametrize(
    ("option", "text"),
    [
        ("-name", "The `-name '*.log'` test selects names that do not match nothing."),
        ("-n", "`-n1` means not more than one."),
        ("-F", "`-F:` does not match words."),
        ("--exclude", "`--exclude=*.o` does not match them."),
    ],
)
def test_an_option_with_its_value_is_seen(option: str, text: str) -> None:
    """Glued to it or beside it."""
    use = OptionUse(
        id="x", line=f"x {option}", command="x", option=option, right=(("not",),), wrong=()
    )
    assert graded(text, use).grade is OptionGrade.RIGHT


def test_a_task_file_is_read(tmp_path: Path) -> None:
    """Its hash goes with the figures."""
    found = read_option_tasks(jsonl(tmp_path / "o.jsonl", [XARGS, GREP]))
    assert [use.option for use in found.uses] == ["-r", "-v"]
    assert len(found.sha256) == 64


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"right": []}, "`right`"),
        ({"right": [[]]}, "`right`"),
        ({"wrong": ["("]}, "no expression"),
        ({"wrong": ["Recursive"]}, "lower-case"),
        ({"command": "sed"}, "not in the line"),
        ({"option": ""}, "`option`"),
    ],
)
def test_what_is_no_task_is_refused(change: dict[str, Json], why: str) -> None:
    """The message says what is wrong."""
    with pytest.raises(TaskError, match=why):
        option_use_of({**XARGS, **change}, "here")


def row(prose: str, raw: str) -> dict[str, Json]:
    """Return a row with these grades."""
    pairs = {"prose": prose, "hover": "right", "raw": raw}
    return {"grades": {side: {"grade": grade, "why": "says 'x'"} for side, grade in pairs.items()}}


def test_both_sides_are_counted_and_compared() -> None:
    """Shares of wrong ones with intervals, the bar for ours only, and who is wrong alone."""
    rows = {
        "a": row("right", "wrong"),
        "b": row("marked", "wrong"),
        "c": row("wrong", "right"),
        "d": row("right", "silent"),
    }
    found = {item.name: item for item in options.figures(rows)}
    prose = found["options, prose: wrong"]
    assert (prose.k, prose.n, prose.is_met, prose.note) == (1, 4, False, "c")
    assert found["options, hover: wrong"].is_met
    raw = found["options, raw: wrong"]
    assert (raw.k, raw.bar, raw.is_met) == (2, "", None)
    assert raw.interval is not None
    paired = found["options: prose against raw"]
    assert paired.what == "only ours wrong: 1; only raw: 2"
    assert "right/wrong: 1" in paired.note
