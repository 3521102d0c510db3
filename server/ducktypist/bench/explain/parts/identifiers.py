"""Names in the prose of hovers over other people's code: is there any that nobody knows?

Each function's name and some statements are hovered over. What is in neither the code nor the facts
has to be marked.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping

from ducktypist.bench.explain.code_files import Site, code_files, sites
from ducktypist.bench.explain.identifiers import names_in
from ducktypist.bench.explain.session import Session
from ducktypist.bench.figures import Figure
from ducktypist.bench.tasks import TaskError
from ducktypist.domain import Json

PART = "identifiers"
MAX_NAMED = 20


async def measure(session: Session) -> None:
    """Hover over every place that was not looked at yet.

    Raises:
        DucktypistError: There is no code to point at.
    """
    folder = session.plan.data
    if folder is None:
        raise TaskError("which code is to be hovered over? Name its folder with --data")
    files, sha256 = await asyncio.to_thread(code_files, folder)
    places = await asyncio.to_thread(lambda: sites(files, seed=session.plan.seed))

    async def one(site: Site) -> Mapping[str, Json]:
        return await _measured(site, session)

    await session.each(PART, sha256, session.drawn(places), one)


async def _measured(site: Site, session: Session) -> Mapping[str, Json]:
    uri = await session.desk.open(site.file.text, site.file.language)
    try:
        seen = await session.desk.read(uri, site.offset)
    finally:
        session.desk.shut(uri)
    shown = seen.shown
    names = names_in(
        shown.prose, code=site.file.text, facts=shown.facts, language=site.file.language
    )
    told = f"unknown: {', '.join(names.unknown)}" if names.unknown else "nothing unknown"
    return {
        "language": site.file.language,
        "markdown": seen.markdown,
        "has_prose": bool(shown.prose),
        "known": list(names.known),
        "of_language": list(names.of_language),
        "marked": list(names.marked),
        "unknown": list(names.unknown),
        "told": told,
    }


def figures(rows: Mapping[str, Mapping[str, Json]]) -> list[Figure]:
    """Return how many names are known, marked, and neither."""
    with_prose = [row for row in rows.values() if row["has_prose"]]
    counts = {kind: Counter[str]() for kind in ("known", "of_language", "marked", "unknown")}
    for row in with_prose:
        for kind, counter in counts.items():
            names = row[kind]
            counter.update(map(str, names) if isinstance(names, list) else ())
    n_names = sum(counter.total() for counter in counts.values())
    unknown = counts["unknown"]
    told = ", ".join(f"{name} {n}" for name, n in unknown.most_common(MAX_NAMED))
    what = {
        "known": "in the code or in the facts",
        "of_language": "keywords and builtins of the language",
        "marked": "in neither, and marked",
    }
    return [
        Figure(
            name="names: unknown and unmarked",
            what="in neither the code nor the facts, in the prose of hovers",
            value=float(unknown.total()),
            unit="",
            n=n_names,
            bar="0",
            is_met=not unknown if with_prose else None,
            note=told,
        ),
        *(
            Figure(
                name=f"  {kind.replace('_', ' ')}",
                what=meaning,
                value=float(counts[kind].total()),
                unit="",
                n=n_names,
            )
            for kind, meaning in what.items()
        ),
        Figure(
            name="  hovers with prose",
            what="of all places that were pointed at",
            value=float(len(with_prose)),
            unit="",
            n=len(rows),
        ),
    ]
