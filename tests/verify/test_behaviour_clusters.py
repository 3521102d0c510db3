from __future__ import annotations

from typing import Any

from ducktypist.verify.behaviour import Comparison, Ended, Output
from ducktypist.verify.behaviour_clusters import clusters, difference, oddities


def row(*values: Any) -> tuple[Output, ...]:
    """Return outputs: an exception's type is raised, an ending is that, all else is returned."""
    found = []
    for value in values:
        if isinstance(value, Ended):
            found.append(Output(ended=value, shown=value.value, key=value.value, type_name=""))
        elif isinstance(value, type):
            name = value.__name__
            found.append(
                Output(ended=Ended.RAISED, shown=f"raises {name}", key=f"!{name}", type_name="")
            )
        else:
            found.append(
                Output(
                    ended=Ended.RETURNED,
                    shown=repr(value),
                    key=repr(value),
                    type_name=type(value).__name__,
                )
            )
    return tuple(found)


def comparison(original: tuple[Output, ...], *rows: tuple[Output, ...], n: int = 1) -> Comparison:
    """Return a comparison whose first ``n`` inputs are the tests' and all others near the first."""
    size = len(original)
    return Comparison(
        inputs=tuple(f"f({i})" for i in range(size)),
        n_from_tests=n,
        origins=(*range(n), *(0,) * (size - n)),
        original=original,
        outputs=rows,
        noticed=((),) * len(rows),
        is_pure=True,
        reason="",
    )


def test_groups_are_ordered_by_size_then_by_place() -> None:
    """The largest group comes first; of two alike, the one with the earlier patch."""
    rows = [row(1, 2), row(1, 3), row(1, 4), row(1, 3), row(1, 2)]
    assert clusters(rows) == ((0, 4), (1, 3), (2,))
    assert clusters([]) == ()


def test_inputs_that_tell_nothing_are_left_out() -> None:
    """Where nobody returns anything, or where somebody varies, patches are not told apart."""
    rows = [row(1, ValueError, Ended.VARIED), row(1, TypeError, 5)]
    assert clusters(rows) == ((0, 1),)
    assert clusters([row(1, ValueError), row(1, 5)]) == ((0,), (1,))


def test_what_is_not_known_is_not_alike() -> None:
    """Two patches of which nothing was learned are two groups, as are any two without a result."""
    nothing = row(Ended.NOT_RUN, Ended.NOT_RUN)
    assert clusters([nothing, row(1, 2), nothing, row(1, 2)]) == ((1, 3), (0,), (2,))
    assert clusters([row(ValueError), row(ValueError)]) == ((0,), (1,))


def test_the_simplest_difference_is_shown() -> None:
    """An input on which both return comes before one on which somebody raises."""
    found = comparison(row(0, 0, 0, 0), row(1, ValueError, 3, 4), row(1, 2, 3, 5))
    shown = difference(found, 0, 1)
    assert shown is not None
    assert (shown.call, shown.a, shown.b, shown.is_from_tests) == ("f(3)", "4", "5", False)
    assert shown.text() == "f(3): 4 or 5"
    found = comparison(row(0, 0), row(1, ValueError), row(1, 2))
    shown = difference(found, 0, 1)
    assert shown is not None
    assert (shown.a, shown.b) == ("raises ValueError", "2")
    assert difference(comparison(row(0, 0), row(1, Ended.NOT_RUN), row(1, 2)), 0, 1) is None
    own = difference(comparison(row(0), row(1), row(2)), 0, 1)
    assert own is not None
    assert own.is_from_tests


def test_a_patch_that_only_knows_the_tests_is_odd() -> None:
    """It is told of from five inputs on, and never where one of them changed too."""
    same = (7,) * 6
    found = comparison(row(0, *same), row(1, *same), row(1, *same[1:], 8), row(0, *same))
    (odd,) = oddities(found, 0)
    assert "1 of the tests' own inputs and on none of 6 inputs near them" in odd
    assert oddities(found, 1) == ()
    assert oddities(found, 2) == ()
    assert oddities(comparison(row(0, 7, 7), row(1, 7, 7)), 0) == ()


def test_raising_where_the_original_did_not_is_odd() -> None:
    """It is told with the shortest input; where all patches raise alike it is not."""
    found = comparison(
        row(0, 1, 2, 3), row(5, IndexError, Ended.DIED, KeyError), row(5, 1, 2, KeyError)
    )
    assert oddities(found, 0) == (
        "f(1) raises IndexError, where the original gave 1, and on 1 more inputs alike",
    )
    assert oddities(found, 1) == ()
    assert oddities(comparison(row(0, 1), row(5, IndexError)), 0) == (
        "f(1) raises IndexError, where the original gave 1",
    )


def test_another_type_is_odd() -> None:
    """A type that neither the tests' inputs nor the original ever gave is told of."""
    assert oddities(comparison(row(0, 1), row(2, None)), 0) == (
        "f(1) gives None (NoneType), elsewhere it gives int",
    )
    assert oddities(comparison(row(0, None), row(2, None)), 0) == ()


def test_varying_and_reaching_out_are_odd() -> None:
    """What the original did not do, and the patch does, is told."""
    found = comparison(row(0, 1), row(0, Ended.VARIED))
    assert oddities(found, 0) == ("f(1) gives varied, called twice",)
    noticed = Comparison(
        inputs=("f(0)",),
        n_from_tests=1,
        origins=(0,),
        original=row(0),
        outputs=(row(0),),
        noticed=(("opens a file",),),
        is_pure=True,
        reason="",
    )
    assert oddities(noticed, 0) == (
        "it does more than compute, which the original did not: opens a file",
    )
