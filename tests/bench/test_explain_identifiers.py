"""Names in a prose, found by the bench's own rules."""

from __future__ import annotations

import pytest

from ducktypist.bench.explain.identifiers import mentions, names_in

CODE = 'def load(path):\n    with open(path) as handle:\n        return json.load(handle)["x_y"]\n'
FACTS = ("`json.load`: returns an object; raises JSONDecodeError",)

CASES = {
    "known": ("It opens `path` and calls `json.load(handle)`.", ()),
    "in the facts": ("It may raise `JSONDecodeError`.", ()),
    "a builtin": ("It returns `None` or a `dict`.", ()),
    "unknown in a span": ("It calls `json.loads`.", ("loads",)),
    "unknown word in a span": ("It returns the `payload`.", ("payload",)),
    "marked": ("It calls `json.loads` (?).", ()),
    "marked once in the sentence": ("`payload` (?) is made and `payload` is returned.", ()),
    "marked in another sentence": ("`payload` (?) is made. Then `payload` is used.", ("payload",)),
    "snake case": ("It sets file_name first.", ("file_name",)),
    "camel case": ("It calls parseJson on it.", ("parseJson",)),
    "a call": ("It then calls cleanup() at the end.", ("cleanup",)),
    "a dotted name": ("It uses os.path for this.", ("os",)),
    "a variable": ("The value of $TARGET is used.", ("TARGET",)),
    "an option": ("Run it with --dry-run or `--force`.", ("--dry-run", "--force")),
    "a file": ("It reads settings.toml there.", ("settings", "toml")),
    "words": ("The function opens a file, e.g. a JSON file, and returns what's in it.", ()),
    "the end of a sentence": ("It opens it.Then it reads.", ()),
    "values": ('It returns `"hello world"` or `42` or `0x1f`.', ()),
    "letters": ("It does `x` times `y`.", ()),
    "a fenced block": ("```python\nresult = load(path)\n```\n", ("result",)),
    "a brand": ("It is like JavaScript.", ()),
}


@pytest.mark.parametrize(("prose", "unknown"), CASES.values(), ids=CASES)
def test_names_that_nobody_knows_are_found(prose: str, unknown: tuple[str, ...]) -> None:
    """In neither the code nor the facts nor the language, and unmarked."""
    found = names_in(prose, code=CODE, facts=FACTS, language="python")
    assert set(found.unknown) == set(unknown)


def test_names_are_sorted_by_where_else_they_are_known() -> None:
    """Each once, in the order of the prose."""
    prose = "`load` reads `path`, gives `None`, and `thing` (?); `load` is done."
    found = names_in(prose, code=CODE, facts=FACTS, language="python")
    assert found.known == ("load", "path")
    assert found.of_language == ("None",)
    assert found.marked == ("thing",)


def test_words_of_one_language_are_names_in_another() -> None:
    """Nothing of Python is known in Go."""
    kinds = [
        names_in("It gives `None`.", code="", facts=(), language=language).unknown
        for language in ("go", "shellscript", "python")
    ]
    assert kinds == [("None",), ("None",), ()]


def test_no_text_breaks_it() -> None:
    """Broken Markdown has names as well, or none."""
    for prose in ("", "`", "``` \n", "`a` `` `b", "(?)", "\n\n---\n"):
        assert len(list(mentions(prose))) <= 2
