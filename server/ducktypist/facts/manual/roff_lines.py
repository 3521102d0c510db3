"""The lines of a roff source: comments, conditions, strings and macros of the page resolved.

After groff(7), as far as manual pages use it, and as ``groff -Tutf8`` would take conditions.
Requests that would run or read something (``.sy``, ``.pso``, ``.open``) are lines like any other
that nobody carries out. What the macros of man(7) and mdoc(7) mean is not known here.
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterator

from ducktypist.facts.manual.roff_text import arguments

_MAX_LINES = 150_000
_MAX_EXPANDED_LINES = 20_000
_MAX_MACRO_LINES = 200
_MAX_CONTINUED = 2_000
_MAX_STRING = 500
_MAX_NESTED_STRINGS = 4

_COMMENT = re.compile(r"(?<!\\)\\[\"#]")
_STRING = re.compile(r"\\\*(?:\[([^\]]*)\]|\((..)|(.))")
_PARAMETER = re.compile(r"\\\$(?:([1-9])|\[(\d)\]|([*@])|\(..|\[[^\]]*\])")
_REGISTER = re.compile(r"\\n[+-]?(?:\[([^\]]*)\]|\((..)|(.))")
_COMPARED = re.compile(r"""(['"~^])(.*?)\1(.*?)\1\s*""")
_NUMERIC = re.compile(r"([-+(]*[\w.\\\[\]()+*/<>=&:-]+)\s*")
_COMPARISON = re.compile(r"\(*(-?\d+)\w?(?:(<=|>=|==|=|<|>)(-?\d+)\w?)?\)*")
_STARTS = ("de", "de1", "dei", "am", "am1", "ami")
# groff says of itself that it is groff, and that its output is not typeset.
_REGISTERS = {".g": 1, ".$": 0, ".x": 1, ".y": 22}


class RoffLines:
    """One pass over a source, as pairs of a macro's name and what follows it.

    A text line has the name ``""``, an empty line the name ``" "``.
    """

    def __init__(self, source: str, *, known: Container[str]) -> None:
        """Prepare.

        Args:
            source: The page.
            known: Macros with a meaning of their own, which a page does not redefine here.
        """
        self._known = known
        # The next line is the last of the list: what a macro stands for is put on top.
        self._waiting = source.replace("\r", "").split("\n")[:_MAX_LINES]
        self._waiting.reverse()
        self._strings: dict[str, str] = {}
        self._registers = dict(_REGISTERS)
        self._macros: dict[str, list[str]] = {}
        self._branches: list[bool] = []
        self._n_left = _MAX_LINES
        self._n_expanded = 0

    def __iter__(self) -> Iterator[tuple[str, str]]:
        """Yield the lines in order."""
        waiting = self._waiting
        while waiting and self._n_left > 0:
            self._n_left -= 1
            line = waiting.pop()
            if "\\" in line:
                written = self._written_out(line)
                if written is None:
                    continue
                line = written
            if not line or line.isspace():
                yield " ", ""
            elif line[0] not in ".'":
                yield "", line
            else:
                name, _, rest = line[1:].lstrip().partition(" ")
                if "\t" in name:
                    name, _, rest = line[1:].lstrip().partition("\t")
                rest = rest.strip()
                if name and not self._request(name, rest):
                    yield name, rest

    def _written_out(self, line: str) -> str | None:
        """Join continued lines, cut comments, put strings in; None for what is no line at all."""
        if line.endswith("\\"):
            line = self._continued(line)
        comment = _COMMENT.search(line) if '\\"' in line or "\\#" in line else None
        if comment:
            line = line[: comment.start()].rstrip()
            if line in {"", ".", "'"}:
                return None
        if "\\*" in line and not line.startswith((".de", ".ig")):
            for _ in range(_MAX_NESTED_STRINGS):
                line, n_put = _STRING.subn(self._string, line)
                if not n_put:
                    break
        if "\\}" in line:
            line = line.replace("\\}", "")
            if line.strip(" ") in {"", ".", "'"}:
                return None
        return line

    def _continued(self, line: str) -> str:
        """Join a line with those after it while it ends in a backslash."""
        while line.endswith("\\") and _is_escaping(line) and self._waiting:
            # What follows a condition is a line again, which must not grow with each one.
            if len(line) > _MAX_CONTINUED:
                break
            line = line[:-1] + self._waiting.pop()
        return line

    def _string(self, match: re.Match[str]) -> str:
        name = (match[1] or match[2] or match[3] or "").split(" ")[0]
        return self._strings.get(name, _STRINGS_OF_MAN.get(name, ""))

    def _request(self, name: str, rest: str) -> bool:
        """Carry out a request of control; False for what the macros' reader gets to see."""
        if name in {"ds", "as", "ds1", "as1"}:
            key, _, text = rest.partition(" ")
            text = text.lstrip().removeprefix('"')
            before = self._strings.get(key, "") if name.startswith("as") else ""
            self._strings[key] = (before + text)[:_MAX_STRING]
        elif name in {"if", "ie"}:
            is_true, rest = self._condition(rest)
            if name == "ie":
                self._branches.append(is_true)
            self._branch(rest, is_taken=is_true)
        elif name == "el":
            self._branch(rest, is_taken=not (self._branches.pop() if self._branches else True))
        elif name in _STARTS:
            self._define(rest, is_new=name.startswith("de"))
        elif name in {"ig", "EQ", "PS"}:
            self._skip_to({"ig": rest.strip() or ".", "EQ": "EN", "PS": "PE"}[name])
        elif name == "nr":
            self._set(rest)
        elif name in self._macros:
            self._expand(name, rest)
        else:
            return False
        return True

    def _condition(self, rest: str) -> tuple[bool, str]:
        """Evaluate the condition at the beginning; return it and what is left."""
        is_wanted = True
        while rest.startswith("!"):
            is_wanted, rest = not is_wanted, rest[1:].lstrip()
        if rest[:1] in {"n", "t", "o", "e", "v"} and not rest[1:2].isalnum():
            return (rest[0] in "no") is is_wanted, rest[1:].lstrip()
        if rest[:1] in {"d", "r", "c", "m", "F", "S"} and rest[1:2] in {" ", "", "\\"}:
            name, _, left = rest[1:].lstrip().partition(" ")
            is_there = {"d": name in self._strings or name in self._macros or name in self._known,
                        "r": name in self._registers, "c": True}.get(rest[0], False)  # fmt: skip
            return is_there is is_wanted, left.lstrip()
        compared = _COMPARED.match(rest)
        if compared:
            return (compared[2] == compared[3]) is is_wanted, rest[compared.end() :]
        number = _NUMERIC.match(rest)
        if not number:
            return not is_wanted, rest
        left = rest[number.end() :]
        written = number[1]
        block = written.find("\\{")
        if block >= 0:
            written, left = written[:block], written[block:] + " " + left
        return (self._number(written) > 0) is is_wanted, left

    def _number(self, expression: str) -> int:
        """Return a number, a register or one comparison; 0 for what is more than that."""
        written = _REGISTER.sub(
            lambda match: str(self._registers.get(match[1] or match[2] or match[3], 0)), expression
        )
        if "&" in written or ":" in written:
            return 0
        found = _COMPARISON.fullmatch(written)
        if not found or len(written) > len("-2147483648>=-2147483648"):
            return 0
        left = int(found[1])
        if not found[2]:
            return left
        right = int(found[3])
        holds = {"<": left < right, ">": left > right, "<=": left <= right, ">=": left >= right}
        return int(holds.get(found[2], left == right))

    def _branch(self, rest: str, *, is_taken: bool) -> None:
        """Go on with the branch's text, or leave it out with its lines in braces."""
        opened = rest.lstrip().startswith("\\{")
        if is_taken:
            rest = rest.lstrip()[2:].lstrip() if opened else rest
            if rest:
                self._waiting.append(rest)
            return
        depth = rest.count("\\{") - rest.count("\\}")
        while depth > 0 and self._waiting and self._n_left > 0:
            self._n_left -= 1
            line = self._waiting.pop()
            depth += line.count("\\{") - line.count("\\}")

    def _define(self, rest: str, *, is_new: bool) -> None:
        words = rest.split()
        end = words[1] if len(words) > 1 else "."
        body = self._skip_to(end)
        if words and words[0] not in self._known:
            before = [] if is_new else self._macros.get(words[0], [])
            self._macros[words[0]] = (before + body)[:_MAX_MACRO_LINES]

    def _skip_to(self, end: str) -> list[str]:
        """Take lines away up to the one that ends them."""
        taken = []
        while self._waiting:
            line = self._waiting.pop()
            if line[:1] in {".", "'"} and line[1:].strip().split(" ")[0] == end:
                break
            taken.append(line)
        return taken

    def _set(self, rest: str) -> None:
        words = rest.split()
        if len(words) > 1 and re.fullmatch(r"[-+]?\d{1,9}", words[1]):
            value = int(words[1])
            before = self._registers.get(words[0], 0) if words[1][0] in "+-" else 0
            self._registers[words[0]] = before + value

    def _expand(self, name: str, rest: str) -> None:
        """Put the lines of a macro of the page before what waits."""
        body = self._macros[name]
        # A macro that calls itself ends here.
        self._n_expanded += len(body) + 1
        if self._n_expanded > _MAX_EXPANDED_LINES:
            return
        given = arguments(rest)

        def parameter(match: re.Match[str]) -> str:
            if match[3]:
                return " ".join(given)
            number = int(match[1] or match[2] or 0)
            return given[number - 1] if 0 < number <= len(given) else ""

        for line in reversed(body):
            self._waiting.append(_PARAMETER.sub(parameter, line.replace("\\\\", "\\")))


# Strings that the macros of man(7) define themselves.
_STRINGS_OF_MAN = {"lq": "\\(lq", "rq": "\\(rq", "R": "\\(rg", "Tm": "\\(tm", "S": "",
                   "Lq": "\\(lq", "Rq": "\\(rq", "Le": "\\(<=", "Ge": "\\(>=", "Ne": "\\(!=",
                   "Am": "&", "Ba": "|", "Pm": "\\(+-", "Na": "NaN", "Pi": "pi"}  # fmt: skip


def _is_escaping(line: str) -> bool:
    """Tell whether the backslash at the end of a line is not escaped itself."""
    return (len(line) - len(line.rstrip("\\"))) % 2 == 1
