"""From a tree back to text, with every bracket."""

from calc.nodes import Call, Name, Number, Unary
from calc.parser import Parser


def show(tree):
    """Return a formula that says in what order things are computed."""
    if isinstance(tree, Number):
        return f"{tree.value:g}"
    if isinstance(tree, Name):
        return tree.name
    if isinstance(tree, Unary):
        return f"(-{show(tree.operand)})"
    if isinstance(tree, Call):
        return f"{tree.name}({', '.join(show(item) for item in tree.arguments)})"
    return f"({show(tree.left)} {tree.operator} {show(tree.right)})"


def bracketed(text):
    """Return a formula with every bracket written."""
    return show(Parser(text).parse())
