"""What tree-sitter calls the parts of languages with braces; the table that ``braces`` walks.

Facts only. Go and Bash have rules of their own and files of their own.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from ducktypist.syntax.model import DefinitionKind

_CLASS, _TYPE, _FUNCTION = DefinitionKind.CLASS, DefinitionKind.TYPE, DefinitionKind.FUNCTION
_CONSTANT = DefinitionKind.CONSTANT
_NONE: Mapping[str, str] = MappingProxyType({})
_STUBS = re.IGNORECASE | re.DOTALL


@dataclass(frozen=True, slots=True, kw_only=True)
class BraceLanguage:
    """One language's node types."""

    functions: frozenset[str]
    """Functions with a name of their own and a field ``body``."""
    values: Mapping[str, str] = field(default_factory=lambda: _NONE)
    """What can bind a function that has no name: its type, and its field for the name."""
    unnamed: frozenset[str] = frozenset()
    """Functions that are named by what binds them."""
    bodies: frozenset[str]
    scopes: Mapping[str, str]
    """What qualifies the names in it: its type, and its field for the name."""
    members: frozenset[str]
    """Those scopes whose functions are methods."""
    outer: frozenset[str] = frozenset()
    """What wraps a single declaration and belongs to it: exports, templates."""
    above: frozenset[str] = frozenset()
    """What may stand between the doc comment and the declaration, as its sibling."""
    before: frozenset[str] = frozenset()
    """What stands at the beginning of a declaration and is not of its signature."""
    comments: frozenset[str] = frozenset({"comment"})
    imports: frozenset[str]
    stub: re.Pattern[str]
    """A statement, without its semicolon, that only says that the body is yet to be written."""
    step: str = "    "
    """One step of indentation where the file does not show any."""
    definitions: Mapping[str, DefinitionKind]
    """Other definitions than functions: classes, types, constants, declared functions."""
    fields: frozenset[str]
    """The declarations of a class's data."""
    containers: frozenset[str]
    """Nodes whose named children are statements."""
    blocks: frozenset[str]
    """Nodes that end the header of a compound statement."""


_THROWS = (
    r"throw\s+(?:new\s+)?(?:[\w.:]*NotImplemented\w*|[\w.:]*UnsupportedOperation\w*)\s*(?:\(.*\))?"
    r"|throw\b.*(?:todo|implement).*"
)

_JAVASCRIPT = BraceLanguage(
    functions=frozenset(
        {"function_declaration", "generator_function_declaration", "method_definition"}
    ),
    unnamed=frozenset({"arrow_function", "function_expression", "generator_function"}),
    values={
        "variable_declarator": "name",
        "assignment_expression": "left",
        "pair": "key",
        "field_definition": "property",
        "public_field_definition": "name",
    },
    bodies=frozenset({"statement_block"}),
    scopes={
        "class_declaration": "name",
        "abstract_class_declaration": "name",
        "class": "name",
        "object": "",
        "internal_module": "name",
        "module": "name",
    },
    members=frozenset({"class_declaration", "abstract_class_declaration", "class"}),
    outer=frozenset(
        {
            "export_statement",
            "lexical_declaration",
            "variable_declaration",
            "expression_statement",
            "ambient_declaration",
        }
    ),
    above=frozenset({"decorator"}),
    before=frozenset({"decorator"}),
    comments=frozenset({"comment", "html_comment"}),
    imports=frozenset({"import_statement"}),
    stub=re.compile(_THROWS + r"|[\"']use strict[\"']", _STUBS),
    step="  ",
    definitions={
        "class_declaration": _CLASS,
        "abstract_class_declaration": _CLASS,
        "interface_declaration": _CLASS,
        "enum_declaration": _CLASS,
        "type_alias_declaration": _TYPE,
        "function_signature": _FUNCTION,
        "variable_declarator": _CONSTANT,
    },
    fields=frozenset({"field_definition", "public_field_definition", "property_signature"}),
    containers=frozenset(
        {"program", "statement_block", "class_body", "switch_case", "switch_default"}
        | {"interface_body", "object_type", "enum_body"}
    ),
    blocks=frozenset({"statement_block", "class_body", "switch_body", "switch_case"})
    | {"switch_default", "interface_body", "object_type", "enum_body"},
)

_RUST = BraceLanguage(
    functions=frozenset({"function_item"}),
    bodies=frozenset({"block"}),
    scopes={"impl_item": "type", "trait_item": "name", "mod_item": "name"},
    members=frozenset({"impl_item", "trait_item"}),
    above=frozenset({"attribute_item"}),
    comments=frozenset({"line_comment", "block_comment"}),
    imports=frozenset({"use_declaration", "extern_crate_declaration"}),
    stub=re.compile(
        r"(?:todo|unimplemented)!\s*[(\[{].*[)\]}]|panic!\s*\(.*(?:todo|implement).*\)", _STUBS
    ),
    definitions={
        "struct_item": _CLASS,
        "enum_item": _CLASS,
        "union_item": _CLASS,
        "trait_item": _CLASS,
        "type_item": _TYPE,
        "const_item": _CONSTANT,
        "static_item": _CONSTANT,
    },
    fields=frozenset({"field_declaration", "enum_variant"}),
    containers=frozenset({"source_file", "block", "declaration_list", "match_block"})
    | {"field_declaration_list", "enum_variant_list"},
    blocks=frozenset({"block", "declaration_list", "match_block"})
    | {"field_declaration_list", "enum_variant_list"},
)

_JAVA = BraceLanguage(
    functions=frozenset(
        {
            "method_declaration",
            "constructor_declaration",
            "compact_constructor_declaration",
        }
    ),
    bodies=frozenset({"block", "constructor_body"}),
    scopes={
        "class_declaration": "name",
        "interface_declaration": "name",
        "enum_declaration": "name",
        "record_declaration": "name",
    },
    members=frozenset(
        {"class_declaration", "interface_declaration", "enum_declaration", "record_declaration"}
    ),
    before=frozenset({"marker_annotation", "annotation"}),
    comments=frozenset({"line_comment", "block_comment"}),
    imports=frozenset({"import_declaration"}),
    stub=re.compile(_THROWS, _STUBS),
    definitions={
        "class_declaration": _CLASS,
        "interface_declaration": _CLASS,
        "enum_declaration": _CLASS,
        "record_declaration": _CLASS,
        "annotation_type_declaration": _CLASS,
        "field_declaration": _CONSTANT,
        "constant_declaration": _CONSTANT,
    },
    fields=frozenset({"field_declaration", "enum_constant", "constant_declaration"}),
    containers=frozenset({"program", "block", "constructor_body", "class_body"})
    | {"interface_body", "enum_body_declarations", "switch_block_statement_group"},
    blocks=frozenset({"block", "constructor_body", "class_body", "interface_body", "enum_body"})
    | {"switch_block", "switch_block_statement_group"},
)

_C = BraceLanguage(
    functions=frozenset({"function_definition"}),
    bodies=frozenset({"compound_statement"}),
    scopes={
        "struct_specifier": "name",
        "union_specifier": "name",
        "class_specifier": "name",
        "namespace_definition": "name",
    },
    members=frozenset({"struct_specifier", "union_specifier", "class_specifier"}),
    outer=frozenset({"template_declaration", "linkage_specification"}),
    above=frozenset({"attribute_declaration"}),
    imports=frozenset({"preproc_include", "using_declaration", "import_declaration"}),
    stub=re.compile(_THROWS + r"|assert\s*\(.*(?:todo|implement).*\)", _STUBS),
    definitions={
        "struct_specifier": _CLASS,
        "union_specifier": _CLASS,
        "class_specifier": _CLASS,
        "enum_specifier": _CLASS,
        "type_definition": _TYPE,
        "alias_declaration": _TYPE,
        "preproc_def": _CONSTANT,
        "preproc_function_def": _FUNCTION,
        "declaration": _CONSTANT,
        "field_declaration": _CONSTANT,
    },
    fields=frozenset({"field_declaration", "enumerator"}),
    containers=frozenset({"translation_unit", "compound_statement", "declaration_list"})
    | {"field_declaration_list", "case_statement", "preproc_if", "preproc_ifdef"}
    | {"preproc_else", "preproc_elif"},
    blocks=frozenset({"compound_statement", "declaration_list", "field_declaration_list"})
    | {"enumerator_list"},
)

BRACE_LANGUAGES: Mapping[str, BraceLanguage] = MappingProxyType(
    {
        "javascript": _JAVASCRIPT,
        "typescript": _JAVASCRIPT,
        "tsx": _JAVASCRIPT,
        "rust": _RUST,
        "java": _JAVA,
        "c": _C,
        "cpp": _C,
    }
)
"""By the grammar's name."""
