"""Tests of the shop; one of them is red."""

import pytest

from shop.prices import moving_average, total_cents


def test_total_multiplies_price_by_quantity():
    assert total_cents({"apple": 3, "pear": 1}, {"apple": 25, "pear": 40}) == 115


def test_total_refuses_an_unknown_article():
    with pytest.raises(KeyError):
        total_cents({"plum": 1}, {"apple": 25})


def test_moving_average_includes_the_last_window():
    assert moving_average([1.0, 2.0, 3.0, 6.0], 2) == [1.5, 2.5, 4.5]


def test_moving_average_refuses_an_empty_window():
    with pytest.raises(ValueError):
        moving_average([1.0], 0)
