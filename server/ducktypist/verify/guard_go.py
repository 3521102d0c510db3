"""What a Go text holds that a fix has no need of, counted.

By tree-sitter, so that a text need not compile. Import names are followed, variables are not.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from ducktypist.syntax.parse import Node, Tree, parse

_IMPORTS = frozenset(
    {
        "C",
        "embed",
        "expvar",
        "flag",
        "io/ioutil",
        "log/syslog",
        "os/exec",
        "os/signal",
        "plugin",
        "syscall",
        "testing",
        "unsafe",
    }
)
_IMPORT_TREES = ("debug/", "go/", "golang.org/x/sys", "internal/", "net", "runtime/", "testing/")
_SELECTORS: dict[str, frozenset[str]] = {
    "`{}`": frozenset(
        {
            "os.Args",
            "os.Exit",
            "os.FindProcess",
            "os.Getpid",
            "os.Getppid",
            "os.NewFile",
            "os.StartProcess",
            "os.Stderr",
            "os.Stdout",
            "log.Fatal",
            "log.Fatalf",
            "log.Fatalln",
            "log.SetOutput",
            "runtime.Caller",
            "runtime.Callers",
            "runtime.CallersFrames",
            "runtime.FuncForPC",
            "runtime.GOMAXPROCS",
            "runtime.Goexit",
            "runtime.LockOSThread",
            "runtime.NumGoroutine",
            "runtime.SetFinalizer",
            "runtime.Stack",
            "time.AfterFunc",
            "time.Sleep",
            "reflect.NewAt",
            "reflect.MakeFunc",
        }
    ),
    "a look at the environment": frozenset(
        {
            "os.Environ",
            "os.ExpandEnv",
            "os.Executable",
            "os.Getenv",
            "os.Getwd",
            "os.Hostname",
            "os.LookupEnv",
            "os.Setenv",
            "os.Unsetenv",
        }
    ),
    "a look at the clock": frozenset({"time.After", "time.Now", "time.Since", "time.Until"}),
    "a file that is written": frozenset(
        {
            "os.Chdir",
            "os.Chmod",
            "os.Chtimes",
            "os.Create",
            "os.CreateTemp",
            "os.Link",
            "os.Mkdir",
            "os.MkdirAll",
            "os.MkdirTemp",
            "os.OpenFile",
            "os.Remove",
            "os.RemoveAll",
            "os.Rename",
            "os.Symlink",
            "os.Truncate",
            "os.WriteFile",
        }
    ),
}
_TEXTS = (
    "/proc",
    "/dev/",
    "DUCKTYPIST_",
    "_ducktypist",
    "_test.go",
    "go.mod",
    "test.run",
    "test.v",
    "zz_canary",
)
_DIRECTIVE = re.compile(r"^(//go:\w+|//\s*\+build|//line\b|/\*line\b|//export\b|#cgo)")
_HOOKS = re.compile(r"init|main|(Test|Benchmark|Example|Fuzz)([^a-z].*)?")
_EQUALITIES = frozenset({"Equal", "Equals", "Is", "Eq", "Compare", "Match"})


def suspicions(text: str) -> Counter[str]:
    """Return what is suspicious in a text and how often."""
    found: Counter[str] = Counter()
    tree = parse(text, "go")
    if tree is None:
        return found
    names = _imports(tree)
    for node in tree.walk():
        found.update(_of_node(tree, node, names))
    return found


def _imports(tree: Tree) -> dict[str, str]:
    """Return the name by which each package is known in the file, and its path."""
    found = {}
    for node in tree.walk():
        if node.type == "import_spec":
            path = _text(tree, node.child_by_field_name("path")).strip('"`')
            own = _text(tree, node.child_by_field_name("name"))
            found[own or path.rpartition("/")[2]] = path
    return found


def _of_node(  # noqa: C901, PLR0912 - one branch for each kind of node
    tree: Tree, node: Node, names: dict[str, str]
) -> Iterator[str]:
    match node.type:
        case "import_spec":
            yield from _of_import(tree, node)
        case "selector_expression" | "qualified_type":
            yield from _of_selector(tree, node, names)
        case "call_expression":
            called = _text(tree, node.child_by_field_name("function"))
            if called in {"recover", "print", "println"}:
                yield f"`{called}`"
        case "function_declaration":
            name = _text(tree, node.child_by_field_name("name"))
            if _HOOKS.fullmatch(name):
                yield f"the function `{name}`"
        case "method_declaration":
            yield from _of_method(tree, node)
        case "go_statement":
            yield "a goroutine"
        case "comment":
            directive = _DIRECTIVE.match(tree.text_of(node))
            if directive:
                yield f"the directive `{directive.group()}`"
        case "assignment_statement" | "inc_statement" | "dec_statement":
            yield from _of_assignment(tree, node, names)
        case "interpreted_string_literal" | "raw_string_literal":
            text = tree.text_of(node)
            yield from (f"the text `{word}`" for word in _TEXTS if word in text)
        case "select_statement" if node.named_child_count == 0:
            yield "a wait without end"
        case "parameter_declaration" | "variadic_parameter_declaration":
            if "testing." in tree.text_of(node):
                yield "a parameter of a test"


def _of_import(tree: Tree, node: Node) -> Iterator[str]:
    path = _text(tree, node.child_by_field_name("path")).strip('"`')
    if path in _IMPORTS or path.startswith(_IMPORT_TREES):
        yield f"an import of `{path}`"
    if _text(tree, node.child_by_field_name("name")) in {".", "_"}:
        yield f"an import of `{path}` without its name"


def _of_selector(tree: Tree, node: Node, names: dict[str, str]) -> Iterator[str]:
    package, _, name = tree.text_of(node).partition(".")
    path = names.get(package)
    if path is None:
        return
    dotted = f"{path.rpartition('/')[2]}.{name}"
    for what, selectors in _SELECTORS.items():
        if dotted in selectors:
            yield what.format(dotted)
    if path in {"testing", "unsafe", "syscall", "flag", "os/exec", "runtime/debug"}:
        yield f"`{dotted}`"


def _of_method(tree: Tree, node: Node) -> Iterator[str]:
    name = _text(tree, node.child_by_field_name("name"))
    body = node.child_by_field_name("body")
    if name not in _EQUALITIES or body is None:
        return
    inside = tree.text_of(body).strip("{} \t\r\n;")
    if inside in {"return true", "return 0"}:
        yield f"an `{name}` that is always true"


def _of_assignment(tree: Tree, node: Node, names: dict[str, str]) -> Iterator[str]:
    left = node.child_by_field_name("left") or node
    for target in left.named_children:
        base = target
        while base.type in {"selector_expression", "index_expression"}:
            inner = base.child_by_field_name("operand")
            if inner is None:
                break
            base = inner
        if base is not target and _text(tree, base) in names:
            yield f"a change of `{tree.text_of(target)}`"


def _text(tree: Tree, node: Node | None) -> str:
    return tree.text_of(node) if node is not None else ""
