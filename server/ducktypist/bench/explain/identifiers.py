"""Names that a prose speaks of, found by rules of the bench's own. Pure text.

Nothing of the server's judgement of claims is used, so that what it overlooks is seen here. Names
in code spans count, and outside of them whatever looks like code.
"""

from __future__ import annotations

import builtins
import keyword
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from ducktypist.bench.explain.sentences import sentences
from ducktypist.bench.explain.shown import MARK

_FENCE = re.compile(
    r"^[ \t]*(```|~~~)[^\n]*\n(.*?)(?:^[ \t]*\1[ \t]*$|\Z)", re.MULTILINE | re.DOTALL
)
_SPAN = re.compile(r"(`+)(.+?)\1")
_NAME = re.compile(r"(?<![\w\\])[A-Za-z_]\w*")
_QUOTED = re.compile(r"\"[^\"\n]*\"|'[^'\n]*'")
_LONG_OPTION = re.compile(r"(?<![\w-])--[A-Za-z][\w-]+")
_LIKE_CODE = re.compile(
    r"(?<![\w/.-])(?:"
    r"\$\{?[A-Za-z_]\w*\}?"  # a variable of the shell
    r"|[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*\(\)"  # a call
    r"|(?=[A-Za-z_]*_[A-Za-z0-9_])(?!_\w+_(?!\w))[A-Za-z_]\w*\w"  # snake_case and CONST_CASE
    r"|[a-z]+[a-z0-9]*(?:[A-Z][a-z0-9]*)+"  # camelCase
    r"|[A-Z][a-z0-9]+(?:[A-Z][a-z0-9]+)+"  # PascalCase
    r"|[A-Za-z_]\w+\.(?:py|sh|go|txt|log|json|toml|ya?ml|conf|csv|md|tmp|bak|gz|tar|html)\b"
    r"|(?!(?:e\.g|i\.e|a\.m|p\.m|etc|vs)\b)[a-z_]\w+\.[a-z_]\w+(?:\.[a-z_]\w+)*"  # dotted
    r")"
)
_BRANDS = frozenset({"JavaScript", "TypeScript", "GitHub", "GitLab", "PowerShell", "ShellCheck"})
_SHELL_WORDS = """
    if then elif else fi for while until do done case esac in function select time coproc
    alias bg bind break builtin caller cd command compgen complete continue declare dirs disown
    echo enable eval exec exit export false fc fg getopts hash help history jobs kill let local
    logout mapfile popd printf pushd pwd read readarray readonly return set shift shopt source
    suspend test times trap true type typeset ulimit umask unalias unset wait
    bash sh stdin stdout stderr EXIT INT TERM HUP ERR DEBUG RETURN IFS null"""
_GO_WORDS = """
    break case chan const continue default defer else fallthrough for func go goto if import
    interface map package range return select struct switch type var any bool byte comparable
    complex64 complex128 error float32 float64 int int8 int16 int32 int64 rune string uint uint8
    uint16 uint32 uint64 uintptr true false iota nil append cap clear close complex copy delete
    imag len make max min new panic print println real recover"""
LANGUAGE_WORDS = {
    "python": frozenset({*keyword.kwlist, *keyword.softkwlist, *dir(builtins), "self", "cls"}),
    "shellscript": frozenset(_SHELL_WORDS.split()),
    "go": frozenset(_GO_WORDS.split()),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Mention:
    """One name in one sentence of a prose."""

    name: str
    is_marked: bool
    """Whether one of its mentions in the sentence is marked as unconfirmed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """The names of a prose, by where else they are known; each once."""

    known: tuple[str, ...]
    """In the code or in the facts."""
    of_language: tuple[str, ...]
    """Keywords and builtins, which every code of the language has."""
    marked: tuple[str, ...]
    unknown: tuple[str, ...]
    """In neither, and unmarked somewhere; there are to be none."""


def names_in(prose: str, *, code: str, facts: Iterable[str], language: str) -> Names:
    """Sort the names of a prose.

    Args:
        prose: As shown, with its marks.
        code: All that the prose may speak of.
        facts: The lines that are shown under the prose.
        language: The LSP's id.
    """
    material = "\n".join((code, *facts))
    known_words = set(re.findall(r"\w+", material))
    words = LANGUAGE_WORDS.get(language, frozenset())
    found: dict[str, list[str]] = {"known": [], "of_language": [], "marked": [], "unknown": []}
    for mention in mentions(prose):
        if _is_known(mention.name, known_words, material):
            kind = "known"
        elif mention.name in words:
            kind = "of_language"
        else:
            kind = "marked" if mention.is_marked else "unknown"
        found[kind].append(mention.name)
    return Names(**{kind: tuple(dict.fromkeys(names)) for kind, names in found.items()})


def mentions(prose: str) -> Iterator[Mention]:
    """Yield the names that each sentence of a prose mentions."""
    text = _FENCE.sub(lambda block: f"\n`{' '.join(block[2].split())}`\n", prose)
    for sentence in sentences(text):
        found: dict[str, bool] = {}
        for name, end in _in_sentence(sentence):
            is_marked = sentence[end:].lstrip(" *_'\")").startswith(MARK)
            found[name] = found.get(name, False) or is_marked
        for name, is_marked in found.items():
            yield Mention(name=name, is_marked=is_marked)


def _in_sentence(sentence: str) -> Iterator[tuple[str, int]]:
    """Yield names with where the words that hold them end."""
    outside = list(sentence)
    for span in _SPAN.finditer(sentence):
        outside[span.start() : span.end()] = " " * len(span[0])
        # What stands in quotes is a value, not a name.
        code = _QUOTED.sub(" ", span[2])
        for option in _LONG_OPTION.findall(code):
            yield option, span.end()
        bare = re.sub(r"(?<!\w)-{1,2}[A-Za-z][\w-]*", " ", code)
        for name in _NAME.findall(re.sub(r"\b\d\w*", " ", bare)):
            if len(name) > 1:
                yield name, span.end()
    rest = "".join(outside)
    for option in _LONG_OPTION.finditer(rest):
        yield option[0], option.end()
    for like in _LIKE_CODE.finditer(rest):
        if like[0] not in _BRANDS:
            for name in _NAME.findall(like[0]):
                yield name, like.end()


def _is_known(name: str, words: set[str], material: str) -> bool:
    return name in words or (name.startswith("--") and name in material)
