"""Which code lenses stand above a document's functions and tests. Asks no model and runs nothing.

Their commands are the code actions' own, so a click does what the action does.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lsprotocol import types

from ducktypist.config import LensConfig
from ducktypist.domain import FailingTest
from ducktypist.lsp.convert import Mapper, supports_lens_refresh
from ducktypist.lsp.diagnostics import name_of
from ducktypist.lsp.offers import APPLY, body_of, derace_of, fix_of
from ducktypist.lsp.window import View
from ducktypist.syntax.declared import is_only_declared
from ducktypist.syntax.regions import FunctionRegion, functions, test_functions

if TYPE_CHECKING:
    from ducktypist.lsp.session import Session

STUBS = ".pyi"
"""Files whose functions have no bodies, ever."""


async def code_lenses(session: Session, view: View) -> list[types.CodeLens]:
    """Return a document's lenses, in the order of its text."""
    config, path = session.app.config.lens, view.document.path
    if not (config.bodies or config.tests):
        return []
    # In a thread, because parsing a large file takes longer than a keystroke may wait.
    places = await asyncio.to_thread(_places, view)
    red: Mapping[str, Sequence[FailingTest]] = {}
    if config.tests and path is not None:
        root = await asyncio.to_thread(session.app.root_of, path)
        red = _by_name(session.red.at(path, -1, list(places.tests))) if root is not None else {}
    found: list[tuple[int, types.CodeLens]] = []
    if config.bodies:
        found += [
            (function.signature.start, _of_body(view, function, action))
            for function, action in places.bodiless
        ]
    found += [
        (function.signature.start, lens)
        for suffix, function in places.tests.items()
        if suffix in red
        for lens in _of_test(view, function, red[suffix])
    ]
    return [lens for _, lens in sorted(found, key=lambda item: item[0])]


class LensNews:
    """Has the editor ask for its lenses again when there are others now, if it can."""

    def __init__(self, session: Session) -> None:
        """Begin with nothing red.

        Args:
            session: Whose editor to tell. Its settings are looked at later, when there are any.
        """
        self._session = session
        self._config: LensConfig | None = None
        self._red: frozenset[object] = frozenset()

    def tell(self) -> None:
        """Compare what is red, and the settings, with what they were at the last call."""
        session = self._session
        config = session.app.config.lens
        red = session.red.ids() if config.tests else frozenset()
        is_other = red != self._red or self._config not in {None, config}
        self._red, self._config = red, config
        if is_other and supports_lens_refresh(session.client):
            session.in_background(
                session.server.protocol.ask(types.WORKSPACE_CODE_LENS_REFRESH, None)
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Places:
    """Where lenses may stand in one text."""

    bodiless: tuple[tuple[FunctionRegion, types.CodeAction], ...]
    """With the action that writes the body."""
    tests: dict[str, FunctionRegion]
    """By their suffix; of several the last, as at run time."""


def _places(view: View) -> _Places:
    text, language, path = view.document.text, view.document.language, view.document.path
    is_stub = path is not None and path.suffix == STUBS
    # An action names its function; of several of one name it means the last.
    named = {function.qualified_name: function for function in functions(text, language)}
    return _Places(
        bodiless=tuple(
            (function, action)
            for function in named.values()
            if (action := body_of(view.document.uri, function)) is not None
            and not is_stub
            and not is_only_declared(text, language, function)
        ),
        tests={test.suffix: test.region for test in test_functions(text, language)},
    )


def _by_name(tests: Sequence[FailingTest]) -> dict[str, list[FailingTest]]:
    found: dict[str, list[FailingTest]] = {}
    for test in tests:
        found.setdefault(name_of(test.node_id), []).append(test)
    return found


def _of_body(view: View, function: FunctionRegion, action: types.CodeAction) -> types.CodeLens:
    at = _line_of(view.mapper, function)
    return _applying(f"Write the body of {function.name}", action, at)


def _of_test(
    view: View, function: FunctionRegion, red: Sequence[FailingTest]
) -> Iterator[types.CodeLens]:
    """Return the lenses of a test that is red, be it with one of its parameters or with several.

    The fix is that of the first: with it accepted, those that are still red have a lens again.
    """
    at = _line_of(view.mapper, function)
    first = red[0]
    file = first.node_id.partition("::")[0]
    node_id = f"{file}::{name_of(first.node_id)}"
    yield _lens(
        at,
        title="Run",
        tooltip=f"Ducktypist: run {name_of(first.node_id)}",
        command="ducktypist.runTests",
        argument={"uri": view.document.uri, "nodeid": node_id},
    )
    yield _applying("Fix", fix_of(first), at)
    races = (derace_of(test) for test in red if test.path.suffix == ".go")
    race = next((action for action in races if action is not None), None)
    if race is not None:
        yield _applying("Remove the data race", race, at)


def _applying(title: str, action: types.CodeAction, at: types.Range) -> types.CodeLens:
    return _lens(at, title=title, tooltip=action.title, command=APPLY, argument=action.data)


def _lens(
    at: types.Range,
    *,
    title: str,
    tooltip: str,
    command: str,
    argument: Any,  # noqa: ANN401 - JSON
) -> types.CodeLens:
    return types.CodeLens(
        range=at,
        command=types.Command(title=title, tooltip=tooltip, command=command, arguments=[argument]),
    )


def _line_of(mapper: Mapper, function: FunctionRegion) -> types.Range:
    """Return the first line of a signature: a lens may not span several."""
    start = mapper.to_position(function.signature.start)
    end = mapper.to_position(mapper.line_span(start.line).end)
    return types.Range(start=start, end=end)
