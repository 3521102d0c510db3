"""From characters to tokens."""

from dataclasses import dataclass

from calc.errors import FormulaError

SINGLE = "+-*/^(),"


@dataclass(frozen=True)
class Token:
    """A number, a name, an operator or the end."""

    kind: str
    text: str
    position: int


def _while(text, start, accepts):
    end = start
    while end < len(text) and accepts(text[end]):
        end += 1
    return text[start:end]


def tokens(text):
    """Return the tokens of a formula, the last one of kind ``end``."""
    found = []
    position = 0
    while position < len(text):
        character = text[position]
        if character.isspace():
            position += 1
            continue
        if character in SINGLE:
            word, kind = character, "op"
        elif character.isdigit() or character == ".":
            word = _while(text, position, lambda c: c.isdigit() or c == ".")
            kind = "number"
        elif character.isalpha():
            word = _while(text, position, str.isalnum)
            kind = "name"
        else:
            raise FormulaError(f"unexpected {character!r}", position)
        found.append(Token(kind, word, position))
        position += len(word)
    found.append(Token("end", "", position))
    return found
