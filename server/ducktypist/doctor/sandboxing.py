"""Checks of what runs code: the sandbox, tried by breaking out of it, and the two toolchains."""

from __future__ import annotations

from collections.abc import Mapping

from ducktypist.doctor.check import Check, bad, doubtful, good
from ducktypist.doctor.subject import Subject
from ducktypist.domain import Json
from ducktypist.errors import RunnerError
from ducktypist.verify.go_toolchain import find_go
from ducktypist.verify.interpreter import find_interpreter
from ducktypist.verify.sandbox import (
    INSTALL_HINT,
    LEVEL_LANDLOCK,
    LEVEL_NESTED,
    LEVEL_NONE,
    LEVEL_OVERLAY,
)

SANDBOX, PYTEST, GO = "sandbox", "pytest", "go"
LOST: Mapping[int, str] = {
    LEVEL_OVERLAY: "nothing",
    LEVEL_NESTED: "a few milliseconds a run",
    LEVEL_LANDLOCK: "runs see other processes and no socket, cannot change modes and times of "
    "files, and the workspace is copied each time",
    LEVEL_NONE: "nothing is run, so no suggestion is verified",
}


async def sandbox(subject: Subject) -> Check:
    """Try to break out of each level, and tell which one held and what is lost there."""
    found = await subject.sandbox()
    tool = f"{found.tool} {found.version}".strip()
    lost = LOST[found.level]
    details: dict[str, Json] = {
        "level": found.level,
        "tool": found.tool,
        "version": found.version,
        "reason": found.reason,
        "lost": lost,
    }
    if found.level == LEVEL_NONE:
        return bad(SANDBOX, f"level 0: {lost} ({found.reason})", INSTALL_HINT, **details)
    summary = f"level {found.level} ({tool}) held against an attempt to break out; lost: {lost}"
    if found.level == LEVEL_LANDLOCK:
        why = f" ({found.reason})" if found.reason else ""
        return doubtful(SANDBOX, f"{summary}{why}", INSTALL_HINT, **details)
    return good(SANDBOX, summary, **details)


def pytest(subject: Subject) -> Check:
    """Look which Python would run the folder's tests, and whether it has pytest; runs neither."""
    configured = subject.settings.python.interpreter
    try:
        interpreter = find_interpreter(configured, subject.folder)
    except RunnerError as error:
        if configured:
            return bad(PYTEST, str(error), "correct python.interpreter", configured=configured)
        return doubtful(
            PYTEST,
            str(error),
            "install pytest there, or make a .venv with it in the folder; without Python tests "
            "there is nothing to do",
        )
    return good(PYTEST, f"found for {interpreter}", interpreter=str(interpreter))


def go(subject: Subject) -> Check:
    """Look for a Go toolchain; runs none."""
    configured = subject.settings.go.command
    has_module = (subject.folder / "go.mod").is_file()
    try:
        found = find_go(configured=configured, workspace=subject.folder)
    except RunnerError as error:
        if configured:
            return bad(GO, str(error), "correct go.command", configured=configured)
        if has_module:
            advice = "install Go 1.18 or later: the folder is a Go module"
            return doubtful(GO, str(error), advice, has_module=True)
        return good(GO, "no Go found, and the folder is no Go module", has_module=False)
    details: dict[str, Json] = {
        "go": str(found.go),
        "version": found.version,
        "compiler": str(found.compiler) if found.compiler else None,
        "has_module": has_module,
    }
    if has_module and found.compiler is None:
        return doubtful(
            GO,
            f"Go {found.version} without a C compiler, so data races cannot be looked for",
            "install gcc: `go test -race` needs it",
            **details,
        )
    return good(GO, f"Go {found.version}", **details)
