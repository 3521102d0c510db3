"""The check of the engine: can it be had, does it answer, and how did it end before."""

from __future__ import annotations

import contextlib
import datetime as dt
import re
import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import psutil

from ducktypist.doctor.check import Check, bad, doubtful, good
from ducktypist.doctor.subject import EngineSight, Subject
from ducktypist.doctor.threads import apart
from ducktypist.domain import Json

NAME = "engine"
RECENT_S = 24 * 3600.0
"""Deaths that are older are told and not warned of."""
_REFUSED = re.compile(r"Segmentation fault|Illegal instruction")
"""How a process ends that used an instruction it may not."""
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


async def engine(subject: Subject) -> Check:
    """Start the engine if need be, ask it for a token, and tell how its runs ended before."""
    sight = await subject.engine()
    if subject.is_remote:
        return _remote(subject, sight)
    details = _host_details(sight)
    details["since"] = await apart(lambda: _since(details["pid"]))
    log = f"; its log is {sight.after['log_file']}" if sight.after.get("log_file") else ""
    if sight.error:
        advice = f"correct that, then try `ducktypist host`{log}"
        if _REFUSED.search(sight.error):
            advice = (
                "llama.cpp may hold instructions that this machine refuses, or that its compiler "
                "got wrong (AMX by a GCC before 12.4 or 13.3): build it without them "
                f"(`CMAKE_ARGS=-DGGML_NATIVE=OFF`, or by `scripts/bootstrap.py`){log}"
            )
        return bad(NAME, sight.error, advice, **details)
    summary = _answers(sight, details)
    runs = _mapping(sight.after.get("runs"))
    retreat = _mapping(runs.get("retreat"))
    if retreat.get("level"):
        return doubtful(
            NAME,
            f"{summary}, with less than was asked for: {retreat.get('reason')}",
            "lower engine.n_ctx_tokens or engine.n_gpu_layers, or close what takes the memory",
            **details,
        )
    deaths = runs.get("deaths") or []
    recent = [each for each in deaths if time.time() - float(each["at_utc"]) < RECENT_S]
    if recent:
        last = recent[-1]
        return doubtful(
            NAME,
            f"{summary}; it went away {len(recent)} times within a day, last at {last['at']}: "
            f"it {last['detail']}",
            f"look for the cause if you did not end it yourself{log}",
            **details,
        )
    return good(NAME, summary, **details)


def _remote(subject: Subject, sight: EngineSight) -> Check:
    url = subject.settings.engine.url
    source = str(sight.after.get("api_key_from") or "none")
    details: dict[str, Json] = {
        "embedded": False,
        "url": url,
        "api_key_from": source,
        "backend": sight.after.get("backend"),
        "model": sight.after.get("model"),
        "n_ctx_tokens": sight.after.get("n_ctx_tokens"),
        "has_fim": sight.after.get("has_fim"),
    }
    key = "no key is sent" if source == "none" else f"the key comes from the {source}"
    if sight.error:
        advice = f"look whether it runs and whether engine.url is right; {key}"
        if source == "none":
            advice += ", so store one with `ducktypist key set URL` if it wants one"
        return bad(NAME, f"{url}: {sight.error}", advice, **details)
    summary = f"{url} answers as {details['backend']} with {details['model']}; {key}"
    parts = urlsplit(url)
    if source != "none" and parts.scheme == "http" and parts.hostname not in LOOPBACK:
        advice = "use https: anybody on the way can read the key"
        return doubtful(NAME, summary, advice, **details)
    return good(NAME, summary, **details)


def _host_details(sight: EngineSight) -> dict[str, Json]:
    after = sight.after
    details: dict[str, Json] = {"embedded": True, "was_running": sight.was_running}
    wanted = ("state", "model", "quantisation", "n_ctx_tokens", "n_threads", "n_gpu_layers", "pid")
    details |= {name: after.get(name) for name in (*wanted, "address", "log_file", "left_alone_s")}
    details["runs"] = dict(_mapping(after.get("runs")))
    details["first_token_ms"] = round(sight.first_token_ms, 1)
    return details


def _answers(sight: EngineSight, details: Mapping[str, Json]) -> str:
    how = "it ran already" if sight.was_running else "it was started for this and stays"
    since = details["since"]
    return (
        f"the host answers: process {details['pid']}"
        + (f" since {since}" if since else "")
        + f" ({how}), {details['model']} {details['quantisation']}, a token after "
        f"{sight.first_token_ms:.0f} ms"
    )


def _since(pid: object) -> str | None:
    if not isinstance(pid, int):
        return None
    # Between the answer and this question it may have left.
    with contextlib.suppress(psutil.Error):
        began = dt.datetime.fromtimestamp(psutil.Process(pid).create_time(), tz=dt.UTC)
        return began.isoformat(timespec="seconds").replace("+00:00", "Z")
    return None


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
