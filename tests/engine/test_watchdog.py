from __future__ import annotations

import threading

import pytest

from ducktypist.engine.watchdog import Patience, Watchdog


def _looks(patience: Patience, *, began_s: float, at_s: list[float], limit_s: float) -> list[bool]:
    return [patience.is_over(age_s=now_s - began_s, now_s=now_s, limit_s=limit_s) for now_s in at_s]


def test_a_step_that_goes_on_and_on_has_hung() -> None:
    """The limit counts from when the step began to be watched."""
    patience = Patience(pause_s=1.0)
    looks = _looks(patience, began_s=0.0, at_s=[0.5, 1.5, 2.5, 3.5], limit_s=3.0)
    assert looks == [False, False, False, True]


def test_steps_that_end_never_add_up() -> None:
    """Each step has the whole limit to itself, and rest between steps is no step."""
    patience = Patience(pause_s=1.0)
    for second in range(20):
        assert not patience.is_over(age_s=0.9, now_s=float(second), limit_s=3.0)
    assert not patience.is_over(age_s=None, now_s=21.0, limit_s=3.0)
    assert not patience.is_over(age_s=1.0, now_s=22.0, limit_s=3.0)


def test_a_process_that_was_stopped_has_not_hung() -> None:
    """An hour in which nobody looked does not count, whatever the step's age says."""
    patience = Patience(pause_s=1.0)
    assert _looks(patience, began_s=0.0, at_s=[0.5, 3600.0, 3601.0], limit_s=10.0) == [False] * 3
    later = [3602.0 + second for second in range(8)]
    rest = _looks(patience, began_s=0.0, at_s=later, limit_s=10.0)
    assert rest[-1]
    assert not rest[0]


def test_an_old_step_that_is_seen_for_the_first_time_is_watched_first() -> None:
    """A watchdog that wakes up late does not bite at once."""
    patience = Patience(pause_s=1.0)
    assert not patience.is_over(age_s=3600.0, now_s=3600.0, limit_s=10.0)


def test_the_thread_looks_and_bites_once() -> None:
    """It looks again and again, and says once that a step has hung; then it is done."""
    bitten = threading.Event()
    n_looks: list[int] = []
    ages: list[float] = []

    def hang(age_s: float) -> None:
        ages.append(age_s)
        bitten.set()

    watchdog = Watchdog(
        step_age_s=lambda now_s: now_s,
        limit_s=0.05,
        usual_s=lambda: 0.0,
        on_hang=hang,
        on_look=lambda: n_looks.append(1),
    )
    watchdog.start()
    assert bitten.wait(30)
    watchdog.stop()
    assert len(ages) == 1
    assert len(n_looks) >= 2


@pytest.mark.parametrize(
    ("limit_s", "usual_s", "fails"),
    [
        pytest.param(0.05, 0.0, True, id="a look fails"),
        pytest.param(0.0, 0.0, False, id="no limit"),
        pytest.param(0.05, 1e6, False, id="a slow machine"),
    ],
)
def test_what_does_not_bite_goes_on_looking(
    limit_s: float, usual_s: float, monkeypatch: pytest.MonkeyPatch, *, fails: bool
) -> None:
    """A look that fails is logged; without a limit, and where a step is known to take long, too."""
    monkeypatch.setattr("ducktypist.engine.watchdog.MAX_PAUSE_S", 0.01)
    enough = threading.Event()
    n_looks: list[int] = []

    def look() -> None:
        n_looks.append(1)
        if len(n_looks) > 5:
            enough.set()
        if fails:
            raise OSError

    def hang(age_s: float) -> None:
        raise AssertionError(age_s)

    watchdog = Watchdog(
        step_age_s=lambda now_s: now_s,
        limit_s=limit_s,
        usual_s=lambda: usual_s,
        on_hang=hang,
        on_look=look,
    )
    watchdog.start()
    assert enough.wait(30)
    watchdog.stop()
