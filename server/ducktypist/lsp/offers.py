"""Which code actions are offered at a place. Asks no model and runs nothing.

Nothing is kept between offer and resolve: an action's ``data`` says all that is needed. A client
that cannot resolve gets a command that ends in ``workspace/applyEdit``.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from lsprotocol import types

from ducktypist.domain import FailingTest
from ducktypist.lsp.convert import range_as_json, supports_action_data, supports_resolve_edit
from ducktypist.lsp.diagnostics import SOURCE
from ducktypist.lsp.window import View
from ducktypist.syntax.regions import FunctionRegion, function_at, test_functions
from ducktypist.verify.race_reports import WARNING as RACE

if TYPE_CHECKING:
    from ducktypist.lsp.session import Session

MAX_FIXES_OFFERED = 5
EXPLAIN = "Ducktypist: explain this"
APPLY = "ducktypist.applyAction"
"""The command that carries an action out; it takes the action's ``data``."""


async def code_actions(
    session: Session, view: View, params: types.CodeActionParams
) -> list[types.CodeAction]:
    """Offer what can be done at a place."""
    only = params.context.only
    session.explaining.prefetching.looked(view, view.mapper.to_offset(params.range.start))
    # In a thread, because parsing a large file takes longer than a keystroke may wait.
    place = await asyncio.to_thread(_place, view, params.range.start)
    red = _red_tests_at(session, view, place)
    actions = [
        *_fixes(red, params),
        *_races(red, view, params),
        *_body(view, place),
        *_explain(view, params),
    ]
    wanted = [
        action
        for action in actions
        if only is None or any(_is_kind(action.kind, kind) for kind in only)
    ]
    can_resolve = supports_resolve_edit(session.client) and supports_action_data(session.client)
    return [_offered(action, can_resolve=can_resolve) for action in wanted]


def fix_of(test: FailingTest) -> types.CodeAction:
    """Return the action that fixes a red test."""
    name = test.node_id.partition("::")[2] or test.node_id
    return types.CodeAction(
        title=f"Ducktypist: fix failing test `{name}`",
        kind=types.CodeActionKind.QuickFix,
        data=_about(test, "fix"),
    )


def derace_of(test: FailingTest) -> types.CodeAction | None:
    """Return the action that removes a data race, None when the test reports none."""
    if RACE not in test.message:
        return None
    return types.CodeAction(
        title="Ducktypist: remove the data race",
        kind=types.CodeActionKind.RefactorRewrite,
        data=_about(test, "derace"),
    )


def body_of(uri: str, function: FunctionRegion) -> types.CodeAction | None:
    """Return the action that writes a body, None unless a documented function has none."""
    if not function.is_empty or function.docstring is None:
        return None
    return types.CodeAction(
        title=f"Ducktypist: write the body of `{function.name}`",
        kind=types.CodeActionKind.RefactorRewrite,
        data={"action": "body", "uri": uri, "function": function.qualified_name},
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    """What stands at a place of a text."""

    line: int
    """0-based."""
    tests: tuple[str, ...]
    """Suffixes of the tests whose text it lies in."""
    function: FunctionRegion | None


def _place(view: View, at: types.Position) -> _Place:
    text, language = view.document.text, view.document.language
    offset = view.mapper.to_offset(at)
    return _Place(
        line=view.mapper.line_at(offset),
        tests=tuple(
            test.suffix
            for test in test_functions(text, language)
            if test.region.span.covers(offset)
        ),
        function=function_at(text, language, offset),
    )


def _red_tests_at(session: Session, view: View, place: _Place) -> list[FailingTest]:
    """Return the red tests that a place belongs to, or that went through its function."""
    path = view.document.path
    if path is None or session.app.root_of(path) is None:
        return []
    tests = session.red.at(path, place.line, place.tests)
    if place.function is not None and not place.tests:
        span = place.function.span
        lines = [view.mapper.line_at(end) + 1 for end in (span.start, span.end)]
        tests += session.red.through(path, *lines)
    return list({(test.root, test.node_id): test for test in tests}.values())


def _fixes(
    tests: Sequence[FailingTest], params: types.CodeActionParams
) -> Iterator[types.CodeAction]:
    for test in tests[:MAX_FIXES_OFFERED]:
        action = fix_of(test)
        action.diagnostics = _diagnostics_of(test, params)
        yield action


def _races(
    tests: Sequence[FailingTest], view: View, params: types.CodeActionParams
) -> Iterator[types.CodeAction]:
    for test in tests if _is_go(view.document.path) else ():
        action = derace_of(test)
        if action is not None:
            action.diagnostics = _diagnostics_of(test, params)
            yield action
            return


def _about(test: FailingTest, action: str) -> dict[str, object]:
    return {
        "action": action,
        "root": str(test.root),
        "nodeid": test.node_id,
        "line": test.line,
    }


def _diagnostics_of(
    test: FailingTest, params: types.CodeActionParams
) -> list[types.Diagnostic] | None:
    found = [
        item
        for item in params.context.diagnostics
        if item.source in {SOURCE, None} and item.code == test.node_id
    ]
    return found or None


def _is_go(path: Path | None) -> bool:
    return path is not None and path.suffix == ".go"


def _body(view: View, place: _Place) -> Iterator[types.CodeAction]:
    function = place.function
    action = body_of(view.document.uri, function) if function is not None else None
    if action is not None:
        yield action


def _explain(view: View, params: types.CodeActionParams) -> Iterator[types.CodeAction]:
    chosen = range_as_json(params.range)
    is_empty = chosen["start"] == chosen["end"]
    place = {"position": chosen["start"], **({} if is_empty else {"range": chosen})}
    yield types.CodeAction(
        title=EXPLAIN,
        kind=types.CodeActionKind.Source,
        command=types.Command(
            title=EXPLAIN,
            command="ducktypist.explain",
            # A client with a panel of its own runs the command without ``show``.
            arguments=[{"uri": view.document.uri, **place, "show": True}],
        ),
    )


def _offered(action: types.CodeAction, *, can_resolve: bool) -> types.CodeAction:
    if action.data is None or can_resolve:
        return action
    action.command = types.Command(title=action.title, command=APPLY, arguments=[action.data])
    action.data = None
    return action


def _is_kind(kind: types.CodeActionKind | str | None, wanted: types.CodeActionKind | str) -> bool:
    """Tell whether a kind is the wanted one or below it: kinds are hierarchical."""
    own, asked = _word(kind), _word(wanted)
    return not asked or own == asked or own.startswith(asked + ".")


def _word(kind: types.CodeActionKind | str | None) -> str:
    return "" if kind is None else str(getattr(kind, "value", kind))
