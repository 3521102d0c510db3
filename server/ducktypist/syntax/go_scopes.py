"""Which variable a name in a Go file means: locals, package variables, fields. One file at a time.

A reader's understanding and no type checker's: where it does not know a type it takes the only
struct of the file with a field of that name. What it takes for the same variable wrongly is found
out by running.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass

import tree_sitter

from ducktypist.syntax.go_declared import FUNCTIONS, bare, declared_in, element, enclosing, is_left
from ducktypist.syntax.parse import Tree, parse, walk

_DECLARED_FUNCTIONS = frozenset({"function_declaration", "method_declaration"})
_WRITING_CALLS = frozenset({"delete", "clear", "copy"})
_READING_METHODS = frozenset({"Load", "Len", "String", "Error", "Format", "Unix", "Sub"})
_READING_ATOMICS = ("atomic.Load",)
_LITERALS = {"true": "bool", "false": "bool", "int_literal": "int"}
_BUILTIN = frozenset({"int", "string", "error", "any", "bool", "float64", "byte"})
_MAX_TYPE_STEPS = 6
ELSEWHERE = -1
"""Where a field is declared whose struct another file has."""


class VariableKind(enum.StrEnum):
    """Where a variable lives."""

    FIELD = "field"
    PACKAGE = "package"
    LOCAL = "local"


@dataclass(frozen=True, slots=True, kw_only=True)
class Variable:
    """One variable, or one field of all values of a struct."""

    kind: VariableKind
    name: str
    owner: str
    """The struct's name, the qualified name of the declaring function, or empty."""
    declared_at: int
    """Code point of the name in its declaration; tells locals of one name apart."""
    type_text: str
    """As the file has it; empty when it is not written there."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Use:
    """One place where a variable is read or written."""

    variable: Variable
    node: tree_sitter.Node
    """The identifier, or the whole selector of a field."""
    strength: int
    """2 when the variable itself (an element counts) is written, 1 when something that it leads
    to is, 0 when it is read."""
    base: str
    """What stands before a field, such as ``c`` in ``c.hits``; empty for other variables."""
    function: tree_sitter.Node
    """The innermost function or function literal around it."""

    @property
    def is_write(self) -> bool:
        """Whether the variable itself is written."""
        return self.strength == 2  # noqa: PLR2004 - the field's docstring says what 2 is


class GoFile:
    """The variables of one Go file."""

    def __init__(self, tree: Tree) -> None:
        self.tree = tree
        self.structs: dict[str, tree_sitter.Node] = {}
        """Field lists by the struct's name."""
        self.fields: dict[str, dict[str, Variable]] = {}
        """Fields by struct and name."""
        self.package: dict[str, Variable] = {}
        """Package variables by name."""
        self.results: dict[str, str] = {}
        """Result types of functions by their own name."""
        for node in tree.root.children:
            self._declaration(node)

    @classmethod
    def of(cls, text: str) -> GoFile | None:
        """Return what is known of a text, None when there is no tree of it."""
        tree = parse(text, "go")
        return cls(tree) if tree is not None else None

    def functions(self) -> list[tree_sitter.Node]:
        """Return the declared functions and methods."""
        return [node for node in self.tree.root.children if node.type in _DECLARED_FUNCTIONS]

    def name_of(self, function: tree_sitter.Node) -> str:
        """Return the qualified name of the declaration that a function node is or lies in."""
        node: tree_sitter.Node | None = function
        while node is not None and node.type not in _DECLARED_FUNCTIONS:
            node = node.parent
        name = node.child_by_field_name("name") if node is not None else None
        if node is None or name is None:
            return ""
        receiver = node.child_by_field_name("receiver")
        own = self.tree.text_of(name)
        kinds = [
            self.tree.text_of(kind)
            for item in (receiver.named_children if receiver is not None else [])
            if (kind := item.child_by_field_name("type")) is not None
        ]
        return f"{bare(kinds[0])}.{own}" if kinds else own

    def uses(self) -> list[Use]:
        """Return every use of a variable inside the functions, in the order of the text."""
        found: list[Use] = []
        for function in self.functions():
            body = function.child_by_field_name("body")
            for node in walk(body) if body is not None else ():
                use = self._use(node)
                if use is not None:
                    found.append(use)
        return found

    def uses_on(self, line: int, uses: list[Use]) -> list[Use]:
        """Return the uses that stand on a 1-based line."""
        return [use for use in uses if use.node.start_point[0] <= line - 1 <= use.node.end_point[0]]

    def declaration(self, node: tree_sitter.Node, name: str) -> tree_sitter.Node | None:
        """Return the identifier that declares what ``name`` means at ``node``; None: no local."""
        child, scope, declares = node, node.parent, False
        while scope is not None:
            # What stands on the right side of a declaration does not mean what it declares.
            declares = declares or is_left(scope, child)
            for declared in declared_in(scope, child, with_child=declares):
                if self.tree.text_of(declared) == name:
                    return declared
            child, scope = scope, scope.parent
        return None

    def type_of(self, node: tree_sitter.Node, steps: int = 0) -> str:
        """Return the type of an expression as far as the file says it; empty when it does not."""
        operand = node.child_by_field_name("operand")
        if steps > _MAX_TYPE_STEPS:
            return ""
        if node.type == "parenthesized_expression" and node.named_children:
            return self.type_of(node.named_children[0], steps + 1)
        if node.type == "index_expression" and operand is not None:
            return element(self.type_of(operand, steps + 1))
        if node.type == "unary_expression" and operand is not None:
            inner = self.type_of(operand, steps + 1)
            is_pointer = self.tree.text_of(node).startswith("*")
            return inner.removeprefix("*") if is_pointer else inner
        return self._type_of_leaf(node, steps)

    def _type_of_leaf(self, node: tree_sitter.Node, steps: int) -> str:
        if node.type in {"identifier", "selector_expression"}:
            is_name = node.type == "identifier"
            variable = self._identifier(node) if is_name else self._field(node, steps)
            return variable.type_text if variable is not None else ""
        if node.type == "composite_literal":
            kind = node.child_by_field_name("type")
            return self.tree.text_of(kind) if kind is not None else ""
        if node.type == "call_expression":
            return self._type_of_call(node)
        return _LITERALS.get(node.type, "")

    def _type_of_call(self, node: tree_sitter.Node) -> str:
        function, arguments = (node.child_by_field_name(name) for name in ("function", "arguments"))
        if function is None:
            return ""
        name = self.tree.text_of(function).rpartition(".")[2]
        if name in {"new", "make"} and arguments is not None and arguments.named_children:
            return self.tree.text_of(arguments.named_children[0])
        return self.results.get(name, "")

    def _declaration(self, node: tree_sitter.Node) -> None:
        text = self.tree.text_of
        if node.type in _DECLARED_FUNCTIONS:
            name, result = node.child_by_field_name("name"), node.child_by_field_name("result")
            if name is not None and result is not None and result.type != "parameter_list":
                self.results[text(name)] = text(result)
        elif node.type == "type_declaration":
            for spec in node.named_children:
                name, kind = spec.child_by_field_name("name"), spec.child_by_field_name("type")
                if name is not None and kind is not None and kind.type == "struct_type":
                    self._struct(text(name), kind)
        elif node.type == "var_declaration":
            for spec in walk(node):
                if spec.type == "var_spec":
                    kind_text = self._type_of_spec(spec)
                    for name in spec.children_by_field_name("name"):
                        self.package[text(name)] = Variable(
                            kind=VariableKind.PACKAGE,
                            name=text(name),
                            owner="",
                            declared_at=self.tree.offset(name.start_byte),
                            type_text=kind_text,
                        )

    def _struct(self, owner: str, node: tree_sitter.Node) -> None:
        text, fields = self.tree.text_of, self.fields.setdefault(owner, {})
        for listed in node.named_children:
            if listed.type != "field_declaration_list":
                continue
            self.structs[owner] = listed
            for item in listed.named_children:
                kind = item.child_by_field_name("type")
                if item.type != "field_declaration" or kind is None:
                    continue
                names = item.children_by_field_name("name")
                for name in names or [kind]:
                    own = text(name) if names else bare(text(kind)).rpartition(".")[2]
                    fields[own] = Variable(
                        kind=VariableKind.FIELD,
                        name=own,
                        owner=owner,
                        declared_at=self.tree.offset(name.start_byte),
                        type_text=text(kind),
                    )

    def _type_of_spec(self, spec: tree_sitter.Node) -> str:
        kind, value = spec.child_by_field_name("type"), spec.child_by_field_name("value")
        if kind is not None:
            return self.tree.text_of(kind)
        return self.type_of(value.named_children[0]) if value and value.named_children else ""

    def _use(self, node: tree_sitter.Node) -> Use | None:
        parent = node.parent
        if parent is None:
            return None
        variable, base = None, ""
        if node.type == "identifier":
            variable = self._identifier(node)
            if variable is None or variable.declared_at == self.tree.offset(node.start_byte):
                return None
        elif node.type == "selector_expression":
            operand = node.child_by_field_name("operand")
            variable = self._field(node, 0)
            base = self.tree.text_of(operand) if operand is not None else ""
        if variable is None:
            return None
        function = enclosing(node, FUNCTIONS)
        if function is None:
            return None
        return Use(
            variable=variable,
            node=node,
            strength=self._strength(node),
            base=base,
            function=function,
        )

    def _identifier(self, node: tree_sitter.Node) -> Variable | None:
        name = self.tree.text_of(node)
        parent = node.parent
        if name == "_" or (parent is not None and parent.type == "keyed_element"):
            return None
        declared = self.declaration(node, name)
        if declared is None:
            return self.package.get(name)
        function = enclosing(declared, FUNCTIONS)
        return Variable(
            kind=VariableKind.LOCAL,
            name=name,
            owner=self.name_of(function) if function is not None else "",
            declared_at=self.tree.offset(declared.start_byte),
            type_text=self._type_of_local(declared),
        )

    def _type_of_local(self, declared: tree_sitter.Node) -> str:
        holder = declared.parent
        if holder is None:
            return ""
        if holder.type in {"parameter_declaration", "variadic_parameter_declaration"}:
            kind = holder.child_by_field_name("type")
            many = "[]" if holder.type.startswith("variadic") else ""
            return many + self.tree.text_of(kind) if kind is not None else ""
        if holder.type == "var_spec":
            return self._type_of_spec(holder)
        return self._type_from_right(declared, holder)

    def _type_from_right(self, declared: tree_sitter.Node, left: tree_sitter.Node) -> str:
        """Return the type that a name gets from the right side of its declaration."""
        statement = left.parent
        right = statement.child_by_field_name("right") if statement is not None else None
        if statement is None or right is None:
            return ""
        names = left.named_children
        if statement.type == "range_clause":
            return element(self.type_of(right)) if names[1:2] == [declared] else ""
        values = right.named_children
        if statement.type != "short_var_declaration" or len(values) != len(names):
            return ""
        return self.type_of(values[names.index(declared)])

    def _field(self, node: tree_sitter.Node, steps: int) -> Variable | None:
        operand, field = node.child_by_field_name("operand"), node.child_by_field_name("field")
        if operand is None or field is None:
            return None
        name = self.tree.text_of(field)
        owner = bare(self.type_of(operand, steps + 1))
        if owner in self.fields:
            return self.fields[owner].get(name)
        if owner:
            return self._elsewhere(node, owner, name)
        having = [fields[name] for fields in self.fields.values() if name in fields]
        return having[0] if len(having) == 1 else None

    def _elsewhere(self, node: tree_sitter.Node, owner: str, name: str) -> Variable | None:
        """Return a field of a struct that another file of the package declares."""
        parent = node.parent
        is_called = parent is not None and parent.child_by_field_name("function") == node
        if is_called or "." in owner or owner in _BUILTIN or not self._is_own(node):
            return None
        return Variable(
            kind=VariableKind.FIELD, name=name, owner=owner, declared_at=ELSEWHERE, type_text=""
        )

    def _is_own(self, node: tree_sitter.Node) -> bool:
        """Tell whether a selector lies in a method, where its receiver's type is the package's."""
        method = enclosing(node, frozenset({"method_declaration"}))
        receiver = method.child_by_field_name("receiver") if method is not None else None
        operand = node.child_by_field_name("operand")
        names = [
            self.tree.text_of(name)
            for item in (receiver.named_children if receiver is not None else [])
            for name in item.children_by_field_name("name")
        ]
        return operand is not None and self.tree.text_of(operand) in names

    def _strength(self, node: tree_sitter.Node) -> int:
        """Tell what is done with the variable at ``node``; see :attr:`Use.strength`."""
        through = False
        current, parent = node, node.parent
        while parent is not None:
            is_operand = parent.child_by_field_name("operand") == current
            if parent.type in {"index_expression", "slice_expression"} and is_operand:
                pass
            elif parent.type == "selector_expression" and is_operand:
                call = parent.parent
                field = parent.child_by_field_name("field")
                if call is not None and call.child_by_field_name("function") == parent:
                    name = self.tree.text_of(field) if field is not None else ""
                    return 0 if name in _READING_METHODS or through else 1
                through = True
            elif parent.type == "unary_expression" and is_operand:
                if self.tree.text_of(parent).startswith("&"):
                    return self._strength_of_address(parent)
                through = True
            elif parent.type != "parenthesized_expression":
                break
            current, parent = parent, parent.parent
        if parent is None or not _is_written(self.tree, current, parent):
            return 0
        return 1 if through else 2

    def _strength_of_address(self, node: tree_sitter.Node) -> int:
        arguments = node.parent
        call = arguments.parent if arguments is not None else None
        function = call.child_by_field_name("function") if call is not None else None
        name = self.tree.text_of(function) if function is not None else ""
        if name.startswith(_READING_ATOMICS):
            return 0
        return 2 if name.startswith("atomic.") else 1


def _is_written(tree: Tree, node: tree_sitter.Node, parent: tree_sitter.Node) -> bool:
    if parent.type in {"inc_statement", "dec_statement"}:
        return True
    if parent.type == "expression_list":
        holder = parent.parent
        return (
            holder is not None
            and holder.type
            in {
                "assignment_statement",
                "short_var_declaration",
                "range_clause",
                "receive_statement",
            }
            and holder.child_by_field_name("left") == parent
        )
    if parent.type == "argument_list" and parent.named_children[:1] == [node]:
        call = parent.parent
        function = call.child_by_field_name("function") if call is not None else None
        return function is not None and tree.text_of(function) in _WRITING_CALLS
    return False
