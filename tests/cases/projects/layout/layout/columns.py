"""Paragraphs beside each other."""

from itertools import zip_longest

from layout.measure import clip
from layout.paragraph import paragraph


def columns(texts, width, gap=2, how="left"):
    """Return lines that hold texts side by side."""
    set_ones = [paragraph(text, width, how) for text in texts]
    rows = []
    for row in zip_longest(*set_ones, fillvalue=" " * width):
        rows.append((" " * gap).join(row).rstrip())
    return rows


def headed(title, texts, width, gap=2, how="left"):
    """Return columns below a title and a rule."""
    whole = len(texts) * width + (len(texts) - 1) * gap
    return [clip(title, whole), "=" * whole, *columns(texts, width, gap, how)]
