"""From result files to what the fair bench's report shows. Pure; no number is made here.

Files stand side by side only where they asked the same tasks, byte by byte.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from ducktypist.bench.fair.answers import Column
from ducktypist.bench.fair.controls import ECHO, HANG, ORACLE, holds
from ducktypist.bench.fair.figures import Cell, Part, Share, cells
from ducktypist.bench.fair.naming import Key, base_name, labels_of, quantisation_of
from ducktypist.bench.fair.pairing import lifts, questions
from ducktypist.bench.fair.results import Result
from ducktypist.report.fair.values import (
    Control,
    Curve,
    CurvePoint,
    Family,
    Figure,
    Group,
    Panel,
    Portion,
    Source,
)

MEANINGS: Final = {
    ORACLE: "the right answer is right",
    ECHO: "the question given back is not right",
    HANG: "an answer that never ends is stopped and leaves nothing behind",
}
HASHES: Final = ("tasks", "order", "questions", "system", "server_prompts")
COMPARED: Final = ("ducktypist", "machine", "plan", *(f"{name}_sha256" for name in HASHES[1:]))
"""What may differ between files that asked the same tasks, and is said where it does."""
_RATES: Final = ("prefill_tok_s", "decode_tok_s")


def groups_of(results: Sequence[Result]) -> tuple[Group, ...]:
    """Return what a report of result files shows, in the order in which they were named."""
    by_tasks: dict[str, list[Result]] = {}
    for result in results:
        by_tasks.setdefault(str(result.head.get("tasks_sha256")), []).append(result)
    return tuple(
        _group(number, sha256, found)
        for number, (sha256, found) in enumerate(by_tasks.items(), start=1)
    )


def _group(number: int, tasks_sha256: str, results: Sequence[Result]) -> Group:
    labels = labels_of(results)
    found: dict[Key, list[Cell]] = {}
    for at, result in enumerate(results):
        for cell in cells(result):
            found.setdefault((at, cell.model), []).append(cell)
    ordered = {key: found[key] for key in labels if key in found}
    return Group(
        number=number,
        tasks_sha256=tasks_sha256,
        n_models=len({key[1] for key in labels}),
        families=tuple(_family(name, results[0], ordered, labels) for name in results[0].families),
        curves=tuple(_curves(results, ordered)),
        lifts=lifts(results, labels),
        questions=questions(results, labels),
        sources=tuple(_source(at, result, labels) for at, result in enumerate(results)),
        differing=tuple(
            name.removesuffix("_sha256")
            for name in COMPARED
            if len({json.dumps(result.head.get(name), sort_keys=True) for result in results}) > 1
        ),
    )


def _family(
    name: str, result: Result, found: Mapping[Key, Sequence[Cell]], labels: Mapping[Key, str]
) -> Family:
    return Family(
        name=name,
        n_tasks=sum(task.family == name for task in result.tasks),
        figures=tuple(
            _figure(cell, labels[key])
            for key, counted in found.items()
            for cell in counted
            if cell.family == name
        ),
    )


def _figure(cell: Cell, label: str) -> Figure:
    return Figure(
        model=label,
        column=str(cell.column),
        family=cell.family,
        part=str(cell.part),
        right=_portion(cell.right),
        n_lucky=cell.n_lucky,
        n_wrong=cell.n_wrong,
        n_missing=cell.n_missing,
        identical=_portion(cell.identical),
        worded=_portion(cell.worded),
        lost=_portion(cell.lost),
        offered=_portion(cell.offered),
        right_of_offered=_portion(cell.right_of_offered),
        outcomes={str(one): n for one, n in cell.outcomes.items() if n},
        speed=str(cell.speed),
        ttft_p50_ms=cell.ttft_p50_ms,
        total_p50_ms=cell.total_p50_ms,
        decode_tok_s=cell.decode_tok_s,
    )


def _portion(share: Share) -> Portion:
    return Portion(k=share.k, n=share.n, low=share.low, high=share.high)


def _curves(results: Sequence[Result], found: Mapping[Key, Sequence[Cell]]) -> list[Curve]:
    """Return a curve for each model of which several files were asked, the smallest first."""
    told = {key: results[key[0]].models[key[1]] for key in found}
    sized = {key: model for key, model in told.items() if _n_bytes(model)}
    curves = []
    for base in dict.fromkeys(base_name(model) for model in sized.values()):
        keys = [key for key, model in sized.items() if base_name(model) == base]
        if len({_n_bytes(sized[key]) for key in keys}) > 1:
            panels = _panels([(sized[key], found[key]) for key in keys])
            curves.append(Curve(model=base, panels=panels))
    return curves


def _panels(models: Sequence[tuple[Mapping[str, Any], Sequence[Cell]]]) -> tuple[Panel, ...]:
    points: dict[tuple[str, Part], list[CurvePoint]] = {}
    for told, counted in models:
        for cell in counted:
            if cell.column is not Column.NAME:
                points.setdefault((cell.family, cell.part), []).append(
                    CurvePoint(
                        label=quantisation_of(told),
                        n_bytes=_n_bytes(told),
                        column=str(cell.column),
                        right=_portion(cell.right),
                    )
                )
    in_parts = {family for family, part in points if part is not Part.WHOLE}
    return tuple(
        Panel(family=family, part=str(part), points=tuple(found))
        for (family, part), found in sorted(points.items(), key=lambda item: item[0][0])
        # A script that is right in everything is rare; its items say more.
        if part is not Part.WHOLE or family not in in_parts
    )


def _n_bytes(told: Mapping[str, Any]) -> int:
    found = told.get("n_bytes")
    return found if isinstance(found, int) else 0


def _source(at: int, result: Result, labels: Mapping[Key, str]) -> Source:
    head = result.head
    return Source(
        file=result.path.name,
        facts=(
            ("Ducktypist", _said(head.get("ducktypist"))),
            *_named(head.get("machine")),
            *_named(head.get("plan"), "plan: "),
            *(
                (f"{name.replace('_', ' ')} sha256", _said(head.get(f"{name}_sha256")))
                for name in HASHES
            ),
        ),
        models=tuple(
            (label, tuple(_model_facts(result.models[key[1]], key[1])))
            for key, label in labels.items()
            if key[0] == at
        ),
        controls=tuple(_controls(result)),
        command=f"ducktypist bench fair --repeat {result.path.name}",
    )


def _controls(result: Result) -> list[Control]:
    controls = []
    for name, meaning in MEANINGS.items():
        graded = {key: grade for key, grade in result.controls.items() if key[0] == name}
        n_held = len(graded) - len(holds(graded))
        controls.append(Control(name=name, meaning=meaning, n_held=n_held, n=len(graded)))
    return controls


def _model_facts(told: Mapping[str, Any], sha256: str) -> list[tuple[str, str]]:
    rates = told.get("rates")
    measured = rates if isinstance(rates, Mapping) else {}
    plain = {
        name: item
        for name, item in told.items()
        if name not in {"sha256", "details", "rates", "speed"}
    }
    return [
        ("sha256", sha256),
        *_named(plain),
        *_named(told.get("details")),
        *(
            (f"measured {name}", f"{measured[name]:.1f}")
            for name in _RATES
            if isinstance(measured.get(name), float | int)
        ),
    ]


def _named(told: object, prefix: str = "") -> list[tuple[str, str]]:
    if not isinstance(told, Mapping):
        return []
    return [(f"{prefix}{str(name).replace('_', ' ')}", _said(item)) for name, item in told.items()]


def _said(item: object) -> str:
    if item is None or item == []:
        return "–"
    if isinstance(item, bool):
        return "yes" if item else "no"
    return item if isinstance(item, str) else json.dumps(item, ensure_ascii=False)
