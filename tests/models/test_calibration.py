"""The file of a calibration: kept, read, damaged; and one real measurement."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from ducktypist.engine.rates import Rates, write_rates
from ducktypist.fit.speed import Calibration, DeviceSpeed, RateSource, predict
from ducktypist.models import calibration as module
from ducktypist.models.calibration import (
    CalibrationError,
    calibrate,
    calibration_path,
    measured_rates,
    processor_name,
    read_calibration,
    write_calibration,
)
from ducktypist.models.shape import read_shape

CPU = DeviceSpeed(
    device="cpu",
    read_bytes_s={"Q4_K": 5e9},
    cache_bytes_s=5e9,
    attention_macs_s={"f16": 1e9},
    layer_ms=0.0,
    token_ms=0.1,
    logit_ns=0.5,
    prefill_macs_s={"Q4_K": 5e10},
    prefill_attention_macs_s=1e9,
    prefill_layer_ms=0.0,
)


def kept(**changes: object) -> Calibration:
    """Return a calibration of this machine."""
    fields = {"n_threads": 2, "processor": processor_name(), "build": "AVX2", **changes}
    return Calibration(cpu=CPU, **fields)  # type: ignore[arg-type] # the test names its fields


def test_what_is_kept_is_read_again(tmp_path: Path) -> None:
    """The same calibration, with and without a card."""
    for written in (kept(), kept(gpu=CPU, measured_at_utc="2026-01-01T00:00:00+00:00")):
        write_calibration(tmp_path, written)
        assert read_calibration(tmp_path) == written


def test_another_processors_calibration_counts_as_none(tmp_path: Path) -> None:
    """A home folder that moved to another machine brings no rates along."""
    write_calibration(tmp_path, kept(processor="another"))
    assert read_calibration(tmp_path) is None


def test_no_file_is_no_calibration(tmp_path: Path) -> None:
    """Nothing was measured."""
    assert read_calibration(tmp_path) is None


@pytest.mark.parametrize("keep", [0, 1, 40, 300])
def test_a_file_that_was_cut_short_counts_as_none(tmp_path: Path, keep: int) -> None:
    """Reading never fails."""
    write_calibration(tmp_path, kept())
    path = calibration_path(tmp_path)
    path.write_bytes(path.read_bytes()[:keep])
    assert read_calibration(tmp_path) is None


@pytest.mark.parametrize(
    ("where", "value"),
    [
        (("version",), 2),
        (("cpu",), None),
        (("gpu",), 3),
        (("n_threads",), "two"),
        (("build",), None),
        (("cpu", "device"), 1),
        (("cpu", "read_bytes_s"), {}),
        (("cpu", "read_bytes_s"), 4.0),
        (("cpu", "read_bytes_s", "Q4_K"), 0),
        (("cpu", "read_bytes_s", "Q4_K"), "fast"),
        (("cpu", "cache_bytes_s"), float("inf")),
        (("cpu", "cache_bytes_s"), {"Q4_K": 1.0}),
        (("cpu", "layer_ms"), -1),
        (("cpu", "layer_ms"), True),
        (("cpu", "prefill_attention_macs_s"), 0),
    ],
)
def test_a_file_that_makes_no_sense_counts_as_none(
    tmp_path: Path, where: tuple[str, ...], value: object
) -> None:
    """A wrong figure anywhere spoils the whole."""
    write_calibration(tmp_path, kept())
    path = calibration_path(tmp_path)
    told = json.loads(path.read_text("utf-8"))
    inner = told
    for name in where[:-1]:
        inner = inner[name]
    inner[where[-1]] = value
    path.write_text(json.dumps(told), "utf-8")
    assert read_calibration(tmp_path) is None


def test_a_folder_that_takes_nothing_is_an_error_of_ours(tmp_path: Path) -> None:
    """The message says that it cannot be kept."""
    (tmp_path / "state").write_text("a file")
    with pytest.raises(CalibrationError, match="cannot be kept"):
        write_calibration(tmp_path / "state", kept())


def test_the_engines_own_rates_are_found_by_model(tmp_path: Path) -> None:
    """Of several hosts of one model the latest counts; files of others and damage are passed by."""
    for number, (sha256, step_ms) in enumerate([("aa", 50.0), ("aa", 40.0), ("bb", 10.0)]):
        path = tmp_path / f"rates-{number}.json"
        write_rates(path, Rates(prefill_tok_s=100, step_ms={1: step_ms}), model_sha256=sha256)
        os.utime(path, (number, number))
    (tmp_path / "rates-x.json").write_text("{")
    found = measured_rates(tmp_path, model_sha256="aa")
    assert found is not None
    assert (found.decode_tok_s, found.prefill_tok_s) == (25.0, 100)
    assert found.source is RateSource.MEASURED
    assert measured_rates(tmp_path, model_sha256="cc") is None
    assert measured_rates(tmp_path, model_sha256="") is None


def test_a_measurer_that_fails_is_told_with_its_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its last words are in the message."""
    monkeypatch.setattr(module, "MEASURER", "ducktypist.no_such_module")
    with pytest.raises(CalibrationError, match=r"status 1: .*no_such_module"):
        calibrate()


@pytest.mark.model
def test_a_real_calibration_covers_a_real_model(
    model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every tensor type of the file is measured, and the rates are those of a computer."""
    monkeypatch.setattr(module, "MIN_UTILISATION", 0.0)
    found = calibrate()
    shape = read_shape(model)
    told = predict(shape, found, n_ctx_used_tokens=128)
    assert told.unmeasured == ()
    assert {one.kind for one in shape.weights} <= found.cpu.read_bytes_s.keys()
    assert 0.01 < told.decode_tok_s < 10_000
    assert 0.1 < told.prefill_tok_s < 100_000
    fuller = predict(shape, found, n_ctx_used_tokens=3000)
    assert fuller.decode_tok_s < told.decode_tok_s
