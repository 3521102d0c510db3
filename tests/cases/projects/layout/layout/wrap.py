"""From words to lines."""

from layout.measure import width_of


def split_long(word, width):
    """Return the pieces of a word that is wider than a line."""
    pieces = []
    while width_of(word) > width:
        pieces.append(word[:width])
        word = word[width:]
    return [*pieces, word] if word else pieces


def wrap(text, width):
    """Return lines of words, none wider than ``width``."""
    if width < 1:
        raise ValueError("a line has at least one cell")
    lines, line, used = [], [], 0
    for word in text.split():
        for piece in split_long(word, width):
            needed = width_of(piece) + (1 if line else 0)
            if used + needed > width:
                lines.append(line)
                line, used = [], 0
                needed = width_of(piece)
            line.append(piece)
            used += needed
    if line:
        lines.append(line)
    return lines
