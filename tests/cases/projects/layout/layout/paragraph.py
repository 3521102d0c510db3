"""From text to a paragraph."""

from layout.justify import align, justify
from layout.wrap import wrap


def paragraph(text, width, how="left"):
    """Return the lines of a paragraph."""
    lines = wrap(text, width)
    if how != "block":
        return [align(" ".join(words), width, how) for words in lines]
    block = [justify(words, width) for words in lines[:-1]]
    return block + [align(" ".join(words), width, "left") for words in lines[-1:]]
