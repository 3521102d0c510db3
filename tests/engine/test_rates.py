"""Measured rates: kept, corrected, and asked what fits."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from ducktypist.engine.rates import MAX_AGE_S, Rates, read_rates, write_rates

RATES = Rates(prefill_tok_s=200.0, step_ms={1: 20.0, 2: 60.0, 8: 100.0})


def test_what_fits_leaves_time_for_the_answer() -> None:
    """A second reads 200 tokens, or 100 when 25 are to be generated; never less than none."""
    assert RATES.prompt_tokens_in(1000) == 200
    assert RATES.prompt_tokens_in(1000, answer_tokens=25) == 100
    assert RATES.prompt_tokens_in(100, answer_tokens=25) == 0
    assert RATES.decode_tok_s == 50.0


def test_they_survive_a_restart(tmp_path: Path) -> None:
    """What is written is read back; a missing, damaged or old file is measured again."""
    path = tmp_path / "rates.json"
    assert read_rates(path) is None
    write_rates(tmp_path / "removed" / "rates.json", RATES)
    assert not (tmp_path / "removed").exists()
    write_rates(path, RATES)
    assert read_rates(path) == RATES
    os.utime(path, (0, path.stat().st_mtime - MAX_AGE_S - 60))
    assert read_rates(path) is None
    for damaged in ("", "{}", "[1]", '{"prefill_tok_s": 0, "step_ms": {"1": 1}}', "\0"):
        path.write_text(damaged, "utf-8")
        assert read_rates(path) is None


def test_a_busy_machine_makes_all_of_it_slower() -> None:
    """Slow single steps raise the whole curve, little by little; its shape stays."""
    seen = RATES
    for _ in range(400):
        seen = seen.corrected(n_rows=1, n_tokens=1, took_ms=40.0)
    assert seen.step_ms[1] == pytest.approx(40.0, rel=0.01)
    assert seen.step_ms[8] / seen.step_ms[1] == pytest.approx(5.0)
    assert seen.prefill_tok_s == RATES.prefill_tok_s


def test_reading_corrects_the_rate_of_reading() -> None:
    """Long slices count, steps of both kinds do not."""
    seen = RATES
    for _ in range(400):
        seen = seen.corrected(n_rows=1, n_tokens=100, took_ms=1000.0)
    assert seen.prefill_tok_s == pytest.approx(100.0, rel=0.01)
    assert seen.corrected(n_rows=4, n_tokens=40, took_ms=9999.0) is seen


def test_one_odd_step_hardly_counts() -> None:
    """A step that took a thousand times as long moves the rate by less than a tenth."""
    assert RATES.corrected(n_rows=1, n_tokens=1, took_ms=20_000.0).step_ms[1] < 22.0
