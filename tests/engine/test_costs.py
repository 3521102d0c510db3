"""What follows from the price of a step."""

from __future__ import annotations

import pytest

from ducktypist.engine.costs import Costs

GPU = Costs(step_ms={1: 10.0, 2: 10.1, 4: 10.3, 8: 10.8, 16: 12.0, 32: 15.0}, prefill_tok_s=5000.0)
CPU = Costs(step_ms={1: 19.0, 2: 57.0, 4: 75.0, 8: 91.0, 16: 151.0, 32: 240.0}, prefill_tok_s=240.0)


def test_prices_between_the_points_lie_on_a_line() -> None:
    """Between two measured widths the price is in between; beyond the last, a row is a token."""
    assert CPU.ms(4) == 75.0
    assert CPU.ms(6) == pytest.approx(83.0)
    assert CPU.ms(56) == pytest.approx(240.0 + 24 * 1000 / 240.0)


def test_a_graphics_card_takes_all_answers_at_once() -> None:
    """Where rows cost nothing, everybody goes on."""
    assert [GPU.width(n) for n in (1, 2, 3, 5, 32)] == [1, 2, 3, 5, 32]


def test_a_busy_cpu_finishes_one_answer_after_the_other() -> None:
    """Where two rows cost as much as three steps, two answers take turns; sixteen do not."""
    assert [CPU.width(n) for n in (1, 2, 3, 4)] == [1, 1, 1, 1]
    assert CPU.width(8) == 8
    assert CPU.width(32) == 32


@pytest.mark.parametrize("costs", [GPU, CPU])
def test_drafts_are_long_where_they_come_true_and_none_where_not(costs: Costs) -> None:
    """A draft must promise more tokens a second than going on without it."""
    assert costs.draft_length(0.97, longest=15) >= 12
    assert costs.draft_length(0.0, longest=15) == 0
    assert costs.draft_length(0.97, longest=0) == 0


def test_short_drafts_do_not_pay_on_a_busy_cpu() -> None:
    """With every second guess wrong nothing is drafted on the CPU, and something on the card."""
    assert CPU.draft_length(0.5, longest=15) == 0
    assert GPU.draft_length(0.5, longest=15) > 0


def test_guests_ride_along_only_for_free() -> None:
    """More rows are free on the card and are not on the CPU."""
    assert GPU.is_free(1, 4)
    assert not CPU.is_free(1, 1)
