import pytest

from booking.calendar import Calendar, Taken
from booking.days import day
from booking.hotel import Full, Hotel
from booking.merging import merged
from booking.prices import price
from booking.span import Span


def test_days():
    assert day("2024-02-29").month == 2


def test_nights():
    assert len(Span.of("2024-02-27/2024-03-01").nights()) == 3


def test_leaving_before_coming():
    with pytest.raises(ValueError):
        Span.of("2024-03-01/2024-03-01")


def test_price_of_a_week():
    assert price(Span.of("2024-05-06/2024-05-08")) == 160


def test_price_of_a_weekend():
    assert price(Span.of("2024-05-03/2024-05-06")) == 300


def test_long_stays_are_cheaper():
    assert price(Span.of("2024-05-06/2024-05-13")) == 4 * 80 + 2 * 110


def test_two_guests_in_one_night():
    calendar = Calendar()
    calendar.book(Span.of("2024-05-01/2024-05-04"), "ada")
    with pytest.raises(Taken):
        calendar.book(Span.of("2024-05-03/2024-05-05"), "bob")
    assert calendar.guests() == ["ada"]


def test_far_apart():
    calendar = Calendar()
    calendar.book(Span.of("2024-05-10/2024-05-12"), "bob")
    calendar.book(Span.of("2024-05-01/2024-05-04"), "ada")
    assert calendar.guests() == ["ada", "bob"]
    assert calendar.guest_on(day("2024-05-03")) == "ada"
    assert calendar.guest_on(day("2024-05-05")) is None


def test_one_comes_when_the_other_leaves():
    hotel = Hotel("blue")
    assert hotel.reserve("ada", "2024-05-06/2024-05-08") == ("blue", 160)
    assert hotel.reserve("bob", "2024-05-04/2024-05-06") == ("blue", 190)


def test_second_room():
    hotel = Hotel("blue", "red")
    hotel.reserve("ada", "2024-05-06/2024-05-08")
    room, _ = hotel.reserve("bob", "2024-05-07/2024-05-09")
    assert room == "red"


def test_full():
    hotel = Hotel("blue")
    hotel.reserve("ada", "2024-05-06/2024-05-08")
    with pytest.raises(Full):
        hotel.reserve("bob", "2024-05-07/2024-05-09")


def test_merged():
    spans = [Span.of("2024-05-03/2024-05-05"), Span.of("2024-05-01/2024-05-03")]
    assert merged(spans) == [Span.of("2024-05-01/2024-05-05")]


def test_not_merged():
    spans = [Span.of("2024-05-04/2024-05-05"), Span.of("2024-05-01/2024-05-03")]
    assert len(merged(spans)) == 2
