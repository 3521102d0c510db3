"""Charts as SVG files that stand alone, such as in a README; each follows light and dark itself."""

from __future__ import annotations

import re
from typing import Final
from xml.etree import ElementTree as ET

from ducktypist.report.page import STYLE, read_template

_MARGIN: Final = 14.0
_SCALE: Final = 1.6
"""Of the size that a viewer gives it who is not told another."""
_ROOT: Final = re.compile(r":root \{[^}]*\}")
_DARK: Final = re.compile(r"@media \(prefers-color-scheme: dark\) \{\s*:root \{[^}]*\}\s*\}")
_INKS: Final = re.compile(r"\.[fs]-[a-z0-9-]+ \{[^}]*\}")
_WORDS: Final = re.compile(r"^\.chart text \{[^}]*\}", re.MULTILINE)


def standalone(chart: str) -> bytes:
    """Return a chart of the page as an SVG file with colours and ground of its own.

    Args:
        chart: An element by ``svg.themed``.
    """
    root = ET.fromstring(chart)  # noqa: S314 - what was drawn a moment ago, not foreign XML
    left, top, width, height = map(float, root.get("viewBox", "0 0 1 1").split())
    box = (left - _MARGIN, top - _MARGIN, width + 2 * _MARGIN, height + 2 * _MARGIN)
    root.set("xmlns", "http://www.w3.org/2000/svg")
    root.set("viewBox", " ".join(f"{item:g}" for item in box))
    root.set("width", f"{_SCALE * box[2]:.0f}")
    root.set("height", f"{_SCALE * box[3]:.0f}")
    places = dict(zip(("x", "y", "width", "height"), (f"{item:g}" for item in box), strict=True))
    # A page may be dark where the system is light; on a ground of its own it is always readable.
    root.insert(2, ET.Element("rect", {**places, "class": "f-paper"}))
    style = ET.Element("style")
    style.text = ink_style(read_template(STYLE))
    root.insert(2, style)
    found: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return found + b"\n"


def ink_style(css: str) -> str:
    """Return what of the page's style a chart needs."""
    # The first is the light one; those of dark screens and of paper stand inside of @media.
    light, dark = _ROOT.search(css), _DARK.search(css)
    found = [part[0] for part in (light, dark) if part is not None]
    return "\n".join([*found, *_WORDS.findall(css)[:1], *_INKS.findall(css)])
