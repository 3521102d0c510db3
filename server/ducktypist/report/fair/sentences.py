"""The fair bench in whole sentences, which never say more than the numbers bear out."""

from __future__ import annotations

from collections.abc import Sequence

from ducktypist.ledger.stats import MAX_HALF_WIDTH, wilson
from ducktypist.report.fair.values import Figure, Flips, Group
from ducktypist.report.sentences import ALPHA, flip_words
from ducktypist.report.words import GLUE, cut, several

MIN_FOR_QUANTISATIONS = 1_000
"""Paired items that tell two quantisations of one model apart."""


def lead(groups: Sequence[Group]) -> str:
    """Return what the report is about."""
    if not any(family.figures for group in groups for family in group.families):
        return "Nothing was asked and graded three times yet."
    first = groups[0]
    n_tasks = sum(family.n_tasks for family in first.families)
    told = (
        f"{several(first.n_models, 'model file')} on {several(n_tasks, 'task')} of "
        f"{several(len(first.families), 'kind')}, each put to a fresh process three times and "
        "graded by running. Right is three of three."
    )
    return told if len(groups) == 1 else f"{told} Other files asked other tasks; see below."


def apart(groups: Sequence[Group]) -> str:
    """Return why files do not stand side by side; empty where they all do."""
    if len(groups) == 1:
        return ""
    return (
        f"These files asked {len(groups)} different sets of tasks. Figures of different tasks "
        "are not compared: each set has tables of its own."
    )


def not_the_same(group: Group) -> str:
    """Return what differs between files that asked the same tasks; empty where nothing does."""
    if not group.differing:
        return ""
    return (
        "The tasks are the same in all files, but not everything else is: "
        f"{', '.join(name.replace('_', ' ') for name in group.differing)} differ. A difference "
        "between models may come from there."
    )


def what_n_tells(group: Group) -> str:
    """Return what so many tasks of a kind can tell, and what they cannot."""
    counts = [family.n_tasks for family in group.families]
    if not counts:
        return ""
    n = min(counts)
    low, high = wilson(n // 2, n)
    half = (high - low) / 2
    kinds = f"{n}" if n == max(counts) else f"{n} to {max(counts)}"
    told = (
        f"With {kinds} tasks of a kind an interval reaches up to {100 * half:.0f}{GLUE}points to "
        "either side. "
    )
    if n >= MIN_FOR_QUANTISATIONS:
        return told + "That is about what it takes to tell two quantisations of a model apart."
    if half > MAX_HALF_WIDTH:
        told += "Rows are marked “too few” while that is over 15: do not choose by one. "
    return (
        f"{told}Twenty-five tasks tell a model of 0.5B from one of 7B; they do not tell Q4 from "
        f"Q8. Quantisations want about {MIN_FOR_QUANTISATIONS:,} paired items."
    )


def flips(row: Flips) -> str:
    """Return what a pair amounts to."""
    said = flip_words(row.counted)
    if row.part == "foretold" and row.p_holm < ALPHA:
        return f"{said}; counted by prediction, so p is too small"
    return said


def outcomes(figure: Figure) -> str:
    """Return how the answers of the first run ended."""
    return ", ".join(f"{n} {name}" for name, n in figure.outcomes.items()) or "none"


def names(tasks: Sequence[str]) -> str:
    """Return tasks by name, without the family that stands beside them."""
    return ", ".join(cut(task.partition("/")[2] or task) for task in tasks)
