"""The check of the folders that Ducktypist writes to: can they be written, and is there room."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

from ducktypist import config
from ducktypist.doctor.check import Check, bad, doubtful, good
from ducktypist.doctor.sizes import size
from ducktypist.doctor.subject import Subject
from ducktypist.domain import Json

NAME = "folders"
LITTLE_BYTES = 1024**3
"""Less than this, and the next model does not fit, nor a workspace that has to be copied."""
TOO_LITTLE_BYTES = 64 * 1024**2


def folders(_subject: Subject) -> Check:
    """Write to each folder without leaving anything there, and look how much room there is."""
    places = {
        "data": config.data_dir(),
        "state": config.state_dir(),
        "cache": config.cache_dir(),
        "runtime": config.runtime_dir(),
    }
    details: dict[str, Json] = {}
    broken: list[str] = []
    free: dict[str, int] = {}
    for name, place in places.items():
        problem = why_not_writable(place)
        free_bytes = _free_bytes(place)
        details[name] = {"path": str(place), "problem": problem, "free_bytes": free_bytes}
        if problem:
            broken.append(problem)
        if free_bytes is not None:
            free[str(place)] = free_bytes
    if broken:
        advice = (
            "make them writable, or name others with DUCKTYPIST_DATA_DIR, …_STATE_DIR and so on"
        )
        return bad(NAME, "; ".join(broken), advice, **details)
    fullest = min(free, key=lambda place: free[place], default="")
    if not fullest:
        return good(NAME, "all can be written; how much room there is, is not known", **details)
    summary = f"all can be written; {size(free[fullest])} free at {fullest}"
    if free[fullest] < TOO_LITTLE_BYTES:
        return bad(NAME, summary, "make room: almost nothing can be written any more", **details)
    if free[fullest] < LITTLE_BYTES:
        return doubtful(NAME, summary, "make room: a model does not fit any more", **details)
    return good(NAME, summary, **details)


def why_not_writable(place: Path) -> str:
    """Return why nothing can be written in a folder of ours, empty when it can be.

    A folder that is not there yet is judged by the one in which it would be made.
    """
    if not place.exists():
        above = _nearest(place)
        if not above.is_dir():
            return f"{place} cannot be made: {above} is not a folder"
        # Not ours, so nothing is written there, not even for a moment.
        is_open = os.access(above, os.W_OK | os.X_OK)
        return "" if is_open else f"{place} cannot be made: {above} cannot be written"
    if not place.is_dir():
        return f"{place} is not a folder"
    try:
        # On Linux it never has a name, so nobody sees it.
        with tempfile.TemporaryFile(dir=place) as file:
            file.write(b"x")
            file.flush()
    except OSError as error:
        return f"{place} cannot be written: {error.strerror or error}"
    return ""


def _nearest(place: Path) -> Path:
    return next(folder for folder in (place, *place.parents) if folder.exists())


def _free_bytes(place: Path) -> int | None:
    try:
        return shutil.disk_usage(_nearest(place)).free
    except OSError:
        return None
