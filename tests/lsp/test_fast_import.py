"""The quick import gives the same types as the stock one."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

# Prints what the types do with a set of messages, as one JSON line. Run with and without ours.
PROBE = r"""
import json, sys
if sys.argv[1] == "ours":
    import ducktypist.lsp
import attrs
from lsprotocol import converters, types as t
converter = converters.get_converter()
MESSAGES = [
  ("InitializeRequest", {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {
    "processId": None, "rootUri": "file:///w", "trace": "off", "workspaceFolders": None,
    "initializationOptions": {"trusted": True, "model": {"name": "x"}, "n": [1, 2.5, None]},
    "capabilities": {"general": {"positionEncodings": ["utf-8", "utf-16"]},
      "workspace": {"applyEdit": True, "workspaceEdit": {"documentChanges": True,
        "changeAnnotationSupport": {"groupsOnLabel": True}}},
      "textDocument": {"hover": {"contentFormat": ["markdown"]},
        "codeAction": {"resolveSupport": {"properties": ["edit"]}, "dataSupport": True,
          "codeActionLiteralSupport": {"codeActionKind": {"valueSet": ["quickfix"]}}}}}}}),
  ("DidChangeTextDocumentNotification", {"jsonrpc": "2.0", "method": "textDocument/didChange",
    "params": {"textDocument": {"uri": "file:///a", "version": 2}, "contentChanges": [
      {"range": {"start": {"line": 0, "character": 1}, "end": {"line": 0, "character": 2}},
       "text": "\ud800x"}, {"text": "whole"}]}}),
  ("CodeActionRequest", {"jsonrpc": "2.0", "id": "s", "method": "textDocument/codeAction",
    "params": {"textDocument": {"uri": "u"}, "range": {"start": {"line": 1, "character": 0},
      "end": {"line": 1, "character": 0}}, "context": {"only": ["quickfix"], "diagnostics": [
      {"range": {"start": {"line": 1, "character": 0}, "end": {"line": 1, "character": 4}},
       "message": "m", "severity": 1, "code": "n::id", "source": "s", "data": {"k": [1]}}]}}}),
  ("CodeActionResponse", {"jsonrpc": "2.0", "id": 3, "result": [{"title": "t", "kind": "quickfix",
    "data": {"verdict": {"passed": 3}}, "edit": {"documentChanges": [{"textDocument":
      {"uri": "u", "version": None}, "edits": [{"range": {"start": {"line": 0, "character": 0},
      "end": {"line": 0, "character": 0}}, "newText": "x", "annotationId": "a"}]}],
      "changeAnnotations": {"a": {"label": "l"}}}}, {"title": "c", "command": "x"}]}),
  ("InlineCompletionResponse", {"jsonrpc": "2.0", "id": 4, "result": {"items": [
    {"insertText": "x", "command": {"title": "t", "command": "c", "arguments": ["id"]}}]}}),
  ("HoverRequest", {"jsonrpc": "2.0", "id": 5, "method": "textDocument/hover", "params":
    {"textDocument": {"uri": "u"}, "position": {"line": -1, "character": 0}}}),
  ("HoverRequest", {"jsonrpc": "2.0", "id": 5, "method": "textDocument/hover", "params": {}}),
  ("HoverRequest", {"jsonrpc": "2.0", "id": 5, "method": "textDocument/hover", "params": [1]}),
  ("ProgressNotification", {"jsonrpc": "2.0", "method": "$/progress",
    "params": {"token": 1, "value": {"kind": "end", "message": None}}}),
  ("RegistrationRequest", {"jsonrpc": "2.0", "id": 6, "method": "client/registerCapability",
    "params": {"registrations": [{"id": "i", "method": "m", "registerOptions": {"a": 1}}]}}),
]
out = []
for name, message in MESSAGES:
    kind = getattr(t, name)
    try:
        one = converter.structure(message, kind)
        two = converter.structure(message, kind)
        out.append([name, repr(one), one == two, one != two, converter.unstructure(one),
                    [field.name + repr(field.type) for field in attrs.fields(type(one))]])
    except Exception as error:
        out.append([name, type(error).__name__])
a, b = t.Position(1, 2), t.Position(1, 3)
out.append([a < b, a == b, a <= a, repr(a), sorted([b, a])[0] is a, repr(t.Range(a, b))])
for wrong in ({"line": 0}, {"line": -1, "character": 0}, {"line": "x", "character": 0}):
    try: out.append(repr(t.Position(**wrong)))
    except Exception as error: out.append([type(error).__name__, str(error)])
try: a.line = -5
except ValueError as error: out.append(str(error))
def unhashable(value):
    try: hash(value)
    except TypeError: return True
    return False
out.append([unhashable(a), unhashable(t.Range(a, b)), t.Hover(contents="x") == t.Hover("x")])
match t.Range(a, b):
    case t.Range(start, end): out.append([repr(start), repr(end)])
for name in sys.argv[2:]:
    cls = getattr(t, name)
    out.append([name, attrs.has(cls), cls.__name__, cls.__module__, bool(cls.__doc__), [
        [f.name, repr(f.type), repr(f.default), f.kw_only] for f in attrs.fields(cls)]])
print(json.dumps(out))
"""

LIST_CLASSES = """
import attrs, json
from lsprotocol import types as t
print(json.dumps([n for n, c in vars(t).items() if isinstance(c, type) and attrs.has(c)]))
"""


def probe(which: str, *names: str) -> list[object]:
    """Return what the types do in a fresh interpreter."""
    done = subprocess.run(
        [sys.executable, "-c", PROBE, which, *names], capture_output=True, text=True, check=True
    )
    found: list[object] = json.loads(done.stdout)
    return found


def test_types_behave_as_stock_ones() -> None:
    """Structure, unstructure, equality, order, repr, hashing and validation are the same."""
    ours, stock = probe("ours"), probe("stock")
    assert ours == stock
    assert any("ClassValidationError" in str(item) for item in ours)


def test_every_class_has_the_stock_fields() -> None:
    """All classes have the same fields with the same types and defaults."""
    names = json.loads(
        subprocess.run(
            [
                sys.executable,
                "-c",
                LIST_CLASSES,
            ],
            capture_output=True,
            text=True,
            check=True,
        ).stdout
    )
    assert len(names) > 500
    assert probe("ours", *names) == probe("stock", *names)


def test_most_classes_are_never_created() -> None:
    """Answering initialize creates a small part of the classes; that is the gain."""
    code = (
        "import ducktypist.lsp, sys\n"
        "from ducktypist.lsp.protocol import DucktypistProtocol\n"
        "from pygls.lsp.server import LanguageServer\n"
        "LanguageServer('x', '1', protocol_cls=DucktypistProtocol)\n"
        "from lsprotocol import types as t\n"
        "kinds = [c for c in vars(t).values() if isinstance(c, type)]\n"
        "made = [c for c in kinds if isinstance(c.__dict__.get('__attrs_attrs__'), tuple)]\n"
        "late = [c for c in kinds if '__attrs_attrs__' in c.__dict__]\n"
        "print(len(made), len(late))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    made, late = map(int, done.stdout.split())
    assert made < 60
    assert late > 500


def test_threads_may_ask_for_the_same_class() -> None:
    """Two threads that need a class first at the same time both get it whole."""
    code = (
        "import sys; sys.setswitchinterval(1e-6)\n"
        "import ducktypist.lsp\n"
        "from concurrent.futures import ThreadPoolExecutor\n"
        "from threading import Barrier\n"
        "from lsprotocol import types as t\n"
        "barrier = Barrier(8)\n"
        "def make(_):\n"
        "    barrier.wait()\n"
        "    return [t.Position(1, 2), t.Location('u', None), t.Hover('x'),\n"
        "            t.CodeAction('t'), t.WorkspaceEdit(), t.CompletionItem('l')]\n"
        "with ThreadPoolExecutor(8) as pool:\n"
        "    found = list(pool.map(make, range(8)))\n"
        "assert all(each == found[0] for each in found)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_other_attrs_classes_are_left_alone() -> None:
    """``attrs.define`` is the stock one again afterwards."""
    import attr  # noqa: PLC0415 - what is compared
    import attrs  # noqa: PLC0415 - what is compared

    import ducktypist.lsp  # noqa: F401, PLC0415 - what is tested

    assert attrs.define is attr.define

    @attrs.define
    class Mine:
        x: int

    with pytest.raises(AttributeError):
        Mine(1).y = 2  # type: ignore[attr-defined] # the point
