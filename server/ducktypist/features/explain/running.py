"""Runs the calls whose results a prose claims: literal calls of a pure Python function, sandboxed.

What runs and how is ``verify.behaviour``'s; here is only which calls may run at all, and how a
result is written for being compared with the prose. Anything else a run shows (output, changed
arguments, an object without a literal) gives no result, because the prose spoke of a value.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path

from ducktypist.errors import DucktypistError
from ducktypist.features.grounds import Grounds
from ducktypist.verify.behaviour import N_MAX_RECORDED, Comparison, Ended, Output, compare
from ducktypist.verify.behaviour_calls import Captured
from ducktypist.verify.behaviour_purity import find_function, impurity
from ducktypist.verify.calls import read_literal
from ducktypist.verify.written_calls import written_calls

BUDGET_S = 2.0
"""How long the calls may take together."""

_SIDE_EFFECTS = (", changes its arguments to ", ", prints ")


async def results_of(
    calls: Sequence[str], *, function: str, path: Path, text: str, grounds: Grounds
) -> Mapping[str, str]:
    """Return what calls of one function give, by the calls' own texts; those missing did not run.

    A value is its ``repr``, an exception ``raises ValueError: its message``.

    Args:
        calls: Calls such as ``f(1, 2)``; those of other functions, and with other arguments than
            literals, are passed over.
        function: The function's qualified name. Methods are not run: their objects are not known.
        path: The function's file.
        text: What stands in it, saved or not.
        grounds: What may be run for this workspace.
    """
    relative = await asyncio.to_thread(grounds.relative, path)
    if relative is None or relative.suffix != ".py" or "." in function:
        return {}
    # In a thread, because a whole file is parsed.
    captured, texts = await asyncio.to_thread(
        _written, calls, function=function, path=relative, text=text, root=grounds.root
    )
    if not captured.calls:
        return {}
    try:
        comparison = await compare(
            sandbox=grounds.sandbox,
            interpreter=grounds.interpreter,
            request=grounds.request((), changed={relative: text}),
            path=relative,
            function=function,
            texts=(),
            captured=captured,
            budget_s=BUDGET_S,
            n_near=0,
        )
    except DucktypistError:
        # What cannot be run stays unconfirmed, and the explanation is none the worse for it.
        return {}
    return _results(comparison, texts)


def _written(
    calls: Sequence[str], *, function: str, path: Path, text: str, root: Path
) -> tuple[Captured, Mapping[str, tuple[str, ...]]]:
    """Return the calls that may be run, and for each as it is run the texts that asked for it."""
    found = find_function(text, function)
    nothing = Captured(calls=(), module="", places=(), reason="nothing may be run")
    if found is None or impurity(found):
        return nothing, {}
    texts: dict[str, tuple[str, ...]] = {}
    sources: list[str] = []
    for call in dict.fromkeys(calls):
        one = written_calls([call], root=root, path=path, function=function)
        if len(one.calls) != 1 or len(sources) >= N_MAX_RECORDED:
            continue
        written = one.calls[0].text(function)
        if written not in texts:
            sources.append(call)
        texts[written] = (*texts.get(written, ()), call)
    return written_calls(sources, root=root, path=path, function=function), texts


def _results(comparison: Comparison, texts: Mapping[str, tuple[str, ...]]) -> Mapping[str, str]:
    if comparison.reason or not comparison.is_pure:
        return {}
    return {
        call: got
        for written, output in zip(comparison.inputs, comparison.original, strict=True)
        if (got := _got(output))
        for call in texts.get(written, ())
    }


def _got(output: Output) -> str:
    """Return a result for being compared; empty for one that is more or less than a value."""
    shown = output.shown
    if output.ended is Ended.RAISED:
        return "" if any(mark in shown for mark in _SIDE_EFFECTS) else shown
    if output.ended is not Ended.RETURNED:
        return ""
    if shown == "{}" and output.type_name in {"set", "frozenset"}:
        # Shown like the dictionary that it is not.
        return "set()" if output.type_name == "set" else "frozenset()"
    try:
        read_literal(shown)
    except ValueError:
        return ""
    return shown
