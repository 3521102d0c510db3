"""The bundled summaries of tools: which there are, and that what they say keeps the rules.

They are shown as facts where no manual page is installed, so their form is checked here; loading
them is tested beside their loader. Whether an entry is true can only be read in the manuals.
"""

from __future__ import annotations

import importlib.resources
import re
import tomllib
from collections import Counter
from functools import cache
from typing import Any

import pytest

_KEYS = {"name", "summary", "standard", "option"}
_OPTION_KEYS = {"names", "argument", "argument_optional", "text", "detail"}
_MAX_TEXT_LENGTH = 140
_MAX_SUMMARY_LENGTH = 110
_MAX_DETAIL_LENGTH = 500
_MARKDOWN = re.compile(r"`|\*\*|__|\]\(|^#|^[-*] |<[a-z]+>")
_OPTION_NAME = re.compile(r"[-+]\S*|[-+]o [a-z-]+")
_OPERATORS = {
    "find": {"!", "(", ")", ","},
    "test": {"=", "==", "!=", "=~", "<", ">", "!", "&&", "||", "(", ")"},
}
_DD_OPERAND = re.compile(r"[a-z]+=")
# Verbs of the third person end so; these few words may stand before one.
_BEFORE_THE_VERB = {"also", "always", "never", "no", "longer", "silently"}
_THIRD_PERSON = re.compile(r"[a-z-]+s,?")

_THOROUGH = """
    awk curl find git git-add git-bisect git-branch git-checkout git-cherry-pick git-clean
    git-clone git-commit git-config git-diff git-fetch git-grep git-log git-ls-files git-merge
    git-pull git-push git-rebase git-remote git-reset git-restore git-rev-parse git-show
    git-stash git-status git-switch git-tag git-worktree grep rsync sed sort tar xargs
"""
_CORE = """
    base64 basename bc bzip2 cat chgrp chmod chown cmp column comm cp crontab csplit cut date dd
    df diff dirname du env expr false file fmt fold gunzip gzip head hexdump hostname id install
    join journalctl jq kill less ln ls lsof make man md5sum mkdir mktemp mv nice nl nohup od
    paste patch pgrep ping pkill printenv ps readlink realpath rev rm rmdir scp seq sha256sum
    shuf sleep split ss ssh stat strings sudo sync systemctl tac tail tee time timeout touch
    tput tr true uname uniq unzip watch wc wget which who xxd xz yes zcat zip zstd
"""
_BUILTINS = """
    alias bg break builtin caller cd colon command compgen complete continue declare dirs disown
    echo enable eval exec exit export fg getopts hash history jobs let local mapfile popd printf
    pushd pwd read readarray readonly return set shift shopt source test times trap type typeset
    ulimit umask unset wait
"""
_WANTED = sorted({*_THOROUGH.split(), *_CORE.split(), *_BUILTINS.split()})


@cache
def _summaries() -> dict[str, dict[str, Any]]:
    """Return all files by their names without ``.toml``."""
    folder = importlib.resources.files("ducktypist.facts.manual") / "summaries"
    return {
        file.name.removesuffix(".toml"): tomllib.loads(file.read_text(encoding="utf-8"))
        for file in folder.iterdir()
        if file.name.endswith(".toml")
    }


_FILES = sorted(_summaries())


def _options(file: str) -> list[dict[str, Any]]:
    options: list[dict[str, Any]] = _summaries()[file].get("option", [])
    return options


def _option_of(file: str, name: str) -> dict[str, Any]:
    return next(option for option in _options(file) if name in option["names"])


@pytest.mark.parametrize("tool", _WANTED)
def test_there_is_a_summary(tool: str) -> None:
    """Every tool that scripts commonly use has one."""
    assert tool in _summaries()


@pytest.mark.parametrize("file", _FILES)
def test_the_head_says_what_the_tool_is(file: str) -> None:
    """Name, purpose and standard are there, and nothing that a loader does not know."""
    data = _summaries()[file]
    assert set(data) <= _KEYS
    assert data["name"] == (":" if file == "colon" else file)
    assert data["standard"]
    _assert_plain_phrase(data["summary"], n_most=_MAX_SUMMARY_LENGTH)


@pytest.mark.parametrize("file", _FILES)
def test_options_have_the_right_keys(file: str) -> None:
    """An option has names, a metavariable and a text; a flag is only written where it is true."""
    for option in _options(file):
        assert {"names", "argument", "text"} <= set(option) <= _OPTION_KEYS
        assert isinstance(option["argument"], str)
        assert "\n" not in option["argument"]
        assert option.get("argument_optional", True) is True
        assert option["argument"] or not option.get("argument_optional")


@pytest.mark.parametrize("file", _FILES)
def test_names_are_options_operators_or_operands(file: str) -> None:
    """A name is one word with a dash or plus, an operator of find or test, or one of dd's."""
    for option in _options(file):
        assert option["names"]
        for name in option["names"]:
            assert (
                _OPTION_NAME.fullmatch(name)
                or name in _OPERATORS.get(file, set())
                or (file == "dd" and _DD_OPERAND.fullmatch(name))
            ), name


@pytest.mark.parametrize("file", _FILES)
def test_a_name_stands_once(file: str) -> None:
    """No name is explained twice in a file."""
    counts = Counter(name for option in _options(file) for name in option["names"])
    assert [name for name, count in counts.items() if count > 1] == []


@pytest.mark.parametrize("file", _FILES)
def test_words_after_one_dash_are_few_where_clusters_are_usual(file: str) -> None:
    """Only tools whose options are words after one dash have many of them.

    Whoever reads a command line would else take ``-rf`` for such a word.
    """
    words = {
        name
        for option in _options(file)
        for name in option["names"]
        if re.fullmatch(r"-[A-Za-z][\w-]+", name) and name != "-NUM"
    }
    assert len(words) <= 1 or file in {"find", "test", "wget", "xxd"}, words


@pytest.mark.parametrize("file", _FILES)
def test_texts_are_short_plain_statements(file: str) -> None:
    """A text says in one short line, in the third person, what the option does."""
    for option in _options(file):
        text = option["text"]
        _assert_plain_phrase(text, n_most=_MAX_TEXT_LENGTH)
        words = text.split()
        verb = next(word for word in words if word not in _BEFORE_THE_VERB)
        assert _THIRD_PERSON.fullmatch(verb), text


@pytest.mark.parametrize("file", _FILES)
def test_details_are_plain_sentences(file: str) -> None:
    """A detail is one line of whole sentences and says more than the text."""
    for option in _options(file):
        if "detail" not in option:
            continue
        detail = option["detail"]
        assert detail.endswith("."), detail
        assert len(detail) <= _MAX_DETAIL_LENGTH
        assert detail == " ".join(detail.split())
        assert not _MARKDOWN.search(detail), detail
        assert detail.rstrip(".") != option["text"]


@pytest.mark.parametrize(
    ("tool", "n_least"),
    [
        ("awk", 20), ("curl", 150), ("find", 80), ("git-commit", 35), ("git-log", 80),
        ("grep", 45), ("rsync", 110), ("sed", 14), ("set", 25), ("sort", 28), ("tar", 110),
        ("test", 40), ("xargs", 18),
    ],
)  # fmt: skip
def test_what_scripts_use_most_is_covered(tool: str, n_least: int) -> None:
    """The tools that scripts use most have nearly all their options."""
    assert len(_options(tool)) >= n_least


@pytest.mark.parametrize(
    ("tool", "name", "argument", "word"),
    [
        ("xargs", "-r", "", "does not run"),
        ("xargs", "-0", "", "NUL"),
        ("xargs", "-I", "REPLACE-STR", "replaces"),
        ("find", "-print0", "", "NUL"),
        ("find", "-mtime", "N", "modified"),
        ("find", "-delete", "", "deletes"),
        ("sed", "-n", "", "does not print"),
        ("grep", "-v", "", "do not match"),
        ("grep", "-o", "", "matched parts"),
        ("sort", "-u", "", "first of lines that compare equal"),
        ("tar", "-x", "", "extracts"),
        ("tar", "-C", "DIR", "changes to DIR"),
        ("curl", "-f", "", "fails"),
        ("rsync", "-n", "", "without changing"),
        ("set", "-e", "", "exits the shell"),
        ("set", "-o pipefail", "", "pipeline"),
        ("read", "-r", "", "backslashes"),
        ("mapfile", "-t", "", "delimiter"),
        ("declare", "-A", "", "associative"),
        ("test", "-z", "STRING", "zero"),
        ("dd", "if=", "FILE", "reads"),
        ("git-reset", "--hard", "", "lost"),
    ],
)
def test_well_known_options_say_what_they_do(
    tool: str, name: str, argument: str, word: str
) -> None:
    """Options that are easily explained wrongly are found, with or without an argument."""
    option = _option_of(tool, name)
    assert option["argument"] == argument
    assert word in option["text"]


@pytest.mark.parametrize(
    ("tool", "short", "long"),
    [
        ("ls", "-F", "--classify"), ("tail", "-f", "--follow"), ("cp", "-b", "--backup"),
        ("diff", "-U", "--unified"), ("sudo", "-E", "--preserve-env"),
        ("mktemp", "-p", "--tmpdir"), ("split", "-d", "--numeric-suffixes"),
    ],
)  # fmt: skip
def test_only_the_long_spelling_takes_an_optional_argument(
    tool: str, short: str, long: str
) -> None:
    """What is attached to the short option of such a pair is never its optional argument."""
    assert not _option_of(tool, short).get("argument_optional")
    assert _option_of(tool, long)["argument_optional"] is True


def _assert_plain_phrase(text: str, *, n_most: int) -> None:
    assert 0 < len(text) <= n_most, text
    assert text == " ".join(text.split())
    assert not text.endswith((".", "…")), text
    assert not _MARKDOWN.search(text), text
