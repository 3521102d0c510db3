"""Made-up Python: modules of small functions, the kind of code that is boilerplate. Seeded."""

from __future__ import annotations

from random import Random

NOUNS = (
    *("order", "item", "user", "price", "row", "line", "path", "token", "batch", "event", "total"),
    *("count", "index", "name", "value", "node", "page", "limit", "offset", "record", "field"),
    *("city", "rate", "tax", "stock", "cart", "queue", "score", "label", "weight", "height"),
)
VERBS = (
    *("load", "merge", "find", "sum", "split", "parse", "clean", "group", "filter", "sort"),
    *("count", "update", "check", "format", "convert", "collect", "apply", "drop", "select"),
)
LINES = (
    "{a} = [{b} for {b} in {c} if {b} > {n}]",
    "{a} = {{{b}: {n} for {b} in {c}}}",
    "{a} = sum({b} * {n} for {b} in {c})",
    "{a} = sorted({c}, key=lambda {b}: {b}['{d}'])",
    "{a} = {c}.get('{d}', {n})",
    "{a} = {c}[{n}:] + {b}[:{n}]",
    "{a} = max({b}, {n}) - min({c}, {n})",
    "{a} = '{d}-' + str({b})",
    "{a} = f'{{{b}}} of {{{c}}}'",
    "{a} = {b}.strip().lower().split('{d}')",
    "{a}, {b} = {b}, {a}",
    "{a} += {b} * ({c} - {n})",
    "{a} = dict(zip({b}, {c}))",
    "{a} = {b} if {b} is not None else {n}",
    "print('{d}', {a}, {b})",
    "assert {a} >= {n}, '{d}'",
)
BLOCKS = (
    ("for {b} in {c}:", "    {a}.append({b} + {n})"),
    ("for {b}, {d} in {c}.items():", "    if {d} < {n}:", "        {a}[{b}] = {d}"),
    ("if not {c}:", "    return {n}"),
    ("if {a} > {n}:", "    {a} = {n}", "else:", "    {a} = {b}"),
    ("while {a} < {n}:", "    {a} += {b}", "    {c}.append({a})"),
    ("try:", "    {a} = int({b})", "except ValueError:", "    {a} = {n}"),
    ("with open({b}) as {d}:", "    {a} = {d}.read()"),
)

P_NEW_WORD = 0.5
P_LINE = 0.6


class Programs:
    """Draws code.

    Args:
        random: What is drawn from; the same state gives the same code.
    """

    def __init__(self, random: Random) -> None:
        self._random = random
        self._n_functions = 0

    def name(self) -> str:
        """Return a function's name that was not drawn before."""
        self._n_functions += 1
        draw = self._random.choice
        return f"{draw(VERBS)}_{draw(NOUNS)}_{self._n_functions}"

    def body(self, *, n_lines: int) -> str:
        """Return the lines of a body, indented by four blanks, with a line break at the end."""
        lines: list[str] = []
        words = {key: self._random.choice(NOUNS) for key in "abcd"}
        while len(lines) < n_lines:
            if self._random.random() < P_NEW_WORD:
                words[self._random.choice("abcd")] = self._random.choice(NOUNS)
            lines += self._statement(words)
        lines.append(f"return {words['a']}")
        return "".join(f"    {line}\n" for line in lines)

    def line(self) -> str:
        """Return one statement of one line, without indentation or line break."""
        words = {key: self._random.choice(NOUNS) for key in "abcd"}
        return self._filled(self._random.choice(LINES), words)

    def head(self, name: str) -> str:
        """Return a function's first line and docstring."""
        draw = self._random.sample(NOUNS, 3)
        said = f"{name.replace('_', ' ').capitalize()} of the {draw[2]}."
        return f'def {name}({draw[0]}, {draw[1]}={self._number()}):\n    """{said}"""\n'

    def function(self, name: str, *, n_lines: int) -> str:
        """Return a whole function with a line break at the end."""
        return self.head(name) + self.body(n_lines=n_lines)

    def module(self, names: list[str]) -> str:
        """Return a module with an import and these functions."""
        parts = [f"import {self._random.choice(('os', 're', 'json', 'math'))}\n"]
        parts += [self.function(name, n_lines=self._random.randint(1, 7)) for name in names]
        return "\n\n".join(parts)

    def _statement(self, words: dict[str, str]) -> list[str]:
        if self._random.random() < P_LINE:
            return [self._filled(self._random.choice(LINES), words)]
        return [self._filled(line, words) for line in self._random.choice(BLOCKS)]

    def _filled(self, line: str, words: dict[str, str]) -> str:
        return line.format(**words, n=self._number())

    def _number(self) -> int:
        return self._random.choice((0, 1, 2, 3, 5, 7, 10, 16, 42, 60, 100, 365))
