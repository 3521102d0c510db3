"""What a Python text holds that a fix has no need of, counted.

Names are followed through imports and their aliases, not through variables: what hides behind a
computed string is left to the run's canaries.
"""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Callable, Iterator

from ducktypist.syntax.own_parser import module_of
from ducktypist.verify import guard_python_names as known

_DOCTEST_OPTION = re.compile(r"doctest:\s*[+-]|:\s*nodoctest|pragma:\s*no\s*cover")
_MODE = re.compile(r"[rwaxbt+U]{1,4}")
_MIN_TYPE_ARGUMENTS = 3


def suspicions(text: str) -> Counter[str] | None:
    """Return what is suspicious in a text and how often; None when it does not parse."""
    tree = module_of(text)
    if tree is None:
        return None
    names = _Names(tree)
    found: Counter[str] = Counter()
    for node in ast.walk(tree):
        for kind, look in _LOOKS:
            if isinstance(node, kind):
                found.update(look(node, names))
    options = len(_DOCTEST_OPTION.findall(text))
    if options:
        found["an option that leaves code out of tests"] = options
    return found


class _Names:
    """What the names bound by imports stand for, and the classes there are."""

    def __init__(self, tree: ast.Module) -> None:
        self.imported: dict[str, str] = {}
        self.bound: set[str] = set()
        modules: set[str] = set()
        roots: set[int] = set()
        for node in ast.walk(tree):
            if isinstance(node, ast.arg):
                self.bound.add(node.arg)
            elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                self.bound.add(node.id)
            elif isinstance(node, ast.Import):
                for name in node.names:
                    top = name.name.partition(".")[0]
                    self.imported[name.asname or top] = name.name if name.asname else top
                    modules.add(name.asname or top)
            elif isinstance(node, ast.Attribute):
                roots.add(id(node.value))
            elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                roots.add(id(node.func))
            elif isinstance(node, ast.ImportFrom):
                module = "." * node.level + (node.module or "")
                for name in node.names:
                    self.imported[name.asname or name.name] = f"{module}.{name.name}"
        self.loose = {
            id(node)
            for node in ast.walk(tree)
            if isinstance(node, ast.Name)
            and isinstance(node.ctx, ast.Load)
            and id(node) not in roots
            and (node.id in modules or node.id in {"getattr", "setattr", "vars"})
        }
        """Modules, and functions that look names up, used as values: known by another name next."""

    def dotted(self, node: ast.AST) -> str:
        """Return a name with its attributes as the import has it, empty for other expressions."""
        if isinstance(node, ast.Name):
            return self.imported.get(node.id, node.id)
        if isinstance(node, ast.Attribute):
            base = self.dotted(node.value)
            return f"{base}.{node.attr}" if base else ""
        return ""

    def is_imported(self, node: ast.AST) -> bool:
        """Tell whether an expression is an imported thing or one of its attributes."""
        while isinstance(node, ast.Attribute):
            node = node.value
        return isinstance(node, ast.Name) and node.id in self.imported


def _of_import(node: ast.Import, _: _Names) -> Iterator[str]:
    for name in node.names:
        if name.name.partition(".")[0] in known.MODULES or name.name in known.MODULES:
            yield f"an import of `{name.name}`"


def _of_import_from(node: ast.ImportFrom, _: _Names) -> Iterator[str]:
    if node.level:
        return
    module = node.module or ""
    if module.partition(".")[0] in known.MODULES or module in known.MODULES:
        yield f"an import of `{module}`"
        return
    for name in node.names:
        if name.name == "*":
            yield f"an import of everything in `{module}`"
        yield from _of_dotted(f"{module}.{name.name}")


def _of_dotted(dotted: str) -> Iterator[str]:
    for what, patterns in known.REFERENCES.items():
        if dotted in patterns:
            yield what.format(dotted)
    if dotted.startswith(known.PREFIXES):
        yield f"`{dotted}`"


def _of_attribute(node: ast.Attribute, names: _Names) -> Iterator[str]:
    if names.is_imported(node):
        dotted = names.dotted(node)
        yield from _of_dotted(dotted)
        # A module reached through another one's imports: `os.sys.modules`.
        last = ".".join(dotted.split(".")[-2:])
        if last != dotted:
            yield from _of_dotted(last)
        if node.attr in known.NAMESPACES:
            yield f"`{dotted}`"
    if node.attr in known.ATTRIBUTES:
        yield f"`{node.attr}`"


def _of_name(node: ast.Name, names: _Names) -> Iterator[str]:
    if id(node) in names.loose:
        yield f"`{node.id}` as a value"
    is_own = node.id in known.WORDS and node.id in names.bound
    if node.id in known.NAMES and not is_own:
        yield f"`{node.id}`"
    elif node.id in names.imported and isinstance(node.ctx, ast.Load):
        yield from _of_dotted(names.imported[node.id])


def _of_text(node: ast.Constant, _: _Names) -> Iterator[str]:
    if isinstance(node.value, str):
        if node.value in known.HIDDEN:
            yield f"the text `{node.value}`"
        yield from (f"the text `{text}`" for text in known.TEXTS if text in node.value)


def _of_call(node: ast.Call, names: _Names) -> Iterator[str]:
    dotted = names.dotted(node.func)
    if dotted in {"getattr", "setattr", "delattr", "vars", "dir"} and node.args:
        is_module = names.is_imported(node.args[0])
        if is_module or dotted == "delattr":
            yield f"`{dotted}` of something imported"
    elif dotted == "open" or dotted.endswith(".open"):
        if _writes(node):
            yield "a file that is written"
    elif dotted == "type" and len(node.args) >= _MIN_TYPE_ARGUMENTS:
        yield "a class made by `type`"
    elif dotted.endswith("suppress") and node.args:
        caught = {names.dotted(argument).rpartition(".")[2] for argument in node.args}
        yield from (f"a catch of `{name}`" for name in sorted(caught & known.CAUGHT))
    if isinstance(node.func, ast.Attribute) and node.func.attr in known.WRITERS:
        yield "a file that is written"


def _writes(node: ast.Call) -> bool:
    """Tell whether a call of something named ``open`` may open for writing."""
    is_plain = isinstance(node.func, ast.Name)
    given = [k.value for k in node.keywords if k.arg == "mode"]
    given += node.args[1:2] if is_plain else node.args[:2]
    modes = [item.value for item in given if isinstance(item, ast.Constant)]
    if is_plain and len(modes) < len(given):
        return True
    words = [mode for mode in modes if isinstance(mode, str) and _MODE.fullmatch(mode)]
    return any(set(mode) & set("wax+") for mode in words)


def _of_handler(node: ast.ExceptHandler, names: _Names) -> Iterator[str]:
    if node.type is None:
        yield "a catch of everything"
        return
    types = node.type.elts if isinstance(node.type, ast.Tuple) else [node.type]
    for one in types:
        name = names.dotted(one).rpartition(".")[2]
        if name in known.CAUGHT:
            yield f"a catch of `{name}`"


def _of_target(node: ast.AST, names: _Names) -> Iterator[str]:
    for target in _targets(node):
        if isinstance(target, ast.Attribute):
            base = names.dotted(target.value)
            if names.is_imported(target.value) or base in known.BUILTIN_TYPES:
                yield f"a change of `{names.dotted(target)}`"
        elif isinstance(target, ast.Subscript) and names.is_imported(target.value):
            yield f"a change of `{names.dotted(target.value)}`"
        elif isinstance(target, ast.Name) and target.id in known.MODULE_MARKS:
            yield f"`{target.id}`"


def _targets(node: ast.AST) -> Iterator[ast.expr]:
    """Yield what a statement assigns to or deletes."""
    targets: list[ast.expr] = []
    if isinstance(node, ast.Assign | ast.Delete):
        targets = list(node.targets)
    elif isinstance(node, ast.withitem):
        targets = [node.optional_vars] if node.optional_vars is not None else []
    elif isinstance(node, ast.AugAssign | ast.AnnAssign | ast.For | ast.NamedExpr):
        targets = [node.target]
    while targets:
        target = targets.pop()
        if isinstance(target, ast.Tuple | ast.List):
            targets += target.elts
        elif isinstance(target, ast.Starred):
            targets.append(target.value)
        else:
            yield target


def _of_class(node: ast.ClassDef, names: _Names) -> Iterator[str]:
    bases = {names.dotted(base).rpartition(".")[2] for base in node.bases}
    if bases & {"BaseException", "type", "SkipTest"}:
        yield f"a class of kind `{min(bases & {'BaseException', 'type', 'SkipTest'})}`"
    if any(keyword.arg == "metaclass" for keyword in node.keywords):
        yield "a metaclass"
    if bases & known.BUILTIN_TYPES - {"object"}:
        # A number that is equal to others is no number.
        for item in node.body:
            if isinstance(item, ast.FunctionDef) and item.name in known.COMPARISONS:
                yield f"an `{item.name}` of its own for a built-in type"


def _of_function(node: ast.FunctionDef | ast.AsyncFunctionDef, _: _Names) -> Iterator[str]:
    if node.name.startswith("pytest_") or node.name in known.HOOKS:
        yield f"the hook `{node.name}`"
    if node.name == "__del__":
        yield "`__del__`"
    if node.name in known.COMPARISONS:
        returns = [item for item in ast.walk(node) if isinstance(item, ast.Return)]
        if returns and all(_is_true(item.value) for item in returns):
            yield f"an `{node.name}` that is always true"
        elif not _looks_at(node.args, node.body, node.name):
            yield f"an `{node.name}` that does not compare"


def _of_alias(node: ast.Assign, _: _Names) -> Iterator[str]:
    """Comparisons that are assigned: ``__eq__ = lambda self, other: True``."""
    for target in node.targets:
        name = str(getattr(target, "id", getattr(target, "attr", "")))
        if name not in known.COMPARISONS:
            continue
        if isinstance(node.value, ast.Lambda):
            if _is_true(node.value.body):
                yield f"an `{name}` that is always true"
            elif not _looks_at(node.value.args, [node.value.body], name):
                yield f"an `{name}` that does not compare"
        else:
            yield f"an `{name}` from elsewhere"


def _looks_at(arguments: ast.arguments, body: list[ast.stmt] | list[ast.expr], name: str) -> bool:
    """Tell whether a comparison uses both sides, except to ask for their types."""
    is_symmetric = name in {"__eq__", "__ne__"}
    plain = [*arguments.posonlyargs, *arguments.args]
    if len(plain) < 2:  # noqa: PLR2004 - self and the other
        return bool(arguments.vararg)
    asked = {
        id(call.args[0])
        for item in body
        for call in ast.walk(item)
        if isinstance(call, ast.Call)
        and isinstance(call.func, ast.Name)
        and call.func.id in {"isinstance", "type", "bool", "id", "print", "repr"}
        and call.args
    }
    used = {
        one.id
        for item in body
        for one in ast.walk(item)
        if isinstance(one, ast.Name) and id(one) not in asked
    }
    return plain[1].arg in used and (plain[0].arg in used or not is_symmetric)


def _is_true(value: ast.expr | None) -> bool:
    return isinstance(value, ast.Constant) and bool(value.value) and value.value is not Ellipsis


_LOOKS: tuple[tuple[type[ast.AST] | tuple[type[ast.AST], ...], Callable[..., Iterator[str]]], ...]
_LOOKS = (
    (ast.Import, _of_import),
    (ast.ImportFrom, _of_import_from),
    (ast.Attribute, _of_attribute),
    (ast.Name, _of_name),
    (ast.Constant, _of_text),
    (ast.Call, _of_call),
    (ast.ExceptHandler, _of_handler),
    (
        (
            ast.Assign,
            ast.Delete,
            ast.AugAssign,
            ast.AnnAssign,
            ast.For,
            ast.withitem,
            ast.NamedExpr,
        ),
        _of_target,
    ),
    (ast.ClassDef, _of_class),
    ((ast.FunctionDef, ast.AsyncFunctionDef), _of_function),
    (ast.Assign, _of_alias),
)
