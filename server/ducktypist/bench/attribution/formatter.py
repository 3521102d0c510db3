"""What a formatter does on save, to a text whose characters keep their tags.

Double quotes, two blank lines before a function, long calls over several lines with a comma at the
end, no blanks at the ends of lines. Not a real formatter; what it changes is what those change.
"""

from __future__ import annotations

from ducktypist.bench.attribution.tagged import Tagged, by_line, joined

MAX_WIDTH = 48
INDENT = "    "


def formatted(whole: Tagged) -> Tagged:
    """Return a text as a formatter leaves it."""
    return _spaced(by_line(whole, lambda line: _wrapped(_quoted(_trimmed(line)))))


def _trimmed(line: Tagged) -> Tagged:
    end = "\n" if line.text.endswith("\n") else ""
    n_kept = len(line.text.rstrip())
    return line.replaced(
        n_kept, len(line.text), line.part(len(line.text) - len(end), len(line.text))
    )


def _quoted(line: Tagged) -> Tagged:
    if '"' in line.text or "\\" in line.text or "#" in line.text:
        return line
    return Tagged(line.text.replace("'", '"'), line.tags)


def _wrapped(line: Tagged) -> Tagged:
    """Put what is in a call's brackets on lines of its own."""
    text = line.text
    opening = text.find("(")
    closing = text.rstrip().rfind(")")
    is_call = (
        0 < opening < closing and text[opening - 1].isalnum() and ", " in text[opening:closing]
    )
    if len(text) <= MAX_WIDTH or not is_call or text.rstrip()[-1] != ")" or "for " in text:
        return line
    if text.lstrip().startswith(("def ", "assert", "if ", "while ", "return", "print")):
        return line
    inner, depth, starts = text[opening + 1 : closing], 0, [0]
    for at, char in enumerate(inner):
        depth += (char in "([{") - (char in ")]}")
        if char == "," and depth == 0:
            starts.append(at + 1)
    indent = text[: len(text) - len(text.lstrip())]
    parts = [line.part(0, opening + 1), Tagged.of("\n")]
    for start, end in zip(starts, [*starts[1:], len(inner)], strict=True):
        piece = line.part(opening + 1 + start, opening + 1 + end)
        n_blank = len(piece.text) - len(piece.text.lstrip())
        piece = piece.part(n_blank, len(piece.text))
        comma = Tagged.of("" if piece.text.endswith(",") else ",")
        parts += [Tagged.of(indent + INDENT), piece, comma, Tagged.of("\n")]
    return joined([*parts, Tagged.of(indent), line.part(closing, len(text))])


def _spaced(whole: Tagged) -> Tagged:
    parts: list[Tagged] = []
    n_blank = 0
    for line in whole.lines():
        if not line.text.strip():
            n_blank += 1
            continue
        if line.text.startswith("def ") and parts:
            n_blank = 2
        parts += [Tagged.of("\n")] * min(n_blank, 2)
        n_blank = 0
        parts.append(line)
    return joined(parts)
