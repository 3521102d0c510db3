"""Turns, ratios of rounds and what batching can give at most."""

from __future__ import annotations

import pytest

from ducktypist.bench.engine.rows import Turns, ceiling, in_turns, number, spread, step_costs


async def test_ways_take_turns_and_another_one_begins_each_round() -> None:
    """After a round that is not counted, each round has every way once."""
    order: list[tuple[str, int]] = []

    def way(name: str) -> object:
        async def timed(at: int) -> float:
            order.append((name, at))
            return float(len(order))

        return timed

    ways = {name: way(name) for name in "abc"}
    turns = await in_turns(3, ways)  # type: ignore[arg-type]
    assert "".join(name for name, _ in order) == "abc" + "abc" + "bca" + "cab"
    assert [at for _, at in order] == [-1] * 3 + [0] * 3 + [1] * 3 + [2] * 3
    assert turns.of["a"] == (4.0, 9.0, 11.0)
    assert turns.ratio("b", "a") == (5 / 4, 7 / 9, 12 / 11)


async def test_a_run_without_warming_up_counts_from_the_start() -> None:
    """What is asked anew each time needs none."""
    seen: list[int] = []

    async def timed(at: int) -> float:
        seen.append(at)
        return 1.0

    await in_turns(2, {"a": timed}, warm_up=False)
    assert seen == [0, 1]


def test_a_ratio_belongs_to_one_round() -> None:
    """A machine that became slower in the second round changes neither ratio."""
    turns = Turns(of={"ours": (10.0, 5.0), "theirs": (8.0, 4.0)})
    assert turns.ratio("ours", "theirs") == (1.25, 1.25)
    assert turns.told("tok/s") == "ours 7.5 tok/s (5 to 10); theirs 6 tok/s (4 to 8)"
    assert turns.as_json() == {"ours": [10.0, 5.0], "theirs": [8.0, 4.0]}


@pytest.mark.parametrize(
    ("samples", "told"),
    [([], "nothing"), ([1234.5], "1,234 ms"), ([1.0, 3.0], "2 ms (1 to 3)")],
)
def test_figures_are_told_with_their_range(samples: list[float], told: str) -> None:
    """One figure has no range, none has nothing."""
    assert spread(samples, "ms") == told


def test_a_figure_has_the_digits_that_say_something() -> None:
    """Three, and all of a large one."""
    assert [number(value) for value in (0.12345, 12.345, 99.96, 123456.7)] == [
        "0.123",
        "12.3",
        "100",
        "123,457",
    ]


def test_the_ceiling_is_what_so_many_rows_in_one_step_save() -> None:
    """Four rows in twice the time of one are twice as fast; between measurements is a line."""
    steps = {1: (9.0, 10.0, 50.0), 4: (20.0,), 8: (40.0,)}
    assert ceiling(steps, 4) == pytest.approx(2.0)
    assert ceiling(steps, 6) == pytest.approx(2.0)
    assert ceiling(steps, 1) == pytest.approx(1.0)
    assert ceiling(steps, 16) is None
    assert ceiling({}, 4) is None
    assert step_costs(steps) == "a bare step of so many rows takes ms 1:10 4:20 8:40"
