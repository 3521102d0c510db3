"""What each arm knows of a program: the server's explanation, the bare model's, or its purpose.

Explanations are asked once for all parts and kept. The code is taken out of them here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ducktypist.bench.explain.intervals import bootstrap_mean
from ducktypist.bench.explain.session import ARMS, Session
from ducktypist.bench.explain.shown import shown_of
from ducktypist.bench.explain.stripping import Stripped, stripped
from ducktypist.bench.figures import Figure, share_of
from ducktypist.domain import Json
from ducktypist.ledger.stats import mcnemar_exact

EXPLANATIONS = "explanations"
NAMES = {"python": "Python", "shellscript": "bash"}


async def knowledge(
    *, key: str, code: str, language: str, purpose: str, tasks_sha256: str, session: Session
) -> dict[str, Stripped]:
    """Return what is known in each arm, without the code.

    Args:
        key: The program's, for keeping what was asked.
        code: The program.
        language: The LSP's id.
        purpose: What the name-only arm knows.
        tasks_sha256: Of all programs it is one of.
        session: The run.

    Raises:
        DucktypistError: One of both did not answer.
    """
    kept = session.journal.of(EXPLANATIONS, tasks_sha256).get(key)
    if kept is None:
        uri = await session.desk.open(code, language)
        try:
            ours = await session.desk.explained(uri)
        finally:
            session.desk.shut(uri)
        raw = await session.questions.ask(
            "script", workbench=session.workbench, code=code, language=NAMES[language]
        )
        kept = {"ours": ours, "raw": raw}
        session.journal.add(EXPLANATIONS, tasks_sha256, key, kept)
    texts = {"ours": shown_of(str(kept["ours"])).text, "raw": str(kept["raw"]), "name": purpose}
    return {arm: stripped(texts[arm], code) for arm in ARMS}


def told_of(known: Mapping[str, Stripped]) -> dict[str, Json]:
    """Return how much of each arm's text there is, and what was taken out of it."""
    return {
        arm: {"n_chars": len(item.text), "n_blocks": item.n_blocks, "n_lines": item.n_lines}
        for arm, item in known.items()
    }


def shares(rows: Mapping[str, Mapping[str, Json]], arm: str) -> list[float]:
    """Return an arm's share of what it got right in each row, from 0 to 1."""
    found = []
    for row in rows.values():
        arms = row["arms"]
        told = arms[arm] if isinstance(arms, Mapping) else None
        value = told["share"] if isinstance(told, Mapping) else None
        if not isinstance(value, int | float):
            raise TypeError(f"a row without the share of {arm}")
        found.append(float(value))
    return found


def whole_figures(
    rows: Mapping[str, Mapping[str, Json]], *, name: str, what: str, seed: int
) -> list[Figure]:
    """Return how many tasks each arm gets right altogether, and how they differ.

    Args:
        rows: By task, each with ``arms``.
        name: What is measured.
        what: What right means.
        seed: Of the resampling.
    """
    by_arm = {arm: shares(rows, arm) for arm in ARMS}
    found = [
        share_of(f"{name}, {arm}", what, sum(item >= 1 for item in values), len(values))
        for arm, values in by_arm.items()
    ]
    for first, second in (("ours", "raw"), ("ours", "name"), ("raw", "name")):
        found += _difference(name, first, second, by_arm, seed)
    return found


def _difference(
    name: str, first: str, second: str, by_arm: Mapping[str, Sequence[float]], seed: int
) -> list[Figure]:
    pairs = list(zip(by_arm[first], by_arm[second], strict=True))
    gained = sum(mine >= 1 > theirs for mine, theirs in pairs)
    lost = sum(theirs >= 1 > mine for mine, theirs in pairs)
    differences = [100 * (mine - theirs) for mine, theirs in pairs]
    interval = bootstrap_mean(differences, seed=seed)
    is_bar = (first, second) == ("ours", "raw")
    between = "" if interval is None else f"95 % interval {interval[0]:+.1f} to {interval[1]:+.1f}"
    return [
        Figure(
            name=f"{name}: lift of {first} over {second}",
            what="difference of the mean share right, task by task",
            value=sum(differences) / len(differences) if differences else float("nan"),
            unit="points",
            n=len(pairs),
            bar="interval > 0" if is_bar else "",
            is_met=interval[0] > 0 if is_bar and interval is not None else None,
            note=between,
        ),
        Figure(
            name=f"  {first} against {second}",
            what=f"right only {first}: {gained}; only {second}: {lost}",
            value=mcnemar_exact(gained, lost),
            unit="p (McNemar, exact)",
            n=len(pairs),
        ),
    ]
