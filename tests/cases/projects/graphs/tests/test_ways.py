import pytest

from graphs.order import Circle, sorted_places
from graphs.reading import read
from graphs.search import components, reachable
from graphs.shortest import NoWay, shortest
from graphs.tour import tour

TOWN = """
home shop 4
shop park 1   # past the well
home park 7
park lake 2
"""


def test_one_way():
    assert shortest(read("a b 3"), "a", "b") == (["a", "b"], 3)


def test_the_shorter_of_two():
    assert shortest(read(TOWN), "home", "park") == (["home", "shop", "park"], 5)


def test_staying():
    assert shortest(read(TOWN), "lake", "lake") == (["lake"], 0)


def test_one_way_streets():
    graph = read("a b 2\nb c 5", directed=True)
    assert shortest(graph, "a", "c") == (["a", "b", "c"], 7)
    with pytest.raises(NoWay):
        shortest(graph, "c", "a")


def test_there_and_back_may_differ():
    graph = read("a b 2\nb a 5", directed=True)
    assert shortest(graph, "a", "b") == (["a", "b"], 2)
    assert shortest(graph, "b", "a") == (["b", "a"], 5)


def test_the_shorter_of_two_one_way_streets():
    graph = read("a c 9\na b 2\nb c 5", directed=True)
    assert shortest(graph, "a", "c") == (["a", "b", "c"], 7)


def test_lengths_may_be_left_out():
    assert shortest(read("a b\nb c"), "c", "a") == (["c", "b", "a"], 2)


def test_no_negative_length():
    with pytest.raises(ValueError):
        read("a b -1")


def test_reachable():
    assert reachable(read(TOWN), "lake") == ["lake", "park", "shop", "home"]


def test_components():
    assert components(read("a b\nc\nd e\nb d")) == [["a", "b", "d", "e"], ["c"]]


def test_order():
    graph = read("a b\na c\nc b", directed=True)
    assert sorted_places(graph) == ["a", "c", "b"]


def test_circle():
    with pytest.raises(Circle):
        sorted_places(read("a b\nb a", directed=True))


def test_tour_out():
    assert tour(read(TOWN), ["home", "shop", "lake"]) == (["home", "shop", "park", "lake"], 7)


def test_tour_and_back():
    way, total = tour(read(TOWN), ["home", "lake", "home"])
    assert way == ["home", "shop", "park", "lake", "park", "shop", "home"]
    assert total == 14


def test_tour_around_the_block():
    graph = read("a b 2\nb c 3\nc a 4", directed=True)
    assert tour(graph, ["a", "b", "a"]) == (["a", "b", "c", "a"], 9)


def test_tour_with_a_detour():
    graph = read("a b 2\nb c 3\na d 1\nd b 4\nc d 1", directed=True)
    assert tour(graph, ["a", "c", "d"]) == (["a", "b", "c", "d"], 6)


def test_tour_without_a_way():
    with pytest.raises(NoWay):
        tour(read("a b 2", directed=True), ["a", "b", "a"])


def test_no_stops():
    assert tour(read(TOWN), []) == ([], 0)
