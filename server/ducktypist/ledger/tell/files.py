"""The calibrator on the disk: one JSON file that only its owner can read, replaced as a whole."""

from __future__ import annotations

import contextlib
import json
import math
import os
import tempfile
from pathlib import Path
from typing import Any

from ducktypist.domain import Kind
from ducktypist.errors import LedgerError
from ducktypist.ledger.tell.calibrator import SCHEMA, Calibrator
from ducktypist.ledger.tell.cases import Stratum, When
from ducktypist.ledger.tell.learned import N_LIKE_BINS, Linear, Proof, Tell
from ducktypist.ledger.tell.maps import BetaMap, IsotonicMap, Map
from ducktypist.ledger.tell.prior import Tally


def calibrator_file(ledger: Path) -> Path:
    """Return where what a ledger teaches is kept: beside it, because it is about no other one."""
    return ledger.with_name(f"{ledger.name}.calibrator.json")


def text_of(calibrator: Calibrator) -> str:
    """Return the file's text; the same calibrator gives the same bytes."""
    content = {"version": calibrator.version} | calibrator.content()
    return json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def write_calibrator(path: Path, calibrator: Calibrator) -> None:
    """Replace the file, so that who reads it sees the old one or the new one.

    Raises:
        LedgerError: The place cannot be written.
    """
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        # Made readable by its owner alone.
        descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                file.write(text_of(calibrator))
            Path(name).replace(path)
        except BaseException:
            with contextlib.suppress(OSError):
                Path(name).unlink()
            raise
    except OSError as error:
        reason = error.strerror or error
        message = f"{path} cannot be written: {reason}; make its folder writable"
        raise LedgerError(message) from error


def read_calibrator(path: Path) -> Calibrator:
    """Return what the file holds.

    Raises:
        LedgerError: There is no such file, or it is not a calibrator of this version.
    """
    try:
        content = json.loads(path.read_text("utf-8"))
        if content["schema"] != SCHEMA:
            raise LedgerError(
                f"{path} has schema {content['schema']!r:.20}, this version of Ducktypist knows "
                f"{SCHEMA}; make it anew with `ducktypist calibrate`"
            )
        return _calibrator(content)
    except OSError as error:
        raise LedgerError(f"{path} cannot be read: {error.strerror or error}") from error
    except (UnicodeDecodeError, ValueError, KeyError, TypeError, IndexError) as error:
        raise LedgerError(
            f"{path} is not a calibrator: {error}; make it anew with `ducktypist calibrate`"
        ) from error


def _calibrator(content: dict[str, Any]) -> Calibrator:
    tally = Tally()
    for stratum, kind, model, language, n, right, n_own in content["counts"]:
        key = (Stratum(stratum).value, Kind(kind).value, str(model), str(language))
        tally.add_counts(key, n=float(n), right=float(right), n_own=int(n_own))
    return Calibrator(
        tally=tally,
        tells=tuple(_tell(item) for item in content["tells"]),
        n_known={str(kind): int(n) for kind, n in content["n_known"].items()},
        as_of_utc=str(content["as_of_utc"]),
        seeds=str(content["seeds"]),
    )


def _tell(item: dict[str, Any]) -> Tell:
    like = tuple(int(n) for n in item["like"])
    if len(like) != N_LIKE_BINS:
        message = f"expected {N_LIKE_BINS} bins, got {len(like)}"
        raise ValueError(message)
    return Tell(
        kind=Kind(item["kind"]),
        when=When(item["when"]),
        linear=_linear(item["linear"]),
        calibration=_map(item["calibration"]),
        like=like,
        proof=_proof(item["proof"]),
    )


def _linear(item: dict[str, Any] | None) -> Linear | None:
    if item is None:
        return None
    means, scales, weights = (
        tuple(float(value) for value in item[name]) for name in ("means", "scales", "weights")
    )
    if not len(means) == len(scales) == len(weights):
        message = "means, scales and weights differ in length"
        raise ValueError(message)
    return Linear(
        intercept=float(item["intercept"]),
        means=means,
        scales=scales,
        weights=weights,
        ridge=float(item["ridge"]),
        n=int(item["n"]),
    )


def _map(item: dict[str, Any] | None) -> Map | None:
    if item is None:
        return None
    if "beta" in item:
        return BetaMap(**{name: float(item["beta"][name]) for name in ("a", "b", "c")})
    xs, ys = (tuple(float(value) for value in item["isotonic"][name]) for name in ("xs", "ys"))
    if not xs or len(xs) != len(ys):
        message = "a map needs as many heights as knots"
        raise ValueError(message)
    return IsotonicMap(xs=xs, ys=ys)


def _proof(item: dict[str, Any] | None) -> Proof | None:
    if item is None:
        return None
    figures = {name: math.nan if value is None else float(value) for name, value in item.items()}
    counts = {name: int(figures.pop(name)) for name in ("n", "n_right")}
    return Proof(n=counts["n"], n_right=counts["n_right"], **figures)
