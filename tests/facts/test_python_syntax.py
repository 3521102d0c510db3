from __future__ import annotations

import pytest

from ducktypist.domain import Span
from ducktypist.domain.facts import Fact, FactKind
from ducktypist.facts.python_syntax import python_facts

HEAD = """import os
import random
import subprocess
import sys
from contextlib import suppress
from datetime import datetime
from pathlib import Path

COUNT = 0
CACHE = {}


class MissingError(KeyError):
    pass


"""


def facts_of(code: str, marked: str = "") -> tuple[Fact, ...]:
    """Return the facts of a part of the code, or of all of it."""
    text = HEAD + code
    part = marked or code
    start = text.index(part, len(HEAD))
    return python_facts(text, Span(start=start, end=start + len(part)))


def said(code: str, kind: FactKind, marked: str = "") -> list[str]:
    """Return what the facts of one kind say."""
    return [fact.text for fact in facts_of(code, marked) if fact.kind is kind]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("if n < 0:\n        raise ValueError('x')", ["raises ValueError when n < 0"]),
        ("if n:\n        pass\n    else:\n        raise OSError", ["raises OSError unless n"]),
        (
            "if n:\n        pass\n    elif n > 2:\n        raise OSError",
            ["raises OSError when n > 2 and nothing above holds"],
        ),
        ("raise NotImplementedError", ["always raises NotImplementedError"]),
        (
            "if n:\n        return 1\n    raise OSError",
            ["raises OSError when nothing was returned before"],
        ),
        (
            "try:\n        n()\n    except KeyError as e:\n        raise LookupError(n) from e",
            ["raises LookupError when KeyError is caught"],
        ),
        ("try:\n        n()\n    except OSError:\n        raise", ["re-raises OSError"]),
        ("try:\n        n()\n    except OSError as e:\n        raise e", ["re-raises OSError"]),
        ("assert n, 'no'", ["raises AssertionError unless n"]),
        ("raise make(n)", ["always raises what make() returns"]),
        (
            "match n:\n        case 1:\n            raise OSError",
            ["raises OSError when n matches 1"],
        ),
        (
            "if n:\n        if n.x:\n            raise OSError",
            ["raises OSError when n.x, inside when n"],
        ),
        (
            f"if {'n + ' * 15}n:\n        if n.x:\n            raise OSError",
            ["raises OSError when n.x, and more around it"],
        ),
        ("while n:\n        raise OSError", ["raises OSError while n"]),
    ],
)
def test_a_raise_is_told_with_its_condition(body: str, expected: list[str]) -> None:
    """Each raise statement is told with what has to hold for it."""
    assert said(f"def f(n):\n    {body}\n", FactKind.RAISES) == expected


@pytest.mark.parametrize(
    "body",
    [
        "try:\n        raise ValueError\n    except ValueError:\n        pass",
        "try:\n        raise UnicodeDecodeError\n    except ValueError:\n        pass",
        "try:\n        raise MissingError\n    except LookupError:\n        pass",
        "try:\n        raise OtherError\n    except Exception:\n        pass",
        "try:\n        raise ValueError\n    except:\n        pass",
        "with suppress(ValueError):\n        raise ValueError",
        "try:\n        raise ValueError\n    finally:\n        return 1",
        "def g():\n        raise ValueError",
    ],
)
def test_what_is_caught_in_between_does_not_leave(body: str) -> None:
    """An exception that the function itself catches, or a nested function's, is not told."""
    assert said(f"def f(n):\n    {body}\n", FactKind.RAISES, "def f(n):") == []


@pytest.mark.parametrize(
    "body",
    [
        "try:\n        raise ValueError\n    except KeyError:\n        pass",
        "try:\n        raise SystemExit\n    except Exception:\n        pass",
        "try:\n        pass\n    except ValueError:\n        raise ValueError",
        "with suppress(KeyError):\n        raise ValueError",
    ],
)
def test_what_nothing_catches_leaves(body: str) -> None:
    """A handler of something else does not keep an exception in."""
    assert len(said(f"def f(n):\n    {body}\n", FactKind.RAISES)) == 1


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("return n / 2", ["returns n / 2"]),
        ("if n:\n        return 1", ["returns 1 when n", "returns None when it reaches its end"]),
        (
            "if n:\n        return 1\n    else:\n        return 2",
            ["returns 1 when n", "returns 2 unless n"],
        ),
        ("print(n)", ["never returns a value (only None)"]),
        ("raise OSError", ["never returns"]),
        ("while True:\n        n()", ["never returns"]),
        ("if n:\n        return\n    return 2", ["returns 2", "returns None when n"]),
        ("for x in n:\n        return x", ["returns x", "returns None when it reaches its end"]),
        ("with n:\n        return 1", ["returns 1"]),
        (
            "try:\n        return 1\n    except OSError:\n        return 2",
            ["returns 1", "returns 2 when OSError is caught"],
        ),
        (
            "match n:\n      case 1:\n        return 1\n      case _:\n        return 2",
            ["returns 1 when n matches 1", "returns 2 when no case above matches"],
        ),
    ],
)
def test_what_is_returned_is_told(body: str, expected: list[str]) -> None:
    """Each way to give something back is told, the end of the body included."""
    assert said(f"def f(n):\n    {body}\n", FactKind.RETURNS) == expected


def test_a_generator_is_told_as_one() -> None:
    """A function with a yield gives items, and a return of it gives nothing."""
    told = said("def f(n):\n    for i in n:\n        yield i\n    return\n", FactKind.RETURNS)
    assert told[0] == "yields i"
    assert told[1].startswith("is a generator")


def test_an_annotation_is_told_as_what_it_is() -> None:
    """An annotation is somebody's word and is told as such."""
    told = said("def f(n) -> dict[str, int]:\n    return n\n", FactKind.RETURNS)
    assert "its annotation says that it returns dict[str, int]" in told


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("open('a')", "opens 'a' for reading"),
        ("open(n, 'wb')", "opens n for writing, emptying it first"),
        ("open(n, mode='a')", "opens n for appending"),
        ("open(n, mode)", "opens n"),
        ("os.remove(n)", "deletes a file (os.remove)"),
        ("subprocess.run(n)", "starts a program and waits for it (subprocess.run)"),
        ("print(n, file=sys.stderr)", "prints to standard error"),
        ("os.environ['A'] = n", "changes the environment"),
        ("random.choice(n)", "draws random numbers (random.choice)"),
        ("datetime.now()", "reads the clock (datetime.datetime.now)"),
        ("global COUNT\n    COUNT = n", "assigns to the global COUNT"),
        ("CACHE[n] = 1", "changes the global CACHE by assigning to items"),
        ("n.append(1)", "changes its argument n with append"),
        ("n[0] = 1", "changes its argument n by assigning to items"),
        ("del n[0]", "changes its argument n by deleting items"),
        ("n.x = 1", "sets n.x, which changes its argument n"),
        ("Path(n).rename('b')", "renames a file: Path(n)"),
        ("p = Path(n)\n    p.touch()", "makes a file or changes its times: p"),
    ],
)
def test_an_effect_is_told(body: str, expected: str) -> None:
    """What the function touches besides its own variables is told, by resolved names."""
    assert said(f"def f(n):\n    {body}\n", FactKind.EFFECT) == [expected]


@pytest.mark.parametrize(
    "body",
    [
        "n = list(n)\n    n.append(1)",
        "items = []\n    items.append(1)",
        "def open(x): ...\n    open = n\n    open('a')",
        "random = n\n    random.choice(1)",
        "n.rename('b')",
        "COUNT = 2",
        "random.Random(3)",
        "global COUNT\n    return COUNT",
    ],
)
def test_what_touches_nothing_has_no_effect(body: str) -> None:
    """A name bound again, a local list and an object of unknown type give no effect."""
    assert said(f"def f(n):\n    {body}\n", FactKind.EFFECT, "def f(n):") == []


def test_a_method_that_sets_its_own_fields_says_so() -> None:
    """Assigning to a field of self is an effect of the method."""
    code = "class A:\n    def f(self, n):\n        self.n = n\n        self.all.append(n)\n"
    told = said(code, FactKind.EFFECT, "def f(self, n):")
    assert told == ["sets self.n", "changes self.all with append"]


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("def f(n=[]):\n    pass\n", "the default of n is made once, and all calls share it"),
        (
            "def f(n: dict = {}):\n    pass\n",
            "the default of n is made once, and all calls share it",
        ),
        (
            "def f(n):\n    try:\n        n()\n    except:\n        pass\n",
            "a bare except swallows every exception, KeyboardInterrupt and SystemExit included",
        ),
        (
            "def f(n):\n    return n is 'a'\n",
            "is compares identity, not equality, with the literal 'a'",
        ),
        (
            "def f(n):\n    assert (n, 'x')\n",
            "this assert never fails: a tuple that is not empty is true",
        ),
        (
            "def f(n):\n    for i in n:\n        n.remove(i)\n",
            "n is changed while the loop goes over it",
        ),
        (
            "def f(list):\n    return list(1)\n",
            "list is bound again in f, so this is not the built-in",
        ),
        (
            "def f(n):\n    n = n.sort()\n",
            "n.sort changes the list in place and returns None, which is what is kept here",
        ),
        (
            "def f(n):\n    subprocess.run(n, shell=True)\n",
            "shell=True: a shell interprets the command, special characters included",
        ),
        (
            "def f(n):\n    try:\n        n()\n    finally:\n        return 1\n",
            "a return in finally swallows exceptions and replaces other return values",
        ),
    ],
)
def test_a_known_mistake_is_found(code: str, expected: str) -> None:
    """A mistake that the syntax alone proves comes first of all facts."""
    assert facts_of(code)[0].text == expected


@pytest.mark.parametrize(
    "code",
    [
        "def f(n=()):\n    pass\n",
        "def f(n=None):\n    return n is None\n",
        "def f(n):\n    try:\n        n()\n    except OSError:\n        pass\n",
        "def f(n):\n    for i in n:\n        n.remove(i)\n        break\n",
        "def f(n):\n    for i in list(n):\n        n.remove(i)\n",
        "def f(n):\n    try:\n        n()\n    except:\n        print(n)\n        raise\n",
        "def f(n):\n    other = n.reverse()\n",
    ],
)
def test_what_may_be_right_is_no_finding(code: str) -> None:
    """Nothing is called a mistake that may be none."""
    assert said(code, FactKind.FINDING) == []


def test_the_region_comes_before_the_function_around_it() -> None:
    """Inside a function the statement's facts come first, then those of the function."""
    code = "def f(n):\n    if n:\n        raise OSError\n    os.remove(n)\n    return 1\n"
    facts = facts_of(code, "os.remove(n)")
    assert [fact.kind for fact in facts] == [FactKind.EFFECT, FactKind.RAISES, FactKind.RETURNS]
    assert all(fact.of == "f" for fact in facts)


def test_facts_of_a_region_without_function_are_of_what_stands_in_it() -> None:
    """Module statements and each function in the region are told, those outside are not."""
    code = "os.remove('a')\ndef f():\n    raise OSError\ndef g():\n    raise KeyError\n"
    told = [fact.text for fact in facts_of(code, "os.remove('a')\ndef f():\n    raise OSError\n")]
    assert "deletes a file (os.remove)" in told
    assert "always raises OSError" in told
    assert not any("KeyError" in one for one in told)


def test_facts_of_several_functions_say_whose_they_are() -> None:
    """In a region with more than one function each fact begins with its function's name."""
    code = "def f():\n    raise OSError\ndef g():\n    return 1\n"
    assert [fact.text for fact in facts_of(code)] == [
        "f: always raises OSError",
        "f: never returns",
        "g: returns 1",
    ]


def test_a_long_function_gives_a_dozen_plain_lines_without_repetition() -> None:
    """There are at most twelve facts, each one short line, none twice, every kind represented."""
    lines = [f"    if n == {i}:\n        raise ValueError({'x' * 300!r})" for i in range(20)]
    lines += ["    print(n)\n    print(n)\n    os.remove(n)\n    return n"]
    facts = facts_of("def f(n, m=[]):\n" + "\n".join(lines) + "\n")
    assert len(facts) == 12
    assert len({fact.text for fact in facts}) == 12
    assert {fact.kind for fact in facts} == {
        *(FactKind.FINDING, FactKind.RAISES, FactKind.RETURNS, FactKind.EFFECT)
    }
    assert all(len(fact.text) <= 160 and "\n" not in fact.text for fact in facts)


def test_names_that_hang_on_themselves_and_deep_nesting_end() -> None:
    """A variable made from itself and statements nested hundreds deep give facts all the same."""
    code = "def f(n):\n    a = a / 2\n    a.touch()\n    raise OSError\n"
    assert said(code, FactKind.RAISES) == ["always raises OSError"]
    deep = "".join(f"{' ' * i}if n:\n" for i in range(1, 600)) + " " * 600 + "return 1\n"
    assert isinstance(facts_of(f"def f(n):\n{deep}"), tuple)


@pytest.mark.parametrize("code", ["def f(:\n  raise", "if", "\0\ud800def f(n): raise X", "", "def"])
def test_broken_code_gives_fewer_facts_and_no_exception(code: str) -> None:
    """Text that is no Python never raises."""
    assert isinstance(python_facts(code, Span(start=0, end=len(code))), tuple)


def test_spans_count_code_points() -> None:
    """A fact's span is where its code stands, also behind characters outside of ASCII."""
    code = "def f(n):\n    s = 'äöü😀'\n    raise ValueError(s)\n"
    fact = next(fact for fact in facts_of(code) if fact.kind is FactKind.RAISES)
    assert fact.span is not None
    assert fact.span.of(HEAD + code) == "raise ValueError(s)"
