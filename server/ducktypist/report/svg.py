"""A figure's SVG made fit for the page: colours by class, no style, no script, nothing outside.

It reads what ``plot`` drew with a real XML parser and writes elements that it knows; an element or
an attribute that is not on the list here does not reach the page.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from xml.etree import ElementTree as ET

from ducktypist.report.plot import Ink
from ducktypist.report.words import clean

_SVG = "{http://www.w3.org/2000/svg}"
_LINK = "{http://www.w3.org/1999/xlink}href"
_KEPT_ELEMENTS = frozenset({"g", "path", "text", "use", "defs", "clipPath", "rect"})
_KEPT_ATTRIBUTES = ("d", "x", "y", "width", "height", "transform")
_KEPT_PROPERTIES = ("stroke-width", "stroke-dasharray", "stroke-linecap", "text-anchor")
_NUMBER = re.compile(r"-?\d+\.\d+")
_MARK = re.compile(r"@(\d+)@")
_REFERENCE = re.compile(r"url\(#([\w-]+)\)")
_NO_TURN = re.compile(r"rotate\(-?0(\.0*)?[ )]")
_CLASSES = {ink.value: ink.name.lower().replace("_", "-") for ink in Ink}


def themed(
    drawn: str, *, name: str, title: str, description: str, labels: Sequence[str] = ()
) -> str:
    """Return a drawing as an ``svg`` element for an HTML page.

    Args:
        drawn: An SVG document by ``plot``.
        name: Of the chart, unique in the page; its ids begin with it.
        title: What a screen reader calls it.
        description: What it says of it.
        labels: The words behind the marks in the drawing, by number.

    Raises:
        ValueError: The drawing has a colour that means nothing here.
    """
    root = ET.fromstring(drawn)  # noqa: S314 - what was drawn a moment ago, not foreign XML
    used = {link.removeprefix("#") for node in root.iter() if (link := node.get(_LINK))}
    used |= {found for node in root.iter() for found in _REFERENCE.findall(_clip_of(node))}
    frame = ET.Element(
        "svg",
        {
            "class": "chart",
            "viewBox": root.get("viewBox", ""),
            "role": "img",
            "aria-labelledby": f"{name}-title {name}-desc",
        },
    )
    ET.SubElement(frame, "title", {"id": f"{name}-title"}).text = clean(title)
    ET.SubElement(frame, "desc", {"id": f"{name}-desc"}).text = clean(description)
    copier = _Copier(name=name, used=used, labels=labels)
    for child in root:
        copier.copy(child, frame)
    return ET.tostring(frame, encoding="unicode")


class _Copier:
    """Copies elements, of which it keeps what is known."""

    def __init__(self, *, name: str, used: set[str], labels: Sequence[str]) -> None:
        self._name, self._used, self._labels = name, used, labels

    def copy(self, node: ET.Element, parent: ET.Element) -> None:
        """Copy ``node`` and what is below it under ``parent``."""
        tag = node.tag.removeprefix(_SVG)
        if tag not in _KEPT_ELEMENTS:
            return
        attributes = self._attributes(node, tag)
        # A group that says nothing is only depth.
        plain = tag == "g" and not attributes
        made = parent if plain else ET.SubElement(parent, tag, attributes)
        if tag == "text":
            made.text = self._words(node.text or "")
        for child in node:
            self.copy(child, made)

    def _attributes(self, node: ET.Element, tag: str) -> dict[str, str]:
        style = _style_of(node)
        found: dict[str, str] = {}
        classes = [
            f"{prefix}-{_class_of(style[name])}"
            for name, prefix in (("fill", "f"), ("stroke", "s"))
            if style.get(name, "none") != "none"
        ]
        if tag == "text" and "fill" not in style:
            classes.append("f-text")
        if classes:
            found["class"] = " ".join(classes)
        if style.get("fill") == "none" and tag != "text":
            found["fill"] = "none"
        found |= {name: style[name] for name in _KEPT_PROPERTIES if name in style}
        for name in _KEPT_ATTRIBUTES:
            value = node.get(name)
            if value is not None and not (name == "transform" and _NO_TURN.match(value)):
                found[name] = _short(value)
        identity = node.get("id", "")
        if identity in self._used:
            found["id"] = f"{self._name}-{identity}"
        link = node.get(_LINK)
        if link is not None:
            found["href"] = f"#{self._name}-{link.removeprefix('#')}"
        clip = _REFERENCE.search(_clip_of(node))
        if clip is not None:
            found["clip-path"] = f"url(#{self._name}-{clip[1]})"
        return found

    def _words(self, text: str) -> str:
        return _MARK.sub(lambda mark: clean(self._labels[int(mark[1])]), text)


def _clip_of(node: ET.Element) -> str:
    return node.get("clip-path", "")


def _style_of(node: ET.Element) -> dict[str, str]:
    pairs = (part.partition(":") for part in node.get("style", "").split(";"))
    return {name.strip(): value.strip() for name, _, value in pairs if name.strip()}


def _class_of(colour: str) -> str:
    name = _CLASSES.get(colour)
    if name is None:
        message = f"the drawing has the colour {colour}, which is none of {sorted(_CLASSES)}"
        raise ValueError(message)
    return name


def _short(value: str) -> str:
    """Return a path or a number without line ends and with at most two decimals."""
    flat = " ".join(value.split())
    return _NUMBER.sub(lambda number: f"{float(number[0]):.2f}".rstrip("0").rstrip("."), flat)
