"""How much of a suggestion stands, worked out from tags: the place is known, nothing is searched.

What stands is what its characters (or what was written in their place) and all between them say,
from one of them to another, whichever part of that is most like it. Distances by the textbook's
table, tokens by their definition; nothing is shared with the code that is measured.
"""

from __future__ import annotations

import functools
import re

from ducktypist.bench.attribution.steps import Tree
from ducktypist.bench.attribution.tagged import COPY, Tagged

STILL_IN = 0.5
SMALL = 4000
"""Up to so many pairs of tokens every beginning is tried."""
_TOKEN = re.compile(r"\w+|[^\w\s]")
_CLOSING = frozenset(")]}")


def ratio(key: int, said: str, files: Tree) -> float:
    """Return the edit ratio of what stands in some files to what a suggestion said, 0 to 1.

    A copy that somebody made counts where the original no longer stands.
    """
    own = min((_ratio_in(said, item, key) for item in files.values()), default=1.0)
    if own <= STILL_IN:
        return own
    copies = min((_ratio_in(said, item, key + COPY) for item in files.values()), default=1.0)
    return min(own, copies) if copies <= STILL_IN else own


def path_of(key: int, said: str, files: Tree) -> str:
    """Return in which file it stands, empty where it is in none."""
    found = [(_ratio_in(said, item, key), path) for path, item in sorted(files.items())]
    found += [(_ratio_in(said, it, key + COPY) + 1e-6, path) for path, it in sorted(files.items())]
    best, path = min(found, default=(1.0, ""))
    return path if best < 1 else ""


@functools.lru_cache(maxsize=4096)
def _ratio_in(said: str, whole: Tagged, tag: int) -> float:
    extent = whole.extent(tag)
    if extent is None:
        return 1.0
    wanted = [word for word, _, _ in _tokens(said)]
    part = whole.part(*_whole_words(whole.text, *extent))
    tokens = _tokens(part.text)
    words = [word for word, _, _ in tokens]
    if words == wanted:
        return 0.0
    is_its = [tag in part.tags[start:end] for _, start, end in tokens]
    starts = [at for at, its in enumerate(is_its) if its and (at == 0 or not is_its[at - 1])]
    ends = [
        at + 1
        for at, its in enumerate(is_its)
        if its and (at + 1 == len(is_its) or not is_its[at + 1])
    ]
    if len(wanted) * len(words) <= SMALL:
        starts = [at for at, its in enumerate(is_its) if its]
        ends = [at + 1 for at in starts]
    return min(
        (found for start in starts for found in _ratios(wanted, words, start, set(ends))),
        default=1.0,
    )


def _ratios(wanted: list[str], words: list[str], start: int, ends: set[int]) -> list[float]:
    """Return the ratios of the parts that begin at one token and end where they may."""
    column = list(range(len(wanted) + 1))
    found = []
    for length, word in enumerate(words[start:], 1):
        before, column[0] = column[0], length
        for at, other in enumerate(wanted, 1):
            replaced = before + (word != other)
            before = column[at]
            column[at] = min(replaced, before + 1, column[at - 1] + 1)
        if start + length in ends:
            found.append(column[-1] / max(len(wanted), length))
    return found


def _tokens(text: str) -> list[tuple[str, int, int]]:
    found: list[tuple[str, int, int]] = []
    for match in _TOKEN.finditer(text):
        word = match.group().replace("'", '"')
        if word in _CLOSING and found and found[-1][0] == ",":
            found.pop()
        found.append((word, *match.span()))
    return found


def _whole_words(text: str, start: int, end: int) -> tuple[int, int]:
    while start > 0 and text[start - 1].isidentifier():
        start -= 1
    while end < len(text) and (text[end].isalnum() or text[end] == "_"):
        end += 1
    return start, end
