"""What this machine's llama.cpp was measured to do: the measuring started, kept, read again.

One file, ``calibration.json`` in the folder of the state, replaced by each calibration. Reading
never fails: a file that is missing, damaged, or another processor's, counts as none. How rates
follow from it is :mod:`ducktypist.fit.speed`; the measuring is another process's
(``ducktypist.engine.llama_kernels``, started by name, so that nothing here loads llama.cpp).

What the engine measured with a model itself lies beside it, in ``rates-KEY.json``.
"""

from __future__ import annotations

import datetime as dt
import json
import math
import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any, Final, TypeGuard

from ducktypist.errors import DownloadError, ModelError
from ducktypist.fit.speed import Calibration, DeviceSpeed, PredictedRates, RateSource
from ducktypist.models.transfer import write_atomically

FILE_NAME: Final = "calibration.json"
VERSION: Final = 1
MEASURER: Final = "ducktypist.engine.llama_kernels"
TIMEOUT_S: Final = 300.0
MAX_FILE_BYTES: Final = 65_536
MIN_UTILISATION: Final = 0.6
"""How much of the cores' time the measuring must have had; with less, others had the rest."""
MAX_TOLD: Final = 400
RATES_FILES: Final = "rates-*.json"


class CalibrationError(ModelError):
    """This machine could not be measured."""


def calibrate(*, n_threads: int = 0, gpu: str = "") -> Calibration:
    """Measure this machine; takes about a minute of all cores, longer beside other work.

    Args:
        n_threads: With how many threads; 0: as many as the engine takes.
        gpu: The name of the graphics card that llama.cpp uses, measured as well; empty: none.

    Raises:
        CalibrationError: It could not be measured.
    """
    cpu = _measured_by_child("cpu", n_threads)
    _require_idle(cpu.get("utilisation"))
    card = _measured_by_child(gpu, n_threads) if gpu else None
    found = _calibration(
        {
            "version": VERSION,
            "cpu": cpu,
            "gpu": card,
            "n_threads": cpu.get("n_threads"),
            "processor": processor_name(),
            "build": cpu.get("build"),
            "measured_at_utc": dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
        }
    )
    if found is None:
        raise CalibrationError(
            f"what {MEASURER} measured makes no sense, positive rates of each tensor type were "
            "expected; measure again when the machine is idle"
        )
    return found


def calibration_path(state_dir: Path) -> Path:
    """Return where the calibration is kept."""
    return state_dir / FILE_NAME


def read_calibration(state_dir: Path) -> Calibration | None:
    """Return what was measured on this machine; None when nothing was that can be used."""
    found = _calibration(_json(calibration_path(state_dir)))
    return found if found is not None and found.processor == processor_name() else None


def write_calibration(state_dir: Path, calibration: Calibration) -> None:
    """Keep what was measured, in place of what was kept.

    Raises:
        CalibrationError: The disk does not take it.
    """
    told = {"version": VERSION, **asdict(calibration)}
    try:
        write_atomically(calibration_path(state_dir), json.dumps(told, indent=1) + "\n")
    except DownloadError as error:
        raise CalibrationError(f"the calibration cannot be kept: {error}") from error


def measured_rates(state_dir: Path, *, model_sha256: str) -> PredictedRates | None:
    """Return what the engine measured with this very model, by its latest host; None if none did.

    Each of the engine's settings (context, threads, layers) has a file of its own; the one that was
    written last counts.
    """
    if not model_sha256:
        return None
    for path in sorted(state_dir.glob(RATES_FILES), key=_modified_s, reverse=True):
        told = _json(path)
        if isinstance(told, dict) and told.get("model_sha256") == model_sha256:
            decode, prefill = told.get("decode_tok_s"), told.get("prefill_tok_s")
            if _is_rate(decode) and _is_rate(prefill):
                return PredictedRates(
                    decode_tok_s=decode, prefill_tok_s=prefill, source=RateSource.MEASURED
                )
    return None


def processor_name() -> str:
    """Return what the processor calls itself."""
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8", "replace").splitlines()
    except OSError:
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def _require_idle(utilisation: object) -> None:
    share = float(utilisation) if isinstance(utilisation, int | float) else 0.0
    if share < MIN_UTILISATION:
        raise CalibrationError(
            f"the machine is too busy to be measured: the measuring had {share:.0%} of the cores' "
            f"time, at least {MIN_UTILISATION:.0%} was expected; try again when it is idle"
        )


def _measured_by_child(device: str, n_threads: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="ducktypist-") as folder:
        try:
            done = subprocess.run(  # noqa: S603 - our own interpreter and module
                [
                    *(sys.executable, "-m", MEASURER, f"--folder={folder}"),
                    *(f"--n-threads={n_threads}", f"--device={device}"),
                ],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                check=False,
                timeout=TIMEOUT_S,
                env=dict(os.environ),
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise CalibrationError(
                f"{device} could not be measured: {error}; try again when the machine is idle"
            ) from error
    try:
        told = json.loads(done.stdout)
    except ValueError:
        told = None
    if done.returncode or not isinstance(told, dict):
        said = done.stderr.decode("utf-8", "replace").strip()[-MAX_TOLD:] or "it said nothing"
        raise CalibrationError(
            f"{device} could not be measured, {MEASURER} ended with status {done.returncode}: "
            f"{said}"
        )
    return told


def _calibration(told: object) -> Calibration | None:
    """Return the calibration in a JSON value, None when it is none."""
    if not isinstance(told, Mapping) or told.get("version") != VERSION:
        return None
    cpu, gpu = _device(told.get("cpu")), _device(told.get("gpu"))
    n_threads = told.get("n_threads")
    texts = [told.get(name) for name in ("processor", "build", "measured_at_utc")]
    is_whole = isinstance(n_threads, int) and all(isinstance(text, str) for text in texts)
    if cpu is None or not is_whole or (gpu is None and told.get("gpu") is not None):
        return None
    return Calibration(
        cpu=cpu,
        gpu=gpu,
        n_threads=int(told["n_threads"]),
        processor=told["processor"],
        build=told["build"],
        measured_at_utc=told["measured_at_utc"],
    )


def _device(told: object) -> DeviceSpeed | None:
    if not isinstance(told, Mapping) or not isinstance(told.get("device"), str):
        return None
    found: dict[str, Any] = {"device": told["device"]}
    for name in [field.name for field in fields(DeviceSpeed)][1:]:
        figure = told.get(name)
        if isinstance(figure, Mapping):
            if not figure or not all(_is_rate(rate) for rate in figure.values()):
                return None
            found[name] = {str(kind): float(rate) for kind, rate in figure.items()}
        elif _is_rate(figure):
            found[name] = float(figure)
        elif figure == 0 and not name.endswith("_s"):
            found[name] = 0.0
        else:
            return None
    maps = ("read_bytes_s", "attention_macs_s", "prefill_macs_s")
    are_maps = all(isinstance(found[name], dict) == (name in maps) for name in list(found)[1:])
    return DeviceSpeed(**found) if are_maps else None


def _is_rate(figure: object) -> TypeGuard[float]:
    if isinstance(figure, bool) or not isinstance(figure, int | float):
        return False
    return math.isfinite(figure) and figure > 0


def _json(path: Path) -> object:
    try:
        with path.open("rb") as file:
            return json.loads(file.read(MAX_FILE_BYTES))
    except (OSError, ValueError, RecursionError):
        return None


def _modified_s(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0
