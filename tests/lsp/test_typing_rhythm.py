from __future__ import annotations

import pytest

from ducktypist.lsp.typing_rhythm import FASTEST_MS, LEAST_FACTOR, SLOWEST_MS, USUAL_MS, Rhythm

LEAST_MS, MOST_MS = 75, 500


def typing(gap_ms: float, *, n_keys: int = 60) -> tuple[Rhythm, float]:
    """Return the rhythm of somebody who types evenly, and the time of the last key."""
    rhythm, at_ms = Rhythm(), 1000.0
    for _ in range(n_keys):
        at_ms += gap_ms
        rhythm.pressed(at_ms)
    return rhythm, at_ms


def wait_ms(rhythm: Rhythm, typed: str, at_ms: float) -> float:
    """Return how long to wait after what was typed."""
    return rhythm.wait_ms(typed, at_ms=at_ms, least_ms=LEAST_MS, most_ms=MOST_MS)


def test_who_types_faster_waits_less() -> None:
    """The wait follows the usual time between keys."""
    waits = [wait_ms(rhythm, "x = ", at) for rhythm, at in map(typing, (90.0, 150.0, 250.0))]
    assert waits == sorted(waits)
    assert waits[0] < waits[2]


def test_the_wait_is_longer_than_the_gap_between_keys() -> None:
    """Else every keystroke would ask, and the next would throw it away."""
    for gap_ms in (100.0, 170.0, 240.0):
        rhythm, at_ms = typing(gap_ms)
        rhythm.answered(gap_ms / 2)
        for typed in ("", "x = ", "x = val"):
            assert wait_ms(rhythm, typed, at_ms) >= LEAST_FACTOR * gap_ms * 0.99


def test_in_the_middle_of_a_word_it_is_longest() -> None:
    """Where something is done, the next key takes longer anyway."""
    rhythm, at_ms = typing(150.0)
    line, trigger, word = (wait_ms(rhythm, typed, at_ms) for typed in ("    ", "f(", "val"))
    assert line < trigger < word


@pytest.mark.parametrize(("gap_ms", "expected"), [(5.0, FASTEST_MS), (900.0, SLOWEST_MS)])
def test_the_usual_gap_has_limits(gap_ms: float, expected: float) -> None:
    """A key held down, and who types with one finger, do not run away with it."""
    assert typing(gap_ms, n_keys=200)[0].gap_ms == expected


def test_pauses_say_nothing() -> None:
    """Thinking is no rhythm."""
    rhythm, at_ms = typing(150.0)
    before = rhythm.gap_ms
    rhythm.pressed(at_ms + 20_000)
    assert rhythm.gap_ms == before


def test_at_first_an_ordinary_rhythm_is_assumed() -> None:
    """Before anything was typed there is a sensible wait."""
    rhythm = Rhythm()
    assert rhythm.gap_ms == USUAL_MS
    assert LEAST_MS <= wait_ms(rhythm, "x", 0.0) <= MOST_MS


def test_a_quick_engine_is_part_of_the_wait_and_a_slow_one_is_not() -> None:
    """What an engine does in vain for longer than a keystroke costs more than it saves."""
    rhythm, at_ms = typing(200.0)
    alone = wait_ms(rhythm, "val", at_ms)
    rhythm.answered(50.0)
    quick = wait_ms(rhythm, "val", at_ms)
    for _ in range(20):
        rhythm.answered(900.0)
    assert quick == pytest.approx(alone - 50.0)
    assert wait_ms(rhythm, "val", at_ms) == alone


def test_the_editors_own_wait_counts() -> None:
    """What has gone by since the last keystroke need not be waited for again."""
    rhythm, at_ms = typing(150.0)
    whole = wait_ms(rhythm, "val", at_ms)
    assert wait_ms(rhythm, "val", at_ms + 100.0) == pytest.approx(whole - 100.0)
    assert wait_ms(rhythm, "val", at_ms + 5000.0) == 0.0


def test_the_settings_are_kept() -> None:
    """Never shorter than the one, never longer than the other."""
    for gap_ms in (10.0, 100.0, 1000.0):
        rhythm, at_ms = typing(gap_ms)
        for typed in ("", "f(", "val"):
            assert 300 <= rhythm.wait_ms(typed, at_ms=at_ms, least_ms=300, most_ms=400) <= 400
            assert rhythm.wait_ms(typed, at_ms=at_ms, least_ms=300, most_ms=100) == 300
