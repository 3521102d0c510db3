"""From tokens to a tree: sums of products of powers."""

from calc.errors import FormulaError
from calc.nodes import Binary, Call, Name, Number, Unary
from calc.tokens import tokens


class Parser:
    """Reads one formula from left to right."""

    def __init__(self, text):
        self._tokens = tokens(text)
        self._index = 0

    def parse(self):
        """Return the tree of the whole formula."""
        tree = self._sum()
        self._expect("end", "")
        return tree

    def _next(self):
        return self._tokens[self._index]

    def _take(self, *texts):
        token = self._next()
        if token.kind == "op" and token.text in texts:
            self._index += 1
            return token
        return None

    def _expect(self, kind, text):
        token = self._next()
        if token.kind != kind or token.text != text:
            raise FormulaError(f"expected {text or kind!r}", token.position)
        self._index += 1

    def _sum(self):
        left = self._product()
        while token := self._take("+", "-"):
            left = Binary(token.text, left, self._product())
        return left

    def _product(self):
        left = self._signed()
        if token := self._take("*", "/"):
            left = Binary(token.text, left, self._product())
        return left

    def _signed(self):
        if self._take("-"):
            return Unary(self._signed())
        return self._power()

    def _power(self):
        base = self._atom()
        if self._take("^"):
            return Binary("^", base, self._signed())
        return base

    def _atom(self):
        token = self._next()
        self._index += 1
        if token.kind == "number":
            return Number(float(token.text))
        if token.kind == "name":
            if self._take("("):
                return Call(token.text, self._arguments())
            return Name(token.text)
        if token.text == "(":
            inner = self._sum()
            self._expect("op", ")")
            return inner
        self._index -= 1
        raise FormulaError("expected a value", token.position)

    def _arguments(self):
        if self._take(")"):
            return ()
        found = [self._sum()]
        while self._take(","):
            found.append(self._sum())
        self._expect("op", ")")
        return tuple(found)
