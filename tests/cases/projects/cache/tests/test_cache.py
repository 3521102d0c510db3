import pytest

from cache.lru import LruCache
from cache.memo import memo
from cache.stats import Stats


def filled(capacity, keys):
    cache = LruCache(capacity)
    for key in keys:
        cache.put(key, key.upper())
    return cache


def test_empty():
    cache = LruCache(2)
    assert cache.get("a") is None
    assert len(cache) == 0


def test_put_and_get():
    assert filled(2, "ab").get("a") == "A"


def test_newest_first():
    assert filled(3, "abc").keys() == ["c", "b", "a"]


def test_a_new_value():
    cache = filled(2, "ab")
    cache.put("b", "x")
    assert cache.get("b") == "x"
    assert len(cache) == 2


def test_using_the_newest_changes_nothing():
    cache = filled(2, "ab")
    cache.get("b")
    assert cache.keys() == ["b", "a"]


def test_using_one_in_the_middle():
    cache = filled(3, "abc")
    cache.get("b")
    assert cache.keys() == ["b", "c", "a"]


def test_the_oldest_goes():
    cache = filled(2, "abc")
    assert cache.get("a") is None
    assert cache.stats.n_evicted == 1


def test_used_ones_stay():
    cache = filled(3, "abc")
    cache.get("a")
    cache.put("d", "D")
    cache.put("e", "E")
    assert cache.keys() == ["e", "d", "a"]


def test_no_capacity():
    with pytest.raises(ValueError):
        LruCache(0)


def test_rate():
    stats = Stats()
    assert stats.rate() == 0.0
    stats.hit()
    stats.missed()
    assert stats.rate() == 0.5


def test_memo_remembers():
    calls = []

    @memo(2)
    def double(x):
        calls.append(x)
        return 2 * x

    assert [double(1), double(1), double(2)] == [2, 2, 4]
    assert calls == [1, 2]


def test_memo_knows_names():
    @memo(2)
    def join(a, sep=""):
        return f"{a}{sep}"

    assert join("x", sep="-") == "x-"
    assert join("x") == "x"
