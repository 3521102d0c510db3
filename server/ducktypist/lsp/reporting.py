"""``ducktypist.report``: the report as a file, made by a process of its own.

Drawing takes a second or two of pure computing and a library that nothing else here needs; an
editor window must not feel either. This process says which ledger and which suggestions; what is on
the page is the business of ``ducktypist report``.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pygls.exceptions import JsonRpcInvalidParams

from ducktypist import config
from ducktypist.app.beside import run_beside
from ducktypist.domain import Kind
from ducktypist.errors import DucktypistError
from ducktypist.ledger.store import Ledger

TIMEOUT_S = 60.0


async def write_report(ledger: Ledger, wanted: Mapping[str, Any]) -> Path:
    """Write the report and return where it is; nothing is opened.

    Args:
        ledger: The ledger; what it could not write by now is counted as missing.
        wanted: Which suggestions: ``since_days``, ``kind`` and ``language``, each optional.

    Raises:
        DucktypistError: It could not be made; the message says why.
        JsonRpcInvalidParams: What is wanted makes no sense.
    """
    place = config.state_dir() / "report.html"
    options = [f"--out={place}", f"--ledger={ledger.path}", f"--unlogged={ledger.n_unnoted}"]
    try:
        await run_beside("report", *options, *_options(wanted), timeout_s=TIMEOUT_S)
    except TimeoutError as error:
        raise DucktypistError(
            f"the report took longer than {TIMEOUT_S:.0f} s; "
            "run `ducktypist report --since DAYS` in a terminal"
        ) from error
    return place


def _options(wanted: Mapping[str, Any]) -> list[str]:
    unknown = wanted.keys() - {"since_days", "kind", "language"}
    if unknown:
        raise _bad(f"it knows since_days, kind and language, got {', '.join(sorted(unknown))}")
    found = []
    days, kind, language = (wanted.get(name) for name in ("since_days", "kind", "language"))
    if days is not None:
        if not isinstance(days, int) or isinstance(days, bool) or days < 1:
            raise _bad("`since_days` is a number of days, 1 or more")
        found.append(f"--since={days}")
    if kind is not None:
        if kind not in set(Kind):
            raise _bad(f"`kind` is one of {', '.join(Kind)}")
        found.append(f"--kind={kind}")
    if language is not None:
        if not isinstance(language, str) or not language or "\0" in language:
            raise _bad("`language` is an LSP language id")
        found.append(f"--language={language}")
    return found


def _bad(why: str) -> JsonRpcInvalidParams:
    return JsonRpcInvalidParams(f"ducktypist.report: {why}")
