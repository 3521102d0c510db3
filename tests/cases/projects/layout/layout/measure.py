"""How wide text is on a terminal."""

WIDE = range(0x3000, 0xFF61)


def width_of(text):
    """Return the cells that a text takes; East Asian characters take two."""
    return sum(2 if ord(character) in WIDE else 1 for character in text)


def clip(text, width):
    """Return what fits, with an ellipsis when something does not."""
    if width_of(text) <= width:
        return text
    while text and width_of(text) > width - 1:
        text = text[:-1]
    return text + "…"
