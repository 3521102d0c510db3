from __future__ import annotations

import math
from collections import Counter

import numpy as np
import pytest

from ducktypist.domain import Sampling
from ducktypist.engine.sampling import Sampler

LOGITS = np.log(np.array([0.1, 0.5, 0.15, 0.25], dtype=np.float32))


def test_greedy_takes_the_likeliest() -> None:
    """Temperature 0 takes the largest logit and tells its probability and the runner-up's."""
    drawn = Sampler(Sampling()).draw(LOGITS)
    assert drawn.token_id == 1
    assert drawn.logprob == pytest.approx(math.log(0.5), abs=1e-6)
    assert [token for token, _ in drawn.top] == [1, 3]
    assert drawn.top[1][1] == pytest.approx(math.log(0.25), abs=1e-6)


@pytest.mark.parametrize("first", range(4))
def test_the_runner_up_is_found_on_either_side(first: int) -> None:
    """Wherever the largest logit stands, the second largest is the other one told."""
    logits = np.zeros(4, dtype=np.float32)
    logits[first], logits[(first + 2) % 4] = 5.0, 3.0
    drawn = Sampler(Sampling()).draw(logits)
    assert [token for token, _ in drawn.top] == [first, (first + 2) % 4]


def test_the_same_seed_draws_the_same_tokens() -> None:
    """Sampling repeats with its seed and differs with another."""

    def row(seed: int) -> list[int]:
        sampler = Sampler(Sampling(temperature=1.0, seed=seed))
        return [sampler.draw(LOGITS).token_id for _ in range(40)]

    assert row(1) == row(1)
    assert row(1) != row(2)


def test_frequencies_follow_the_probabilities() -> None:
    """At temperature 1 tokens come as often as the model says."""
    sampler = Sampler(Sampling(temperature=1.0, seed=7))
    n_draws = 4000
    counts = Counter(sampler.draw(LOGITS).token_id for _ in range(n_draws))
    for token, share in enumerate([0.1, 0.5, 0.15, 0.25]):
        assert counts[token] / n_draws == pytest.approx(share, abs=0.04)


@pytest.mark.parametrize(
    ("top_p", "allowed"),
    [(0.49, {1}), (0.6, {1, 3}), (0.8, {1, 3, 2}), (0.0, {1}), (1.0, {0, 1, 2, 3})],
)
def test_the_nucleus_is_the_shortest_head_that_reaches_top_p(
    top_p: float, allowed: set[int]
) -> None:
    """No token outside the nucleus is drawn, and every one inside is."""
    exact = np.log(np.array([0.125, 0.5, 0.125 + 2**-6, 0.25 - 2**-6], dtype=np.float32))
    sampler = Sampler(Sampling(temperature=1.0, top_p=top_p, seed=1))
    assert {sampler.draw(exact).token_id for _ in range(600)} == allowed


def test_logprobs_do_not_depend_on_the_temperature() -> None:
    """What is told is the model's own probability, not the sharpened one."""
    sampler = Sampler(Sampling(temperature=0.2, seed=1))
    drawn = sampler.draw(LOGITS)
    share = [0.1, 0.5, 0.15, 0.25][drawn.token_id]
    assert drawn.logprob == pytest.approx(math.log(share), abs=1e-6)


def test_logits_without_a_finite_number_are_an_error() -> None:
    """A damaged model is told, not sampled from."""
    with pytest.raises(ValueError, match="no finite logits"):
        Sampler(Sampling()).draw(np.full(4, np.nan, dtype=np.float32))
