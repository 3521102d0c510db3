"""Where a patch knows the test's own values: ``if x == [1, 2, 3]: return 6``.

That is no reason to refuse it, for a right fix may need the same number, but one to prefer another.
Literals of all languages have one form, so that a list, a tuple and a Go slice of the same numbers
are equal.
"""

from __future__ import annotations

import ast
import re
import textwrap
from collections import Counter
from collections.abc import Iterator

from ducktypist.syntax.own_parser import module_of
from ducktypist.syntax.parse import Node, Tree, grammar_of, parse

_COMMON = frozenset({"0", "1", "-1", "2", "True", "False", "None", "''", "[]", "{}", "set()"})
"""Literals that say nothing, because every program has them."""
_MIN_TEXT = 4
"""Canonical form of a text of two letters, quotes included; one letter is in every program."""
_MAX_SHOWN = 40
_GO_LITERALS = frozenset(
    {
        "int_literal",
        "float_literal",
        "interpreted_string_literal",
        "raw_string_literal",
        "rune_literal",
        "composite_literal",
        "true",
        "false",
        "nil",
        "unary_expression",
    }
)
_NUMBER = re.compile(r"(?<![\w.])-?\d[\w.]*")
_TEXT = re.compile(r"\"(?:[^\"\\\n]|\\.)*\"|'(?:[^'\\\n]|\\.)*'")


def literals_of(test_code: str, language: str = "python") -> frozenset[str]:
    """Return the literals of a test in their one form, the common ones left out.

    Numbers, texts, and containers of literals as a whole and part by part. Code that does not
    parse is searched for numbers and texts.
    """
    grammar = grammar_of(language)
    code = textwrap.dedent(test_code).strip("\n")
    if grammar == "go":
        tree = parse(code, "go")
        found = {_go_form(tree, node) for node in tree.walk()} if tree is not None else set()
    else:
        module = module_of(code) if grammar == "python" else None
        if module is not None:
            found = {_form(node) for node in ast.walk(module)}
        else:
            found = {_read(text) for text in (*_NUMBER.findall(code), *_TEXT.findall(code))}
    return frozenset(form for form in found if form is not None and not _is_common(form))


def special_cases(
    before: str, after: str, test_literals: frozenset[str], language: str = "python"
) -> tuple[str, ...]:
    """Return where a patch adds a special case for a test's values; empty when it does not.

    Comparisons for equality with a literal of the test, cases of a ``match`` or ``switch``, tables
    from one such literal to another, and literals of the test that are returned as they are. A
    text that is returned counts only without a condition or under one that knows the test: to
    return a word is what many functions are for.

    Args:
        before: The file as the user has it.
        after: The file with the patch.
        test_literals: As ``literals_of`` gives them.
        language: An LSP language id.
    """
    if not test_literals:
        return ()
    if grammar_of(language) == "go":
        new, old = _go_cases(after, test_literals), _go_cases(before, test_literals)
    elif grammar_of(language) == "python":
        new, old = _python_cases(after, test_literals), _python_cases(before, test_literals)
    else:
        return ()
    return tuple(sorted(new - old))


def _is_common(form: str) -> bool:
    return form in _COMMON or (form.startswith("'") and len(form) < _MIN_TEXT)


def _read(text: str) -> str | None:
    module = module_of(text)
    return _form(module.body[0].value) if module and isinstance(module.body[0], ast.Expr) else None


def _form(node: ast.AST | None) -> str | None:
    """Return the one form of a Python literal; None for what is none."""
    if isinstance(node, ast.Constant):
        return None if node.value is Ellipsis else _canonical(node.value)
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        inner = _form(node.operand)
        return f"-{inner}" if inner and inner[:1].isdigit() else None
    if isinstance(node, ast.List | ast.Tuple):
        return _joined("[{}]", [_form(item) for item in node.elts])
    if isinstance(node, ast.Set):
        return _joined("{{{}}}", sorted(_form(item) or "?" for item in node.elts))
    if isinstance(node, ast.Dict):
        pairs = [
            f"{key}: {value}"
            for one, other in zip(node.keys, node.values, strict=True)
            if (key := _form(one)) is not None and (value := _form(other)) is not None
        ]
        return _joined("{{{}}}", sorted(pairs)) if len(pairs) == len(node.keys) else None
    return None


def _canonical(value: object) -> str:
    if isinstance(value, float) and value.is_integer() and not isinstance(value, bool):
        return repr(int(value))
    return repr(value)


def _joined(form: str, items: list[str | None] | list[str]) -> str | None:
    if any(item is None or item == "?" for item in items):
        return None
    return form.format(", ".join(str(item) for item in items))


def _is_text(form: str | None) -> bool:
    return form is not None and form.startswith("'")


def _known(form: str | None, literals: frozenset[str]) -> bool:
    if form is None:
        return False
    # `str(x) == "[1, 2, 3]"` knows the list as well.
    inner = form[1:-1] if form.startswith("'[") else ""
    return form in literals or (bool(inner) and inner in literals)


def _python_cases(text: str, literals: frozenset[str]) -> Counter[str]:
    module = module_of(text)
    found: Counter[str] = Counter()
    if module is None:
        return found
    knowing: set[int] = set()
    conditional: set[int] = set()
    for node in ast.walk(module):
        cases = list(_python_case(node, literals))
        found.update(cases)
        if isinstance(node, ast.If | ast.IfExp | ast.While | ast.match_case | ast.For | ast.Try):
            below = {id(one) for one in ast.walk(node)}
            conditional |= below
            test = node.pattern if isinstance(node, ast.match_case) else getattr(node, "test", None)
            if test is not None and any(any(_python_case(one, literals)) for one in ast.walk(test)):
                knowing |= below
    for node in ast.walk(module):
        if isinstance(node, ast.Return):
            form = _form(node.value)
            is_plain = _is_text(form) and id(node) in conditional and id(node) not in knowing
            if _known(form, literals) and not is_plain:
                found[f"it returns the test's {_shown(form)}"] += 1
    return found


def _python_case(node: ast.AST, literals: frozenset[str]) -> Iterator[str]:
    if isinstance(node, ast.Dict):
        for key, value in zip(node.keys, node.values, strict=True):
            if _known(_form(key), literals) and _known(_form(value), literals):
                yield f"it has a table with the test's {_shown(_form(key))}"
        return
    for word, item in _python_uses(node):
        form = _form(item) if isinstance(item, ast.AST) else item
        if _known(form, literals):
            yield f"it {word} the test's {_shown(form)}"


def _python_uses(node: ast.AST) -> Iterator[tuple[str, ast.AST | str | None]]:
    """Yield what a program does with a value if it wants to know it again."""
    if isinstance(node, ast.Compare):
        yield from _compared(node)
    elif isinstance(node, ast.MatchValue):
        yield "has a case for", node.value
    elif isinstance(node, ast.MatchSequence):
        values = [p.value for p in node.patterns if isinstance(p, ast.MatchValue)]
        if len(values) == len(node.patterns):
            yield "has a case for", _joined("[{}]", [_form(value) for value in values])
    elif isinstance(node, ast.Call):
        if isinstance(node.func, ast.Attribute) and node.func.attr == "__eq__":
            yield from (("compares with", argument) for argument in node.args)
    elif isinstance(node, ast.Assign):
        yield "sets", None if _is_text(_form(node.value)) else node.value
    elif isinstance(node, ast.List | ast.Tuple) and _form(node) is not None:
        # Lists of words are what many programs are made of.
        yield from (("lists", item) for item in node.elts if not _is_text(_form(item)))


def _compared(node: ast.Compare) -> Iterator[tuple[str, ast.AST]]:
    if any(isinstance(one, ast.Eq | ast.NotEq | ast.Is | ast.IsNot) for one in node.ops):
        for side in (node.left, *node.comparators):
            yield "compares with", side
    for operator, side in zip(node.ops, node.comparators, strict=True):
        is_search = isinstance(operator, ast.In | ast.NotIn)
        if is_search and isinstance(side, ast.List | ast.Tuple | ast.Set):
            for item in side.elts:
                yield "looks for", item


def _go_cases(text: str, literals: frozenset[str]) -> Counter[str]:
    tree = parse(text, "go")
    found: Counter[str] = Counter()
    if tree is not None:
        for node in tree.walk():
            found.update(_go_case(tree, node, literals))
    return found


def _go_case(  # noqa: C901, PLR0912 - one branch for each kind of node
    tree: Tree, node: Node, literals: frozenset[str]
) -> Iterator[str]:
    def known(one: Node | None) -> str:
        form = _go_form(tree, one) if one is not None else None
        return _shown(form) if _known(form, literals) else ""

    if node.type == "binary_expression":
        operator = node.child_by_field_name("operator")
        if operator is not None and operator.type in {"==", "!="}:
            for field in ("left", "right"):
                if shown := known(node.child_by_field_name(field)):
                    yield f"it compares with the test's {shown}"
    elif node.type == "expression_case":
        values = node.child_by_field_name("value")
        for value in values.named_children if values is not None else ():
            if shown := known(value):
                yield f"it has a case for the test's {shown}"
    elif node.type == "keyed_element" and node.named_child_count > 1:
        pair = [known(_element(child)) for child in node.named_children[:2]]
        if all(pair):
            yield f"it has a table with the test's {pair[0]}"
    elif node.type == "call_expression":
        function = node.child_by_field_name("function")
        name = tree.text_of(function).rpartition(".")[2] if function is not None else ""
        arguments = node.child_by_field_name("arguments")
        for argument in arguments.named_children if arguments is not None else ():
            if name in {"Equal", "DeepEqual", "EqualFold", "Compare"} and (
                shown := known(argument)
            ):
                yield f"it compares with the test's {shown}"
    elif node.type == "return_statement":
        for value in node.named_children[0].named_children if node.named_child_count else ():
            shown = known(value)
            if shown and (not shown.startswith("`'") or _is_unconditional(node)):
                yield f"it returns the test's {shown}"


def _is_unconditional(node: Node) -> bool:
    parent = node.parent
    while parent is not None and "declaration" not in parent.type:
        if parent.type in {"if_statement", "for_statement", "expression_case", "default_case"}:
            return False
        parent = parent.parent
    return True


def _element(node: Node) -> Node | None:
    if node.type != "literal_element":
        return node
    return node.named_child(0) if node.named_child_count else None


def _go_form(tree: Tree, node: Node) -> str | None:
    """Return the one form of a Go literal; None for what is none."""
    if node.type not in _GO_LITERALS:
        return None
    text = tree.text_of(node)
    if node.type in {"true", "false", "nil"}:
        return {"true": "True", "false": "False", "nil": "None"}[node.type]
    if node.type == "raw_string_literal":
        return repr(text.strip("`"))
    if node.type == "unary_expression":
        inner = node.child_by_field_name("operand")
        form = _go_form(tree, inner) if inner is not None and text.startswith("-") else None
        return f"-{form}" if form and form[:1].isdigit() else None
    if node.type == "composite_literal":
        return _go_composite(tree, node)
    return _read(text)


def _go_composite(tree: Tree, node: Node) -> str | None:
    body = node.child_by_field_name("body")
    kind = node.child_by_field_name("type")
    if body is None or kind is None or kind.type not in {"slice_type", "array_type"}:
        return None
    items = [_element(child) for child in body.named_children if child.type != "comment"]
    return _joined("[{}]", [_go_form(tree, item) if item else None for item in items])


def _shown(form: str | None) -> str:
    text = form or ""
    return f"`{text if len(text) <= _MAX_SHOWN else text[: _MAX_SHOWN - 1] + '…'}`"
