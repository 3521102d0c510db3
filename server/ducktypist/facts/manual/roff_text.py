"""The text in roff: arguments of a macro line, escapes to plain characters.

After groff_char(7) and groff(7). Quotation marks, dashes and spaces become those that a person
types on a command line, since the text is compared with code. Control lines are
``roff_lines``' business.
"""

from __future__ import annotations

import re
import unicodedata

ITALIC_ON = "\x0e"
"""Begins what is set in italics, which is how pages mark an argument."""
ITALIC_OFF = "\x0f"

_ARGUMENT = re.compile(r'"((?:[^"]|"")*)"?|((?:\\.|[^\s\\]|\\$)+)')
_ESCAPE = re.compile(
    r"""\\(?:
      f(?:\[(?P<font3>[^\]]*)\]|\((?P<font2>..)|(?P<font>.))
    | \((?P<two>..)
    | \[(?P<long>[^\]]*)\]
    | [*n][+-]?(?:\[[^\]]*\]|\(..|.)
    | N'(?P<code>\d{1,7})'
    | o'(?P<over>[^']{1,9})'
    | [hvwlLDbxXASRHZBC]'(?:\\.|[^'\\]){0,80}'
    | s(?:[+-]?(?:'[^']{0,9}'|\[[^\]]{0,9}\]|\(\d\d)|\([+-]\d\d|[+-]\d|[123]\d|\d)
    | [kgFmMYVO](?:\[[^\]]*\]|\(..|.)
    | ["\#].*
    | (?P<one>.)
    | \Z
    )""",
    re.VERBOSE | re.DOTALL,
)
_ONE = {"-": "-", "e": "\\", "\\": "\\", "E": "\\", " ": " ", "~": " ", "0": " ", "t": " ",
        "'": "'", "`": "`", ".": ".", "_": "_"}  # fmt: skip
_NAMED = {
    "aq": "'", "dq": '"', "lq": '"', "rq": '"', "oq": "'", "cq": "'", "Bq": '"', "bq": "'",
    "Fo": '"', "Fc": '"', "fo": "<", "fc": ">", "em": "—", "en": "–", "hy": "-", "mi": "-",
    "-": "-", "bu": "•", "co": "©", "rg": "®", "tm": "™", "ha": "^", "ti": "~", "ga": "`",
    "aa": "'", "rs": "\\", "sl": "/", "bv": "|", "at": "@", "sh": "#", "Do": "$", "lB": "[",
    "rB": "]", "lC": "{", "rC": "}", "la": "<", "ra": ">", "<=": "≤", ">=": "≥", "!=": "≠",
    "==": "≡", "=~": "≅", "~=": "≈", "->": "→", "<-": "←", "<>": "↔", "ua": "↑", "da": "↓",
    "mu": "\u00d7", "+-": "±", "de": "°", "ss": "ß", "12": "½", "14": "¼", "34": "¾", "fm": "'",
    "sd": '"', "ul": "_", "ru": "_", "br": "|", "ba": "|", "or": "|", "pl": "+", "eq": "=",
    "**": "*", "sc": "§", "ps": "¶", "ct": "¢", "Po": "£", "Ye": "¥", "Eu": "€", "eu": "€",
    "r!": "¡", "r?": "¿", "no": "¬", "if": "∞", "sr": "√", "ff": "ff", "fi": "fi", "fl": "fl",
    "oe": "œ", "OE": "Œ", "ae": "æ", "AE": "Æ", "oa": "å", "oA": "Å", "/o": "ø", "/O": "Ø",
    "*a": "\u03b1", "*b": "β", "*m": "µ",
    "*p": "π", "*l": "λ", "*s": "\u03c3", "*e": "ε", "*D": "Δ",
    "sq": "□", "ci": "○", "dg": "†", "dd": "‡", "OK": "✓", "u2": "²", "S2": "²", "tf": "∴",
    "md": "·", "pc": "·", "es": "∅", "R": "®", "Tm": "™", "lh": "☜", "rh": "☞",
}  # fmt: skip
_ACCENTS = {"'": "\u0301", "`": "\u0300", "^": "\u0302", ":": "\u0308", "~": "\u0303",
            ",": "\u0327", "v": "\u030c"}  # fmt: skip
_MARKS = str.maketrans("", "", ITALIC_ON + ITALIC_OFF)
_FOREIGN_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\x85\u2028\u2029]")
_TYPED = str.maketrans({
     "\u2018": "'", "\u2019": "'", "\u201c": '"', "\u201d": '"', "\u2010": "-", "\u2212": "-",
     "\u00a0": " ", "\u00ad": "", "\u200b": "", "\u2011": "-",
})  # fmt: skip
_DOUBLE_QUOTED = re.compile(r"``([^`\n]{1,200}?)''")
_QUOTED = re.compile(r"`([^`'\n]{1,80})['`]")
# Pages that were made from Markdown keep some of it.
_EMPHASISED = re.compile(r"\*\*(\w[^*\n]{0,80})\*\*")
_HIGHEST = 0x10FFFF
_SURROGATES = range(0xD800, 0xE000)


def arguments(raw: str) -> list[str]:
    """Split the rest of a control line into arguments, at spaces outside of double quotes."""
    if '"' not in raw and "\\ " not in raw:
        return raw.split()
    return [
        word if quoted is None else quoted.replace('""', '"')
        for quoted, word in (match.group(1, 2) for match in _ARGUMENT.finditer(raw))
    ]


def marked(raw: str) -> str:
    """Return text without escapes in which italics are marked; one space between words."""
    text = in_columns(raw)
    return " ".join(text.split()) if "  " in text or "\n" in text else text


def in_columns(raw: str) -> str:
    """Return text without escapes in which italics are marked, with all its spaces."""
    text = _FOREIGN_CONTROLS.sub("", raw) if not raw.isprintable() else raw
    if "\\" in text:
        text = _ESCAPE.sub(_character, text)
    if not text.isascii():
        text = text.translate(_TYPED)
    return text


def plain(raw: str) -> str:
    """Return text without escapes and marks, on one line, quoted as one types."""
    return quoted_as_typed(" ".join(marked(raw).translate(_MARKS).split()))


def quoted_as_typed(text: str) -> str:
    """Return text with straight quotation marks, and without what would be Markdown."""
    if "`" in text:
        text = _QUOTED.sub(r"'\1'", _DOUBLE_QUOTED.sub(r'"\1"', text))
    if "**" in text:
        text = _EMPHASISED.sub(r"\1", text)
    return text if text.isascii() else text.translate(_TYPED)


def unmarked(text: str) -> str:
    """Return marked text without its marks."""
    return text.translate(_MARKS)


def _character(match: re.Match[str]) -> str:
    """Return what stands for one escape."""
    one = match["one"]
    if one is not None:
        return _ONE.get(one, "")
    font = match["font"] or match["font2"] or match["font3"]
    if font is not None:
        return ITALIC_ON if font in {"I", "2", "CI"} else ITALIC_OFF
    name = match["two"] or match["long"]
    if name is not None:
        return _special(name)
    if match["code"] is not None:
        return _code_point(int(match["code"]))
    return match["over"][0] if match["over"] is not None else ""


def _special(name: str) -> str:
    """Return the character of a name as groff_char(7) has it; nothing for an unknown one."""
    known = _NAMED.get(name)
    if known is not None:
        return known
    if name[0] == "u" and len(name) > len("u000"):
        try:
            return _code_point(int(name[1:].split("_", maxsplit=1)[0], 16))
        except ValueError:
            return ""
    if name.startswith("char") and name[4:].isdecimal():
        return _code_point(int(name[4:8]))
    accent = _ACCENTS.get(name[0])
    if accent and len(name) == len("'e"):
        return unicodedata.normalize("NFC", name[1] + accent)
    return ""


def _code_point(number: int) -> str:
    if number > _HIGHEST or number in _SURROGATES:
        return ""
    character = chr(number)
    return character if character.isprintable() else ""
