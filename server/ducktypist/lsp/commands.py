"""``workspace/executeCommand``: arguments checked, the right thing called, JSON back."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any

from pygls.exceptions import JsonRpcInvalidParams

from ducktypist.app.catalogued import models_table
from ducktypist.errors import DucktypistError, UntrustedError
from ducktypist.features.red import counts
from ducktypist.ledger.report_rows import markdown_table
from ducktypist.lsp.code_actions import apply
from ducktypist.lsp.completion_switch import infill_words
from ducktypist.lsp.convert import uri_to_path
from ducktypist.lsp.explained import explain_command
from ducktypist.lsp.known_tests import known_tests, told_of_tests
from ducktypist.lsp.progress import progress
from ducktypist.lsp.recent import recent
from ducktypist.lsp.reporting import write_report

if TYPE_CHECKING:
    from ducktypist.lsp.session import Session


HEAVY = frozenset(
    {
        *("ducktypist.explain", "ducktypist.regenerate"),
        *("ducktypist.runTests", "ducktypist.applyAction"),
    }
)
"""What goes before anything that is explained ahead."""


async def run_command(session: Session, name: str, arguments: list[Any]) -> Any:  # noqa: ANN401 - JSON
    """Run one of our commands.

    Raises:
        DucktypistError: It could not be done; the message says why.
        JsonRpcInvalidParams: The arguments are not what the command takes.
    """
    known: dict[str, Callable[[], Awaitable[Any]]] = {
        "ducktypist.accepted": lambda: _accepted(session, arguments),
        "ducktypist.dismissed": lambda: _dismissed(session, _suggestion_id(name, arguments)),
        "ducktypist.toggleCompletion": lambda: _toggle_completion(session, arguments),
        "ducktypist.runTests": lambda: _run_tests(session, _object(name, arguments, optional=True)),
        "ducktypist.tests": lambda: _tests(session, _object(name, arguments)),
        "ducktypist.explain": lambda: explain_command(
            session, name, _object(name, arguments), fresh=False
        ),
        "ducktypist.regenerate": lambda: explain_command(
            session, name, _object(name, arguments), fresh=True
        ),
        "ducktypist.status": lambda: _status(session),
        "ducktypist.stats": session.app.stats,
        "ducktypist.report": lambda: _report(session, _object(name, arguments, optional=True)),
        "ducktypist.recent": lambda: recent(session, _object(name, arguments, optional=True)),
        "ducktypist.models": lambda: asyncio.to_thread(models_table, session.app.config),
        "ducktypist.pullModel": session.model.pull,
        "ducktypist.applyAction": lambda: apply(session, _object(name, arguments)),
    }
    if name in HEAVY:
        session.explaining.prefetching.give_way()
    if name not in known:
        raise DucktypistError(f"there is no command {name}")
    return await known[name]()


async def _accepted(session: Session, arguments: list[Any]) -> None:
    """Take ``[suggestion_id]``, or ``[suggestion_id, {accepted_length}]`` for a part of it."""
    name = "ducktypist.accepted"
    suggestion_id = _suggestion_id(name, arguments)
    part = arguments[1] if len(arguments) > 1 else None
    if part is None:
        session.record_accepted(suggestion_id)
        return
    length = part.get("accepted_length") if isinstance(part, Mapping) else None
    if not isinstance(length, int) or isinstance(length, bool) or length < 1:
        raise _bad(name, "`accepted_length` is a number of UTF-16 code units, 1 or more")
    session.record_accepted(suggestion_id, accepted_length=length)


async def _dismissed(session: Session, suggestion_id: str) -> None:
    session.acceptances.dismissed(suggestion_id)
    session.ghost.dismissed(suggestion_id)


async def _toggle_completion(session: Session, arguments: list[Any]) -> Mapping[str, object]:
    """Turn what is suggested while typing off or on, for this window; return how it stands."""
    name, switch = "ducktypist.toggleCompletion", session.completion_switch
    wanted = arguments[0] if arguments else None
    if wanted is None:
        switch.toggle()
    elif isinstance(wanted, bool):
        switch.turn(on=wanted)
    else:
        language = wanted.get("language") if isinstance(wanted, Mapping) else None
        if not isinstance(language, str) or not language:
            raise _bad(name, "it takes [], [true], [false] or [{language, enabled}]")
        enabled = wanted.get("enabled", not switch.is_enabled_in(language))
        if not isinstance(enabled, bool):
            raise _bad(name, "`enabled` is true or false")
        switch.turn_language(language, on=enabled)
    return switch.as_json()


async def _status(session: Session) -> Mapping[str, object]:
    """Return how things stand, what is suggested while typing included."""
    status = await session.app.status()
    engine = status["engine"]
    infill = infill_words(engine) if isinstance(engine, Mapping) else None
    return {**status, "completion": {**session.completion_switch.as_json(), "infill": infill}}


async def _run_tests(session: Session, wanted: Mapping[str, Any]) -> Mapping[str, object]:
    uri, node_id = wanted.get("uri"), wanted.get("nodeid")
    path = uri_to_path(uri) if isinstance(uri, str) else None
    if uri is not None and path is None:
        raise _bad("ducktypist.runTests", "`uri` must be a file: URI")
    if path is not None:
        root = session.app.root_of(path if path.is_dir() else path.parent / path.name)
    else:
        root = next(iter(session.app.roots), None)
    if root is None:
        raise DucktypistError("there is no workspace folder whose tests could be run; open one")
    if not session.app.is_trusted(root):
        raise UntrustedError(
            f"{root} is not trusted, so its tests are not run; trust it in the editor or with "
            f"`ducktypist trust {root}`"
        )
    targets: list[str] = []
    if isinstance(node_id, str) and node_id:
        targets = [node_id]
    elif path is not None and path.resolve() != root:
        targets = [path.resolve().relative_to(root).as_posix()]
    async with progress(session.server, session.client, "Ducktypist: running tests"):
        run = await session.desk.run(targets, root, race=wanted.get("race") is True)
    return {
        **counts(run.report),
        "tests": told_of_tests(session, run, root),
        **({"problems": list(run.problems)} if run.problems else {}),
    }


async def _tests(session: Session, wanted: Mapping[str, Any]) -> Mapping[str, object]:
    uri = wanted.get("uri")
    if not isinstance(uri, str) or not uri:
        raise _bad("ducktypist.tests", "it takes [{uri}]")
    return await known_tests(session, uri)


async def _report(session: Session, wanted: Mapping[str, Any]) -> Mapping[str, Any]:
    """Write the report as a file and return its path, beside the ledger's table."""
    table = await session.app.stats()
    async with progress(session.server, session.client, "Ducktypist: writing the report"):
        place = await write_report(session.app.ledger, wanted)
    return {
        "path": str(place),
        "uri": place.as_uri(),
        "markdown": markdown_table(table),
        "stats": table,
    }


def _suggestion_id(name: str, arguments: list[Any]) -> str:
    if not arguments or not isinstance(arguments[0], str) or not arguments[0]:
        raise _bad(name, "it takes [suggestion_id]")
    return arguments[0]


def _object(name: str, arguments: list[Any], *, optional: bool = False) -> Mapping[str, Any]:
    if not arguments and optional:
        return {}
    if not arguments or not isinstance(arguments[0], Mapping):
        raise _bad(name, "it takes one object")
    return arguments[0]


def _bad(name: str, why: str) -> JsonRpcInvalidParams:
    return JsonRpcInvalidParams(f"{name}: {why}")
