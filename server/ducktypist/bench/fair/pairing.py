"""Which sides of a report are compared, and what question the pairs answer together. Pure.

Holm's correction is made over all rows of one question, whichever pair and family they are of.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from ducktypist.bench.fair.answers import Column
from ducktypist.bench.fair.comparing import Paired, Side, compare
from ducktypist.bench.fair.naming import Key, base_name
from ducktypist.bench.fair.results import Result
from ducktypist.bench.tasks import TaskError
from ducktypist.ledger.stats import holm
from ducktypist.report.fair.values import Flips, Question

_ITEMS = (
    "Predictions about one script resemble each other, so the p-values of what was foretold are "
    "too small."
)
_QUANTISATIONS = (
    "Twenty-five tasks tell a model of 0.5B from one of 7B; they do not tell Q4 from Q8, which "
    "wants about 1,000 paired items."
)


def lifts(results: Sequence[Result], labels: Mapping[Key, str]) -> tuple[Flips, ...]:
    """Return what an explanation adds to the script's purpose alone, for each model and column."""
    asked = _asked(results)
    return _rows(
        (_Told(results, labels, key, Column.NAME), _Told(results, labels, key, column))
        for key in labels
        for column in (Column.RAW, Column.PRODUCT)
        if {(key, Column.NAME), (key, column)} <= asked
    )


def questions(results: Sequence[Result], labels: Mapping[Key, str]) -> tuple[Question, ...]:
    """Return the questions that there are pairs for."""
    asked = _asked(results)
    told = {key: results[key[0]].models[key[1]] for key in labels}
    base = {key: base_name(model) for key, model in told.items()}
    columns = (Column.RAW, Column.PRODUCT)
    pairs = [
        ((one, column), (two, column))
        for column in columns
        for one, two in itertools.combinations(labels, 2)
    ]
    kinds = (
        (
            "The model itself, and under Ducktypist",
            "Raw is the model alone, asked once; product is what its editor would have shown.",
            [((key, Column.RAW), (key, Column.PRODUCT)) for key in labels],
        ),
        (
            "Quantisations of one model",
            _QUANTISATIONS,
            [(one, two) for one, two in pairs if base[one[0]] == base[two[0]]],
        ),
        (
            "One model and another",
            "The same tasks, the same words, the same limits.",
            [(one, two) for one, two in pairs if base[one[0]] != base[two[0]]],
        ),
    )
    found = []
    for title, note, wanted in kinds:
        rows = _rows(
            (_Told(results, labels, *one), _Told(results, labels, *two))
            for one, two in wanted
            if {one, two} <= asked
        )
        if rows:
            is_of_items = any(row.part == "foretold" for row in rows)
            more = f"{note} {_ITEMS}" if is_of_items else note
            found.append(Question(title=title, note=more, rows=rows))
    return tuple(found)


class _Told:
    """A side and what the report calls it."""

    def __init__(
        self, results: Sequence[Result], labels: Mapping[Key, str], key: Key, column: Column
    ) -> None:
        self.side = Side(result=results[key[0]], model=key[1], column=column)
        self.label = f"{labels[key]}, {column}"


def _asked(results: Sequence[Result]) -> set[tuple[Key, Column]]:
    return {
        ((number, model), column)
        for number, result in enumerate(results)
        for model, column in result.asked()
    }


def _rows(pairs: Iterable[tuple[_Told, _Told]]) -> tuple[Flips, ...]:
    rows = [
        _flips(one.label, two.label, item)
        for one, two in pairs
        for item in _compared(one.side, two.side)
    ]
    corrected = holm([row.p for row in rows])
    return tuple(replace(row, p_holm=p) for row, p in zip(rows, corrected, strict=True))


def _compared(first: Side, second: Side) -> list[Paired]:
    try:
        return compare(first, second)
    except TaskError:
        # A run that was stopped may have nothing yet that both were asked.
        return []


def _flips(first: str, second: str, item: Paired) -> Flips:
    return Flips(
        first=first,
        second=second,
        family=item.family,
        part=str(item.part),
        n=item.n,
        first_right=item.first_right,
        second_right=item.second_right,
        only_first=item.only_first,
        only_second=item.only_second,
        p=item.p,
        p_holm=item.p,
    )
