from __future__ import annotations

import ast
import math
from typing import Any

import pytest

from ducktypist.verify.calls import Call, read_literal, write_literal
from ducktypist.verify.nearby import N_MAX, nearby


def call(*values: Any, **named: Any) -> Call:
    """Return a recorded call with these values."""
    return Call(
        arguments=tuple(map(write_literal, values)),
        keywords=tuple((name, write_literal(value)) for name, value in named.items()),
    )


def first(*calls: Call, n_max: int = N_MAX) -> list[Any]:
    """Return the first arguments of the calls near these."""
    return [read_literal(near.call.arguments[0]) for near in nearby(calls, n_max=n_max)]


@pytest.mark.parametrize(
    "value",
    [
        *(0, -3, True, None, 1.5, -0.25, math.inf, -math.inf, 10**30),
        *("", "it's\n\0", b"\xff", [], [1, [2.5, "x"]], (), (1,), (1, (2,))),
        *({}, {"a": [1], 2: None}, set(), {1, 2}, frozenset(), frozenset({"b"})),
    ],
    ids=repr,
)
def test_values_survive_being_written(value: Any) -> None:
    """What is written is read back the same, by our reader and by Python."""
    text = write_literal(value)
    found = read_literal(text)
    assert found == value
    assert type(found) is type(value)
    names = {"set": set, "frozenset": frozenset, "__builtins__": {}}
    assert eval(text, names) == value  # noqa: S307 - a literal of ours


@pytest.mark.parametrize(
    "text", ["open('x')", "f(1)", "a", "1 + 1", "[x for x in y]", "{**a}", "", "(" * 500, "{[]: 1}"]
)
def test_only_literals_are_read(text: str) -> None:
    """Nothing that would have to be evaluated is read, and what is broken is told in one way."""
    with pytest.raises(ValueError, match="not a literal"):
        read_literal(text)


def test_the_same_calls_give_the_same_inputs() -> None:
    """Nothing depends on chance: another run asks about the same inputs."""
    calls = [call([3, 1, 2], "abc"), call([5], "xyz", flag=True)]
    assert nearby(calls) == nearby(calls)
    assert nearby(calls, seed=1) != nearby(calls, seed=2)


def test_inputs_are_new_and_different_and_few() -> None:
    """No recorded call is among them, none comes twice, and there are at most as many as wanted."""
    calls = [call([3, 1, 2], 2), call([4, 4], 1)]
    found = nearby(calls, n_max=25)
    texts = [near.call.text("f") for near in found]
    assert len(texts) == len(set(texts)) == 25
    assert not {one.text("f") for one in calls} & set(texts)
    assert {near.origin for near in found} == {0, 1}
    assert nearby([]) == ()
    assert nearby([call()]) == ()


def test_whole_numbers_have_neighbours_zero_and_doubles() -> None:
    """A number is varied to those next to it, to 0, to its double and to the other sign."""
    assert {8, 6, 0, 14} <= set(first(call(7), call(-2)))
    assert -7 in first(call(7), call(-2))


def test_what_is_never_negative_stays_so() -> None:
    """Where no test passes a negative number, none is made up."""
    assert min(first(call(7), call(2))) == 0
    assert all(min(value, default=0) >= 0 for value in first(call([3, 9, 4])))


def test_texts_are_cut_doubled_and_turned() -> None:
    """A text is varied by length, case and order, and may be empty."""
    found = set(first(call("aBc1")))
    assert {"aBc", "Bc1", "", "aBc1aBc1", "1cBa", "AbC1"} <= found


def test_a_small_alphabet_is_kept() -> None:
    """Where all texts are made of few characters, no other character is put in."""
    found = first(call("(()())"), call("())("))
    assert found
    assert set("".join(found)) == set("()")


def test_lists_lose_gain_and_change_elements() -> None:
    """A list is emptied, shortened, lengthened, turned round, sorted and changed in one place."""
    found = first(call([5, 2, 9], "x"), call([1, 1], "x"), n_max=300)
    assert [] in found
    assert {2, 3, 4} <= set(map(len, found))
    assert [9, 2, 5] in found
    assert [2, 5, 9] in found
    assert any(len(one) == 3 and sum(a != b for a, b in zip(one, [5, 2, 9], strict=True)) == 1
               for one in found)  # fmt: skip


def test_sorted_lists_stay_sorted() -> None:
    """A function that only ever gets sorted lists is not asked about another; one list is none."""
    found = first(call([1, 4, 9], 4), call([2, 3, 5, 8], 3))
    assert len(found) > 10
    assert all(one == sorted(one) for one in found)
    assert any(one != sorted(one) for one in first(call([1, 4, 9], 4)))


def test_rows_keep_their_length() -> None:
    """A table stays one, and a pair a pair."""
    table = first(call([[1, 2], [3, 4], [5, 6]]))
    assert len(table) > 10
    assert all(len({len(row) for row in one}) <= 1 for one in table)
    assert {len(pair) for pair in first(call((3, 4)))} == {2}


def test_types_are_kept() -> None:
    """An input has the types of the one that it was made from, inside as well."""
    one = call([1, 2], {"a": 1.5}, (True, "x"), None, {3}, key=b"ab")
    for near in nearby([one], n_max=200):
        values = [read_literal(text) for text in near.call.arguments]
        assert [type(value) for value in values] == [list, dict, tuple, type(None), set]
        assert all(type(number) is int for number in values[0])
        assert isinstance(values[2][0], bool)
        assert [name for name, _ in near.call.keywords] == ["key"]


def test_arguments_are_exchanged_and_mixed() -> None:
    """An argument may come from another call, or from another place of the same type."""
    texts = {near.call.text("f") for near in nearby([call(1, 20), call(3, 40)], n_max=300)}
    assert {"f(3, 20)", "f(1, 40)", "f(20, 20)", "f(1, 1)"} <= texts


def test_an_object_is_varied_by_its_state() -> None:
    """A method without arguments is asked about other states of its object."""
    state = Call(state="{'items': [1, 2], 'name': 'x'}")
    found = [read_literal(near.call.state or "") for near in nearby([state])]
    assert len(found) > 10
    assert all(set(one) == {"items", "name"} for one in found if isinstance(one, dict))


def test_long_inputs_are_not_doubled() -> None:
    """Nothing is made that would be longer than what may be recorded."""
    for near in nearby([call(list(range(200)), "x" * 900)]):
        assert len(near.call.text("f")) < 2100


def test_calls_are_shown_as_written() -> None:
    """A call's text is what a person would write; an object is given by its variables."""
    assert call([1], "a", key=2).text("pkg_f") == "pkg_f([1], 'a', key=2)"
    method = Call(arguments=("3",), state="{'n': 1}")
    assert method.text("Basket.total") == "basket.total(3) where vars(basket) == {'n': 1}"
    assert ast.parse(call(*[{1}] * 2, key=(1,)).text("f"))
