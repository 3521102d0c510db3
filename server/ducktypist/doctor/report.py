"""The examination as text: for a terminal, and for a public issue without what is private."""

from __future__ import annotations

import contextlib
import getpass
import json
import os
import platform
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from urllib.parse import urlsplit

from ducktypist import trust
from ducktypist.doctor.check import Check, Status, worst
from ducktypist.doctor.redaction import Private, redacted
from ducktypist.doctor.subject import Subject
from ducktypist.models.catalog import load_catalogue

WORDS = {Status.OK: "ok", Status.WARN: "warn", Status.FAIL: "FAIL"}
MIN_SECRET_CHARS = 8
"""A shorter value of a variable is no key, and would take ordinary words out of the text."""
_SECRET_NAME = re.compile(r"KEY|TOKEN|SECRET|PASSW|CREDENTIAL|AUTH", re.IGNORECASE)
_NAME_CHARS = 18


def lines(check: Check) -> Iterator[str]:
    """Yield one check's lines: how it stands, and what to do where there is something to do."""
    yield f"{WORDS[check.status]:5} {check.name:{_NAME_CHARS}} {check.summary}"
    if check.advice:
        yield f"{'':5} {'':{_NAME_CHARS}} → {check.advice}"


def verdict(checks: Sequence[Check]) -> str:
    """Return the last line: how many of which."""
    n_of = {status: sum(check.status is status for check in checks) for status in Status}
    said = ", ".join(f"{n_of[status]} {status}" for status in Status if n_of[status])
    end = {
        Status.OK: "all is well",
        Status.WARN: "it works",
        Status.FAIL: "something does not work",
    }
    return f"{said}: {end[worst(checks)]}"


def report(checks: Sequence[Check], private: Private) -> str:
    """Return the text for an issue: all lines with their details, nothing private."""
    found = ["Ducktypist doctor", ""]
    for check in checks:
        found += lines(check)
        found += [f"        {name}: {_shown(item)}" for name, item in check.details.items()]
    found += ["", verdict(checks)]
    return redacted("\n".join(found), private) + "\n"


def private_of(subject: Subject) -> Private:
    """Return what is private on this machine, as far as it can be known beforehand."""
    settings = subject.settings
    catalogued = frozenset(entry.name for entry in load_catalogue().entries)
    model = settings.model.name
    engine_host = ""
    with contextlib.suppress(ValueError):
        engine_host = urlsplit(settings.engine.url).hostname or ""
    node = platform.node()
    named = (
        settings.python.interpreter,
        settings.go.command,
        settings.ledger.path,
        settings.engine.backend.partition(":")[2],
        model if _is_path(model) else "",
        *(value for name, value in os.environ.items() if name in _PLACE_NAMES),
    )
    return Private(
        home=str(Path.home()),
        workspaces=[str(path) for path in (subject.folder, *trust.trusted_folders())],
        places=[str(Path(text).expanduser()) for text in named if _is_path(text)],
        user=_user(),
        hosts=[node, node.partition(".")[0], engine_host],
        models=[] if model in catalogued else [model, Path(model).stem],
        secrets=[
            value
            for name, value in os.environ.items()
            if _is_secret(name, value, named=settings.engine.api_key_env)
        ],
        catalogued=catalogued,
    )


_PLACE_NAMES = frozenset(
    {"VIRTUAL_ENV", "GOPATH", "GOMODCACHE", "XDG_RUNTIME_DIR", "TMPDIR"}
    | {f"DUCKTYPIST_{kind}_DIR" for kind in ("DATA", "STATE", "CACHE", "RUNTIME")}
)


def _is_path(text: str) -> bool:
    return "/" in text or "\\" in text


def _is_secret(name: str, value: str, *, named: str) -> bool:
    if name == named:
        return bool(value)
    return _SECRET_NAME.search(name) is not None and len(value) >= MIN_SECRET_CHARS


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        # No such user in the system's list, as in some containers.
        return ""


def _shown(item: object) -> str:
    return item if isinstance(item, str) else json.dumps(item, ensure_ascii=False)
