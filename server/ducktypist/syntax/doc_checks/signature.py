"""What a Python function's signature says of the calls that a docstring makes of it.

Pure reading: nothing is imported or evaluated. Not here: finding the calls (``python``).
"""

from __future__ import annotations

import ast
import builtins
import re
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass

from ducktypist.syntax.doc_checks.model import Parameter
from ducktypist.syntax.model import FunctionRegion
from ducktypist.syntax.own_parser import module_of

_KINDS = {
    **dict.fromkeys(("int", "Integral", "SupportsInt", "SupportsIndex"), "int"),
    **dict.fromkeys(("float", "Number", "Real", "SupportsFloat", "Decimal", "Fraction"), "float"),
    **dict.fromkeys(("str", "Text", "AnyStr"), "str"),
    **dict.fromkeys(("list", "List", "Sequence", "Iterable", "Collection"), "list"),
    **dict.fromkeys(("MutableSequence", "Iterator", "Container"), "list"),
    **dict.fromkeys(("dict", "Dict", "Mapping", "MutableMapping"), "dict"),
    **dict.fromkeys(("tuple", "Tuple"), "tuple"),
    **dict.fromkeys(("set", "Set", "frozenset", "FrozenSet", "AbstractSet"), "set"),
    "bytes": "bytes",
    "bool": "bool",
}
_UNKNOWN = frozenset({"Any", "object", "T"})
_TOP = re.compile(
    r"^(?:(?:async[ \t]+)?def[ \t]+(\w+)|class[ \t]+(\w+)|([A-Za-z_]\w*)[ \t]*(?::[^=\n]+)?=(?!=))",
    re.MULTILINE,
)
_IMPORTED = re.compile(r"^(?:from[ \t]+\S+[ \t]+)?import[ \t]+(.+?)$", re.MULTILINE)
_FROM = re.compile(r"^from[ \t]+\S+[ \t]+import[ \t]*\(([^)]*)\)", re.MULTILINE)
SAFE_BUILTINS = frozenset(
    {
        *("abs", "all", "any", "bool", "bytearray", "bytes", "chr", "complex", "dict", "divmod"),
        *("enumerate", "float", "frozenset", "int", "isinstance", "iter", "len", "list", "map"),
        *("max", "min", "next", "ord", "range", "repr", "reversed", "round", "set", "slice"),
        *("sorted", "str", "sum", "tuple", "type", "zip", "Ellipsis", "NotImplemented", "filter"),
    }
)
EXCEPTIONS = frozenset(
    name
    for name, value in vars(builtins).items()
    if isinstance(value, type) and issubclass(value, BaseException)
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """A Python function as its callers see it."""

    arguments: ast.arguments
    """Without ``self`` or ``cls``."""
    parameters: tuple[Parameter, ...]
    """Those that can be given by position or name, in order."""
    result: str
    """The kind of the result as for :class:`Parameter`; ``none`` for ``None``."""
    is_lazy: bool
    """It is declared to give an iterator."""
    is_open: bool
    """It takes any arguments (``*args`` or ``**kwargs``)."""

    def bind(self, call: ast.Call) -> dict[str, ast.expr] | None:
        """Return the arguments by parameter, those of ``*args`` left out; None when refused."""
        if any(isinstance(argument, ast.Starred) for argument in call.args):
            return None
        spec = self.arguments
        positional = [argument.arg for argument in (*spec.posonlyargs, *spec.args)]
        if len(call.args) > len(positional) and spec.vararg is None:
            return None
        bound = dict(zip(positional, call.args, strict=False))
        by_name = {argument.arg for argument in (*spec.args, *spec.kwonlyargs)}
        for keyword in call.keywords:
            if keyword.arg is None or keyword.arg in bound:
                return None
            if keyword.arg not in by_name and spec.kwarg is None:
                return None
            bound[keyword.arg] = keyword.value
        missing = [one.name for one in self.parameters if one.is_required and one.name not in bound]
        return None if missing else bound


def signature_of(text: str, function: FunctionRegion) -> Signature | None:
    """Return a function's signature, None when it cannot be read."""
    source = textwrap.dedent(function.signature.of(text)).strip()
    tree = module_of(source + " pass")
    node = tree.body[0] if tree is not None and tree.body else None
    if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        return None
    arguments = node.args
    if function.class_name is not None and not is_static(text, function):
        first = arguments.posonlyargs or arguments.args
        if not first:
            return None
        del first[0]
    result = node.returns
    is_none = isinstance(result, ast.Constant) and result.value is None
    names = ast.unparse(result) if result is not None else ""
    return Signature(
        arguments=arguments,
        parameters=tuple(_parameters(arguments)),
        result="none" if is_none else kind_of(result),
        is_lazy=bool(re.match(r"(?:typing\.|collections\.abc\.)?(?:Iterator|Generator)\b", names)),
        is_open=arguments.vararg is not None or arguments.kwarg is not None,
    )


def is_static(text: str, function: FunctionRegion) -> bool:
    """Tell whether a method takes no object and no class first."""
    return "staticmethod" in _decorators(text, function)


def needs_object(text: str, function: FunctionRegion) -> bool:
    """Tell whether a method has to be called on an object, and not on its class."""
    return not _decorators(text, function) & {"staticmethod", "classmethod"}


def is_property(text: str, function: FunctionRegion) -> bool:
    """Tell whether a method is read and not called."""
    return bool(_decorators(text, function) & {"property", "cached_property", "setter"})


def names_available(text: str) -> frozenset[str]:
    """Return the names that an expression may use: the module's own, and harmless built-in ones."""
    found = {name for match in _TOP.finditer(text) for name in match.groups() if name}
    listed = [match[1] for match in (*_IMPORTED.finditer(text), *_FROM.finditer(text))]
    for names in listed:
        for part in names.split("#")[0].replace("\n", ",").strip("() ").split(","):
            words = part.split()
            if words:
                found.add(words[-1].partition(".")[0])
    return SAFE_BUILTINS | found


def kind_of(annotation: ast.expr | None) -> str:  # noqa: PLR0911 - one way out for each shape
    """Return the kind that an annotation names; empty when it says nothing certain."""
    if annotation is None:
        return ""
    if isinstance(annotation, ast.Constant) and isinstance(annotation.value, str):
        tree = module_of(annotation.value)
        inner = tree.body[0] if tree is not None and len(tree.body) == 1 else None
        return kind_of(inner.value) if isinstance(inner, ast.Expr) else ""
    if isinstance(annotation, ast.Subscript):
        outer = _last_name(annotation.value)
        if outer == "Optional":
            return kind_of(annotation.slice)
        return "" if outer in {"Union", "Literal", "Annotated"} else kind_of(annotation.value)
    if isinstance(annotation, ast.BinOp) and isinstance(annotation.op, ast.BitOr):
        sides = [annotation.left, annotation.right]
        kinds = {kind_of(side) for side in sides if ast.unparse(side) != "None"}
        if kinds == {"int", "float"}:
            return "float"
        return kinds.pop() if len(kinds) == 1 else ""
    name = _last_name(annotation)
    if not name or name in _UNKNOWN:
        return ""
    return _KINDS.get(name, "other")


def kind_of_value(node: ast.expr) -> str:
    """Return the kind of a literal; empty for anything else."""
    if isinstance(node, ast.UnaryOp):
        return kind_of_value(node.operand)
    if isinstance(node, ast.Constant):
        if node.value is None:
            return "none"
        name = type(node.value).__name__
        return name if name in {"int", "float", "str", "bytes", "bool"} else ""
    by_node = {ast.List: "list", ast.Tuple: "tuple", ast.Set: "set", ast.Dict: "dict"}
    return by_node.get(type(node), "")


def with_examples(
    parameters: tuple[Parameter, ...], bound: Mapping[str, ast.expr]
) -> tuple[Parameter, ...]:
    """Return the parameters with kinds from an example's arguments where none was declared."""
    found = []
    for one in parameters:
        kind = kind_of_value(bound[one.name]) if not one.kind and one.name in bound else ""
        if kind and kind != "none":
            one = Parameter(name=one.name, kind=kind, is_required=one.is_required)  # noqa: PLW2901 - the same, known better
        found.append(one)
    return tuple(found)


def _parameters(arguments: ast.arguments) -> list[Parameter]:
    positional = [*arguments.posonlyargs, *arguments.args]
    n_required = len(positional) - len(arguments.defaults)
    found = [
        Parameter(name=one.arg, kind=kind_of(one.annotation), is_required=index < n_required)
        for index, one in enumerate(positional)
    ]
    for one, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True):
        found.append(
            Parameter(name=one.arg, kind=kind_of(one.annotation), is_required=default is None)
        )
    return found


def _decorators(text: str, function: FunctionRegion) -> set[str]:
    above = text[function.span.start : function.signature.start]
    return set(re.findall(r"@[\w.]*?(\w+)[ \t]*(?:\(|$)", above, re.MULTILINE))


def _last_name(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""
