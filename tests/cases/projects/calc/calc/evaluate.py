"""From a tree to a number."""

import operator

from calc.nodes import Call, Name, Number, Unary
from calc.parser import Parser

OPERATORS = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "^": operator.pow,
}
FUNCTIONS = {"max": max, "min": min, "abs": abs}


def value_of(tree, names):
    """Return the value of a tree."""
    if isinstance(tree, Number):
        return tree.value
    if isinstance(tree, Name):
        if tree.name not in names:
            raise NameError(f"nothing is called {tree.name}")
        return names[tree.name]
    if isinstance(tree, Unary):
        return -value_of(tree.operand, names)
    if isinstance(tree, Call):
        return FUNCTIONS[tree.name](*(value_of(item, names) for item in tree.arguments))
    left, right = value_of(tree.left, names), value_of(tree.right, names)
    return OPERATORS[tree.operator](left, right)


def evaluate(text, **names):
    """Return the value of a formula."""
    return value_of(Parser(text).parse(), names)
