"""House rules of the source files: docstrings, length, names, and no prompt text in Python."""

import ast
import re
from pathlib import Path

import pytest

from support.source_tree import SERVER, python_files

MAX_LINES = 400
LONG_FILES = {"pytest_plugin.py": "one file, so that a team can copy it"}
"""Files that may be longer, relative to the package, each with its reason."""
BAD_NAMES = {"utils", "util", "helpers", "helper", "manager", "managers", "common", "misc"}
PROMPT_LENGTH = 200
PROMPT_WORDS = re.compile(
    r"\b(You are|Explain|Answer with|Answer in|Respond|Reply with|Your task)\b"
)
# Spelt apart, so that this file does not hold what it looks for.
CHAT_MARKUP = tuple(f"<{mark}>" for mark in ("|im_start|", "|im_end|", "start_of_turn"))
MARKUP_HOMES = {
    "engine/scripted_chaos.py": "says what a confused model leaks into an answer",
    "prompting/special_tokens.py": "lists what must be neutralised in user code",
    "prompting/postprocess.py": "cuts markup that a model leaks into an answer",
}
FILES = python_files()
IDS = [path.relative_to(SERVER / "ducktypist").as_posix() for path in FILES]


def prompt_text(source: str) -> list[str]:
    """Return string constants of a module that read like a prompt; docstrings do not count."""
    tree = ast.parse(source)
    return [text for text in _constants(tree) if _is_prompt(text)]


def chat_markup(source: str) -> list[str]:
    """Return string constants that hold the markup of a chat format."""
    return [t for t in _constants(ast.parse(source)) if any(mark in t for mark in CHAT_MARKUP)]


def _constants(tree: ast.Module) -> list[str]:
    docstrings = set()
    for node in ast.walk(tree):
        for _, value in ast.iter_fields(node):
            if isinstance(value, list):
                # A string that is a statement is documentation, of an attribute as well.
                docstrings |= {id(s.value) for s in value if isinstance(s, ast.Expr)}
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            parts = [p.value for p in node.values if isinstance(p, ast.Constant)]
            found.append("".join(str(part) for part in parts))
        elif (
            isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and id(node) not in docstrings
        ):
            found.append(node.value)
    return found


def _is_prompt(text: str) -> bool:
    return len(text) > PROMPT_LENGTH and PROMPT_WORDS.search(text) is not None


@pytest.mark.parametrize("path", FILES, ids=IDS)
def test_every_module_says_what_it_is(path: Path) -> None:
    """A module docstring stands at the top of every file."""
    assert ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))


@pytest.mark.parametrize("path", FILES, ids=IDS)
def test_files_stay_small(path: Path) -> None:
    """A long file is a sign that two rooms share a wall that should be built."""
    name = path.relative_to(SERVER / "ducktypist").as_posix()
    n_lines = len(path.read_text(encoding="utf-8").splitlines())
    assert n_lines <= MAX_LINES or name in LONG_FILES


def test_every_exception_is_still_needed() -> None:
    """A file that became short leaves the list."""
    for name in LONG_FILES:
        text = (SERVER / "ducktypist" / name).read_text(encoding="utf-8")
        assert len(text.splitlines()) > MAX_LINES, name


def test_no_file_or_folder_is_a_drawer() -> None:
    """Names say what is inside."""
    parts = {part.removesuffix(".py") for name in IDS for part in name.split("/")}
    assert parts & BAD_NAMES == set()


@pytest.mark.parametrize("path", FILES, ids=IDS)
def test_no_prompt_text_in_python(path: Path) -> None:
    """Prompts are files with a hash; a string in a module has none."""
    source = path.read_text(encoding="utf-8")
    assert prompt_text(source) == []
    if path.relative_to(SERVER / "ducktypist").as_posix() not in MARKUP_HOMES:
        assert chat_markup(source) == []


def test_the_prompt_finder_finds_prompts() -> None:
    """Long strings with a prompt's words and chat markup count, documentation does not."""
    long = "You are a duck. " + "Say what you see. " * 20
    assert prompt_text(f"X = {long!r}\n") == [long]
    assert len(prompt_text(f"def f(x):\n    return f{long + '{x}'!r}\n")) >= 1
    assert prompt_text(f'"""{long}"""\nX = 1\n"""{long}"""\n') == []
    assert prompt_text("X = 'You are'\n") == []
    assert chat_markup(f"X = {CHAT_MARKUP[0]!r}\n") == [CHAT_MARKUP[0]]
