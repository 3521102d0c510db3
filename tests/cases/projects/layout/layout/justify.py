"""From words of a line to text as wide as the line."""

from layout.measure import width_of


def spaces(n_gaps, n_free):
    """Return the width of each gap; what is left over goes to the first ones."""
    each, rest = divmod(n_free, n_gaps)
    return [each + (1 if index <= rest else 0) for index in range(n_gaps)]


def align(text, width, how):
    """Return text padded on the left, on the right or on both sides."""
    free = max(0, width - width_of(text))
    if how == "right":
        return " " * free + text
    if how == "centre":
        left = free // 2
        return " " * left + text + " " * (free - left)
    return text + " " * free


def justify(words, width):
    """Return a line whose words reach both margins."""
    if len(words) < 2:
        return align(" ".join(words), width, "left")
    free = width - sum(width_of(word) for word in words)
    gaps = spaces(len(words) - 1, free)
    text = words[0]
    for gap, word in zip(gaps, words[1:]):
        text += " " * gap + word
    return text
