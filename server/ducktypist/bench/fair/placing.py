"""Puts what a model said into the file that it was asked about, as a person would paste it. Pure.

Nothing is mended but imports of the standard library, which any editor adds and removes on its own,
and alike for every model.
"""

from __future__ import annotations

import re
from typing import Final

from ducktypist.bench.explain.stripping import code_block
from ducktypist.bench.fair.tasks import FairTask, TaskKind
from ducktypist.features.body.answers import with_needed_imports
from ducktypist.syntax.edits import body_edit, reindent
from ducktypist.syntax.lines import indent_of
from ducktypist.syntax.regions import function_named, functions

_PACKAGE: Final = re.compile(r"^package[ \t]+\w+", re.MULTILINE)
_GO_TYPE: Final = re.compile(r"^type[ \t]+(\w+)", re.MULTILINE)
_GO_IMPORTS: Final = re.compile(r'^import[ \t]+(?:\([^)]*\)|"[^"\n]*")[ \t]*\n?', re.MULTILINE)


def placed(task: FairTask, said: str) -> str:
    """Return the whole source file with an answer in its place, empty when there is none."""
    code = code_block(said).rstrip()
    if not code.strip():
        return ""
    if task.kind is TaskKind.RACE or _is_whole(task, code):
        return _with_imports(task, code + "\n")
    region = function_named(task.text, task.language, task.function)
    if region is None:
        return code + "\n"
    own = _own_function(task, code)
    if own is None:
        return _with_imports(task, body_edit(task.text, region, code).apply(task.text))
    start, end = region.span.start, region.span.end
    if task.language == "go":
        pasted = own if _says_again(task, code) else _GO_IMPORTS.sub("", code)
    else:
        pasted = code if "." not in task.function else reindent(own, indent_of(task.text[start:]))
    return _with_imports(task, task.text[:start] + pasted.strip("\n") + task.text[end:])


def _own_function(task: FairTask, code: str) -> str | None:
    """Return the function as an answer writes it, a method's without its class as well."""
    for name in (task.function, task.function.rpartition(".")[2]):
        found = function_named(code, task.language, name)
        if found is not None and (task.language != "go" or name == task.function):
            return found.span.of(code)
    return None


def _says_again(task: FairTask, code: str) -> bool:
    """Tell whether an answer in Go repeats declarations of the file, which Go refuses.

    Python takes them: the later one holds, which is the file's own.
    """
    told, known = (
        {region.qualified_name for region in functions(text, "go")} | {*_GO_TYPE.findall(text)}
        for text in (code, task.text)
    )
    return bool((told & known) - {task.function})


def _is_whole(task: FairTask, code: str) -> bool:
    """Tell whether an answer is the whole file, with what stands around the function."""
    if task.language == "go":
        return _PACKAGE.search(code) is not None
    region = function_named(task.text, task.language, task.function)
    own = function_named(code, task.language, task.function)
    if region is None or own is None:
        return False
    head = task.text[: region.span.start].strip()
    return bool(head) and code.lstrip().startswith(head.split("\n", 1)[0])


def _with_imports(task: FairTask, after: str) -> str:
    return with_needed_imports(task.text, after, task.language)
