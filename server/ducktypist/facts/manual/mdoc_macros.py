"""Pages in the macros of mdoc(7): OpenSSH's, the BSDs' and macOS's.

A macro line is text with the macros for each word in it; here it becomes roff with italics for
arguments and a hyphen before flags. The layout of displays and tables is not kept.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from ducktypist.facts.manual.outline import Outline
from ducktypist.facts.manual.roff_lines import RoffLines
from ducktypist.facts.manual.roff_text import arguments, plain

_NO_SPACE = "\x00"
_OPENING = frozenset("([")
_CLOSING = frozenset({".", ",", ":", ";", ")", "]", "?", "!"})
_ENCLOSING = {"Op": "[]", "Aq": "<>", "Bq": "[]", "Pq": "()", "Brq": "{}", "Dq": '""', "Qq": '""',
              "Sq": "''", "Ql": "''", "Eq": "\0\0"}  # fmt: skip
_OPENERS = {"Oo": "[", "Ao": "<", "Bo": "[", "Po": "(", "Bro": "{", "Do": '"', "Qo": '"',
            "So": "'"}  # fmt: skip
_CLOSERS = {"Oc": "]", "Ac": ">", "Bc": "]", "Pc": ")", "Brc": "}", "Dc": '"', "Qc": '"',
            "Sc": "'"}  # fmt: skip
_ITALIC = frozenset(["Ar", "Fa", "Pa", "Va", "Vt"])
_PLAIN = frozenset(
    [
        "Cm",
        "Ic",
        "Ev",
        "Li",
        "Sy",
        "Em",
        "No",
        "Tn",
        "Ad",
        "An",
        "Er",
        "Dv",
        "Ms",
        "Fn",
        "Ft",
        "Fd",
        "In",
        "Lk",
        "Mt",
        "Cd",
        "Lb",
        "Hf",
        "St",
        "Rv",
        "Ex",
    ]
)
_SYSTEMS = {"Ux": "UNIX", "Bx": "BSD", "Fx": "FreeBSD", "Nx": "NetBSD", "Ox": "OpenBSD",
            "Dx": "DragonFly", "At": "AT&T UNIX", "Bsx": "BSD/OS"}  # fmt: skip
_INLINE = (
    frozenset({"Fl", "Nm", "Xr", "Ns", "Pf", "Ap", "Sm", "Xo", "Xc", "Ta", "Nd", "Eo", "Ec"})
    | _ENCLOSING.keys() | _OPENERS.keys() | _CLOSERS.keys() | _ITALIC | _PLAIN | _SYSTEMS.keys()
)  # fmt: skip
_BLOCKS = frozenset(
    [
        "Sh",
        "Ss",
        "Bl",
        "It",
        "El",
        "Bd",
        "Ed",
        "Pp",
        "Lp",
        "D1",
        "Dl",
        "Dd",
        "Dt",
        "Os",
        "Bk",
        "Ek",
        "Rs",
        "Re",
        "Bf",
        "Ef",
    ]
)
_TAGGED = frozenset({"-tag", "-hang", "-ohang", "-inset", "-diag"})
_MAX_NESTED = 20


def read_mdoc(source: str) -> Outline:
    """Return the outline of a page in mdoc(7)."""
    reader = _Reader()
    for name, rest in RoffLines(source, known=_INLINE | _BLOCKS):
        reader.take(name, rest)
    reader.flush()
    reader.outline.close(0)
    return reader.outline


class _Reader:
    def __init__(self) -> None:
        self.outline = Outline()
        self._words: list[str] = []
        self._name = ""
        self._is_spaced = True
        # A head of .It goes on over several lines between .Xo and .Xc.
        self._head: list[str] | None = None
        self._n_extended = 0
        self._lists: list[bool] = []
        self._n_fills = 0
        self._blocks: dict[str, Callable[[str], None]] = {
            "Sh": self._section, "Ss": self._subsection, "Bl": self._begin_list,
            "El": self._end_list, "It": self._item, "Pp": self._paragraph, "Lp": self._paragraph,
            "D1": self._example, "Dl": self._example, "Bd": self._paragraph,
            "Ed": self._paragraph,
        }  # fmt: skip

    def take(self, name: str, rest: str) -> None:
        """Read one line."""
        if not name:
            self._put(rest)
        elif name in _INLINE:
            self._inline([name, *arguments(rest)])
            self._end_head()
        elif name in self._blocks:
            self._blocks[name](rest)
        elif name == " ":
            self._paragraph("")

    def flush(self) -> None:
        """End the paragraph, and a head that was not ended."""
        self._n_extended = 0
        self._end_head()
        if self._words:
            text = _joined(self._words)
            self._words.clear()
            if text:
                self.outline.text(text)

    def _put(self, *words: str) -> None:
        target = self._words if self._head is None else self._head
        for word in words:
            target.append(word)
            if not self._is_spaced:
                target.append(_NO_SPACE)

    def _end_head(self) -> None:
        if self._head is None or self._n_extended > 0:
            return
        tag = _joined(self._head)
        self._head = None
        self._is_spaced = True
        self.outline.item(tag)

    def _section(self, rest: str) -> None:
        self.flush()
        self._lists.clear()
        self._is_spaced = True
        self.outline.section(plain(" ".join(arguments(rest))))

    def _subsection(self, _: str) -> None:
        self.flush()
        self.outline.close(self.outline.level)

    def _begin_list(self, rest: str) -> None:
        self.flush()
        self._lists.append(not _TAGGED.isdisjoint(rest.split()))
        # The items of a list belong to the item that it stands in.
        self.outline.level += 1

    def _end_list(self, _: str) -> None:
        self.flush()
        if self._lists:
            self._lists.pop()
            self.outline.close(self.outline.level)
            self.outline.level = max(0, self.outline.level - 1)

    def _item(self, rest: str) -> None:
        self.flush()
        if not self._lists or not self._lists[-1]:
            self._put("\\(bu")
            self._inline(arguments(rest))
            return
        self._head = []
        self._inline(arguments(rest))
        self._end_head()

    def _paragraph(self, _: str) -> None:
        if self._n_extended <= 0:
            self.flush()

    def _example(self, rest: str) -> None:
        self.flush()
        self._inline(arguments(rest))
        self.flush()

    def _inline(self, words: list[str], depth: int = 0) -> None:
        """Write the words of a line; a macro takes those after it, up to the next one."""
        at = 0
        while at < len(words):
            word = words[at]
            at += 1
            if word in _ENCLOSING and depth < _MAX_NESTED:
                inside = words[at:]
                outside: list[str] = []
                while inside and inside[-1] in _CLOSING:
                    outside.insert(0, inside.pop())
                left, right = _ENCLOSING[word][0], _ENCLOSING[word][1]
                self._put(left, _NO_SPACE)
                self._inline(inside, depth + 1)
                self._put(_NO_SPACE, right)
                self._punctuate(outside)
                return
            if word not in _INLINE:
                self._punctuate([word])
                continue
            end = at
            while end < len(words) and words[end] not in _INLINE:
                end += 1
            self._macro(word, words[at:end])
            at = end

    def _punctuate(self, words: list[str]) -> None:
        for word in words:
            if word in _CLOSING:
                self._put(_NO_SPACE, word)
            elif word in _OPENING:
                self._put(word, _NO_SPACE)
            else:
                self._put(word)

    def _macro(self, name: str, given: list[str]) -> None:
        if name == "Fl":
            self._flags(given)
        elif name in _ITALIC:
            self._arguments(given or ["file ..."] if name == "Ar" else given)
        elif name in _OPENERS:
            self._put(_OPENERS[name], _NO_SPACE)
            self._punctuate(given)
        elif name in _CLOSERS:
            self._put(_NO_SPACE, _CLOSERS[name])
            self._punctuate(given)
        elif name == "Nm":
            self._named(given)
        elif name == "Nd":
            self._put("\\-", *given)
        elif name == "Xr" and len(given) > 1:
            self._put(f"{given[0]}({given[1]})")
            self._punctuate(given[2:])
        else:
            self._spacing(name, given)

    def _spacing(self, name: str, given: list[str]) -> None:
        """Macros that are about spaces, the extent of a head, or words as they are."""
        if name == "Ns":
            self._put(_NO_SPACE)
        elif name == "Ap":
            self._put(_NO_SPACE, "'", _NO_SPACE)
        elif name == "Pf" and given:
            self._put(given[0], _NO_SPACE)
            given = given[1:]
        elif name == "Sm":
            self._is_spaced = given[:1] == ["on"] if given else not self._is_spaced
            return
        elif name == "Xo":
            self._n_extended += 1
        elif name == "Xc":
            self._n_extended -= 1
        elif name in _SYSTEMS:
            self._put(_SYSTEMS[name])
        elif name == "Tn":
            self._put(" ".join(given))
            return
        self._punctuate(given)

    def _flags(self, given: list[str]) -> None:
        if not given:
            self._put("\\-")
            # Another .Fl makes it a long option; .Ns and .Ar bring their own spaces.
            target = self._words if self._head is None else self._head
            target.append(_NO_SPACE if self._head is not None else "")
            return
        for word in given:
            if word in _CLOSING or word == "|":
                self._punctuate([word])
            else:
                self._put(f"\\-{word}")

    def _arguments(self, given: list[str]) -> None:
        for word in given:
            if word in _CLOSING or word in _OPENING or word == "|":
                self._punctuate([word])
            else:
                self._put(f"\\fI{word}\\fR")

    def _named(self, given: list[str]) -> None:
        names = [word for word in given if word not in _CLOSING]
        if names and not self._name:
            self._name = names[0]
        if not names and self._name:
            self._put(self._name)
        self._punctuate(given)


def _joined(words: list[str]) -> str:
    """Put words together, with a space where none is forbidden."""
    return "".join(_spaced(words)).strip()


def _spaced(words: list[str]) -> Iterator[str]:
    is_first = True
    for word in words:
        if word == _NO_SPACE:
            is_first = True
        elif word:
            if not is_first:
                yield " "
            yield word
            is_first = False
