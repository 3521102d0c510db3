"""Pages in the macros of man(7), and what DocBook, AsciiDoc, help2man and pod make of them."""

from __future__ import annotations

from collections.abc import Callable

from ducktypist.facts.manual.outline import Outline, is_option_like
from ducktypist.facts.manual.roff_lines import RoffLines
from ducktypist.facts.manual.roff_text import arguments, plain

_FONTS = {"B": "B", "I": "I", "SB": "B", "SM": "R", "R": "R"}
_TWO_FONTS = {"BI", "BR", "IB", "IR", "RB", "RI"}
_KNOWN = frozenset(
    [
        "TH",
        "SH",
        "SS",
        "TP",
        "TQ",
        "IP",
        "HP",
        "PP",
        "P",
        "LP",
        "RS",
        "RE",
        "B",
        "I",
        "R",
        "SM",
        "SB",
        "BI",
        "BR",
        "IB",
        "IR",
        "RB",
        "RI",
        "UR",
        "UE",
        "MT",
        "ME",
        "MR",
        "EX",
        "EE",
        "SY",
        "YS",
        "OP",
        "PD",
        "DT",
        "AT",
        "UC",
        "TS",
        "TE",
        "Vb",
        "Ve",
        "nf",
        "fi",
        "br",
        "sp",
        "IX",
    ]
)
_BULLETS = frozenset({"•", "*", "-", "o", "·", "+", "○", "–", "—", "□"})
# A tag that DocBook writes as a paragraph of its own is no longer than this.
_MAX_TAG_LINES = 12
_MAX_TAG = 600
_SET_AS_IS = {"nf": True, "EX": True, "Vb": True, "fi": False, "EE": False, "Ve": False}


def read_man(source: str) -> Outline:
    """Return the outline of a page in man(7)."""
    reader = _Reader()
    for name, rest in RoffLines(source, known=_KNOWN):
        reader.take(name, rest)
    reader.flush()
    reader.outline.close(0)
    return reader.outline


class _Reader:
    def __init__(self) -> None:
        self.outline = Outline()
        self._paragraph: list[str] = []
        # The paragraph was begun by .PP, .sp or .HP, so that what follows may show it to be a tag.
        self._is_begun = False
        self._is_hanging = False
        self._tag: list[str] | None = None
        self._is_another_tag = False
        self._is_set_as_is = False
        self._levels: list[int] = []
        self._table = 0
        self._macros: dict[str, Callable[[str], None]] = {
            "SH": self._section, "SS": self._subsection, "TP": self._tagged, "TQ": self._tagged_too,
            "IP": self._indented, "HP": self._hanging, "PP": self._plain, "P": self._plain,
            "LP": self._plain, "RS": self._deeper, "RE": self._back, "TS": self._begin_table,
            "TE": self._end_table, "UR": self._link, "MT": self._link, "UE": self._after,
            "ME": self._after, "MR": self._reference, "OP": self._option,
        }  # fmt: skip

    def take(self, name: str, rest: str) -> None:
        """Read one line."""
        if not name:
            self._text(rest)
        elif name in _FONTS:
            # Without an argument, the font is that of the next line; its text is what counts.
            if rest:
                shown = rest if '"' not in rest else " ".join(arguments(rest))
                self._text(f"\\f{_FONTS[name]}{shown}\\fR")
        elif name in _TWO_FONTS:
            words = arguments(rest)
            fonts = name * (len(words) // 2 + 1)
            set_in = (f"\\f{font}{word}" for font, word in zip(fonts, words, strict=False))
            self._text("".join(set_in) + "\\fR")
        elif name in {" ", "sp"}:
            self._break()
        elif name in _SET_AS_IS:
            self._is_set_as_is = _SET_AS_IS[name]
        else:
            macro = self._macros.get(name)
            if macro:
                macro(rest)

    def flush(self) -> None:
        """End the paragraph, and a tag that nothing follows."""
        if self._tag is not None:
            self._end_tag()
        if self._paragraph:
            if self._is_hanging and is_option_like(self._paragraph[0]):
                self.outline.line("  " + " ".join(self._paragraph))
            self.outline.text(" ".join(self._paragraph))
            self._paragraph.clear()
        self._is_begun = self._is_hanging = False

    def _text(self, raw: str) -> None:
        if self._table:
            self._row(raw)
            return
        if self._tag is not None:
            self._tag.append(raw.removesuffix("\\c"))
            if not raw.endswith("\\c"):
                self._end_tag()
            return
        if self._is_set_as_is:
            self.outline.line(raw)
        self._paragraph.append(raw)

    def _end_tag(self) -> None:
        tag = "".join(self._tag or ())
        self._tag = None
        if not tag:
            return
        (self.outline.also if self._is_another_tag else self.outline.item)(tag)

    def _break(self) -> None:
        """A blank line or .sp: a paragraph of what there is already."""
        if self._tag is not None:
            return
        self.flush()
        self._is_begun = True

    def _section(self, rest: str) -> None:
        self.flush()
        self._levels.clear()
        self._is_set_as_is, self._table = False, 0
        self.outline.section(plain(" ".join(arguments(rest))))

    def _subsection(self, rest: str) -> None:
        self.flush()
        self._levels.clear()
        self._is_set_as_is = False
        self.outline.level = 0
        self.outline.close(0)
        title = " ".join(arguments(rest))
        # Some pages give each option a subsection.
        if is_option_like(title):
            self.outline.item(title, is_heading=True)

    def _tagged(self, _: str) -> None:
        self.flush()
        self._tag, self._is_another_tag = [], False

    def _tagged_too(self, _: str) -> None:
        self.flush()
        self._tag, self._is_another_tag = [], True

    def _indented(self, rest: str) -> None:
        words = arguments(rest)
        if not words or not words[0].strip():
            self._body_of_hanging()
            return
        self.flush()
        tag = words[0]
        shown = plain(tag)
        if not shown or shown in _BULLETS or shown.rstrip(".)").isdecimal():
            self._paragraph.append("\\(bu" if shown in _BULLETS else tag)
            return
        self.outline.item(tag)

    def _body_of_hanging(self) -> None:
        """.IP without a tag: more of the same item, or the text under a hanging tag."""
        if self._is_hanging and self._looks_like_tag():
            self._make_tag()
        else:
            self.flush()

    def _hanging(self, _: str) -> None:
        self.flush()
        self.outline.close(self.outline.level)
        self._is_begun = self._is_hanging = True

    def _plain(self, _: str) -> None:
        self.flush()
        self.outline.close(self.outline.level)
        self._is_begun = True

    def _deeper(self, _: str) -> None:
        if self._is_begun and self._looks_like_tag():
            self._make_tag()
        else:
            self.flush()
        self._levels.append(self.outline.level)
        self.outline.level += 1

    def _back(self, _: str) -> None:
        self.flush()
        if self._levels:
            level = self._levels.pop()
            self.outline.close(level + 1)
            self.outline.level = level

    def _looks_like_tag(self) -> bool:
        return (
            0 < len(self._paragraph) <= _MAX_TAG_LINES
            and is_option_like(self._paragraph[0])
            and sum(map(len, self._paragraph)) <= _MAX_TAG
        )

    def _make_tag(self) -> None:
        tag = " ".join(self._paragraph)
        self._paragraph.clear()
        self.flush()
        self.outline.item(tag)

    def _begin_table(self, _: str) -> None:
        self.flush()
        # 1: its format, up to the line that ends with a full stop; 2: its rows.
        self._table = 1

    def _end_table(self, _: str) -> None:
        self._table = 0
        self.flush()

    def _row(self, raw: str) -> None:
        if self._table == 1:
            self._table = 2 if raw.rstrip().endswith(".") else 1
        elif raw.strip("_= "):
            self._paragraph.append(raw.replace("\t", " ").replace("T{", "").replace("T}", ""))

    def _link(self, _: str) -> None:
        """.UR, .MT: the address is not shown, its text follows."""

    def _after(self, rest: str) -> None:
        if rest and self._paragraph:
            self._paragraph[-1] += rest

    def _reference(self, rest: str) -> None:
        words = [*arguments(rest), "", "", ""]
        self._text(f"{words[0]}({words[1]}){words[2]}" if words[1] else words[0])

    def _option(self, rest: str) -> None:
        """.OP of a synopsis says nothing about the option."""
