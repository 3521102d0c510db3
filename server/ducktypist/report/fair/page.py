"""The fair bench's report as one HTML file in the look of the ledger's; its markup is a template.

It holds no script, asks for nothing outside of itself, and the same values give the same bytes.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from ducktypist.report.fair import charts, sentences
from ducktypist.report.fair.files import standalone
from ducktypist.report.fair.values import Curve, Group
from ducktypist.report.page import rendered

TEMPLATE: Final = "fair.html.j2"
_NO_NAME: Final = re.compile(r"[^a-z0-9]+")
_MAX_NAME_CHARS: Final = 60


def fair_page(groups: Sequence[Group]) -> bytes:
    """Return the report as an HTML file.

    Raises:
        DucktypistError: The charts' library is not installed.
    """
    drawn: dict[str, str] = {}
    for group in groups:
        for at, family in enumerate(group.families):
            if family.figures:
                name = f"family-{group.number}-{at}"
                drawn[name] = charts.family_chart(family, name=name)
        for at, curve in enumerate(group.curves):
            name = f"curve-{group.number}-{at}"
            drawn[name] = charts.quantisation_chart(curve, name=name)
    return rendered(
        TEMPLATE,
        groups=groups,
        charts=drawn,
        prints_all="ducktypist bench compare",
        megabytes=charts.megabytes,
        say=sentences,
    )


def chart_files(groups: Sequence[Group]) -> dict[str, bytes]:
    """Return the charts as SVG files by name: ``fair-FAMILY.svg``, ``fair-quantisation.svg``.

    Of several groups or several models with quantisations, the later ones carry a number.

    Raises:
        DucktypistError: The charts' library is not installed.
    """
    found: dict[str, bytes] = {}
    for group in groups:
        for family in group.families:
            if family.figures:
                name = _free(f"fair-{_file_name(family.name)}", found)
                chart = charts.family_chart(family, name=name, has_key=True)
                found[f"{name}.svg"] = standalone(chart)
    curves: list[Curve] = [curve for group in groups for curve in group.curves]
    for curve in curves:
        name = _free("fair-quantisation", found)
        chart = charts.quantisation_chart(curve, name=name, has_key=True)
        found[f"{name}.svg"] = standalone(chart)
    return found


def _file_name(family: str) -> str:
    return _NO_NAME.sub("-", family.lower())[:_MAX_NAME_CHARS].strip("-") or "family"


def _free(name: str, taken: dict[str, bytes]) -> str:
    """Return a name that no file has yet."""
    number, free = 2, name
    while f"{free}.svg" in taken:
        free, number = f"{name}-{number}", number + 1
    return free
