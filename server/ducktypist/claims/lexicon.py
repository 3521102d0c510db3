"""English words of manuals: endings, small words, words that mean the same, words that clash.

Made for what options do, not for English at large. Words are cut to stems, then stems that mean the
same become one. Phrases of several words are in ``phrases``.
"""

from __future__ import annotations

import functools
import re

from ducktypist.claims.wordlists import words

NEGATIONS = words(
    """
    not no never cannot nor none nothing neither without n't don't doesn't didn't isn't aren't
    won't can't couldn't shouldn't wasn't weren't hasn't haven't wouldn't nobody
    """
)
NEGATING_VERBS = words(
    """
    prevent prevents preventing prevented avoid avoids avoiding avoided suppress suppresses
    suppressing suppressed suppression skip skips skipping skipped omit omits omitting omitted
    disable disables disabling disabled inhibit inhibits bypass bypasses bypassing bypassed
    bypassed refuse refuses hide hides hiding silence silences silencing quiet quiets
    quieting mute mutes muting disallow disallows
    forbid ignore ignores ignoring ignored stop stops stopping instead rather
    """
)
"""What stands behind them does not happen."""

STOP_WORDS = words(
    """
    a an the this that these those it its they them their there here he she we you your our us i
    is are was were be been being am do does did done doing have has had having will would shall
    should can could may might must to of in on at by for from with into onto as and or but if
    then else so than too very just only also both each every any all some such which who whom
    whose what when where while how why because since until about over under again further once
    more most other same own s t up down out off option options flag flags switch parameter
    command-line used use uses using usage tell tells telling told specify specifies specified
    specifying specifically mean means meaning meant make makes making made cause causes causing
    caused allow allows allowing allowed let lets enable enables enabling enabled ensure ensures
    ensuring ensured instruct instructs indicate indicates indicating indicated set sets stand
    stands perform performs want wants wanted need needs needed note see useful helpful help
    helps case cases way example e.g i.e etc given give gives providing provide provides
    provided called call calls like get gets even still being based particular certain specific
    default defaults usually normally currently found possible necessary required way part
     utility tool program one ones two it's that's xargs find sed awk mawk gawk grep
    egrep fgrep tar rsync curl git sort bash shell thus therefore however instead rather
    effectively simply actually purpose purposes able via whether well within between through
    along upon per
    """
)

GENERIC = words(
    """
    file line output input name command argument value string text character data current
    content process item system user number follow pattern directory standard list end start
    operation result information search order specify read match mode show print
    """
)
"""Stems that half of all options share: they say little about which one is meant."""

_SAME = (
    "delete remove erase unlink rm",
    "print show display output list write emit dump report save store shown written wrote",
    "nul null",
    "recursive recursively recursion subdirectory descend traverse",
    "silent quiet quietly silently silence mute",
    "run execute invoke launch ran execution invocation",
    "repeat retry again rerun retries",
    "directory folder dir directories",
    "filename basename",
    "pattern glob wildcard extension suffix",
    "separate delimit split delimiter separator terminate terminator",
    "extract unpack untar expand",
    "archive tarball",
    "create produce generate",
    "compress gzip zip compression compressed bzip2 xz filter",
    "overwrite overwritten replace substitute substitution replacement clobber",
    "edit modify change alter update modification",
    "invert reverse inverse negate opposite",
    "numeric numerical number numerically numeral",
    "unique duplicate distinct dedupe uniq equal",
    "count total",
    "fail error failure failed errors",
    "max maximum most limit upto restrict",
    "min minimum least",
    "ask prompt confirm confirmation interactive interactively",
    "verbose verbosely detail",
    "select choose pick consider",
    "search look scan find searching",
    "match matching",
    "regex expression",
    "extended ere",
    "fixed literal",
    "follow chase",
    "redirect redirection",
    "header headers",
    "post form",
    "method verb",
    "before preceding leading prior",
    "after trailing following",
    "context surrounding",
    "empty blank nothing",
    "bottom depth level levels deep",
    "younger newer recent recently latest",
    "amend tip previous last latest",
    "force forcibly forced",
    "upstream tracking",
    "branch branches",
    "user owner own owned",
    "verify verification check",
    "certificate tls ssl",
    "password credential credentials authentication authenticate username login",
    "continue resume",
    "time seconds second duration",
    "prefix prepend precede",
    "key field column sortkey",
    "stable stabilize",
    "version versions",
    "append add",
    "permission permissions",
    "byte bytes size",
    "stop quit exit halt abort",
    "diff patch",
    "word words whole",
    "entire whole complete",
    "index stage staged staging",
    "untracked untrack",
    "graph graphical tree-like",
    "oneline single compact",
    "buffer buffered",
    "parallel procs",
    "discard lose lost throw destroy reset",
)
"""Words that mean the same where an option is described, a group a line."""

CLASHES = tuple(
    tuple(pair.split("/"))
    for pair in words(
        """
    ascending/reverse first/last include/exclude before/after stdin/stdout stdin/stderr
    stdout/stderr create/extract start/end more/fewer more/less numeric/alphabetic
    casefold/casesense empty/nonempty newer/older upload/download keep/delete create/delete
    enable/disable compress/decompress maximum/minimum local/remote append/overwrite add/delete
    add/discard leading/trailing larger/smaller greater/smaller greater/less parallel/sequential
    upper/lower hard/soft append/create increase/decrease push/pull ask/force
    verbose/silent repeat/run mount/unmount encode/decode encrypt/decrypt lock/unlock
    regex/fixed rename/delete create/print extract/print delete/print append/print
    compress/print
    """
    )
)
"""Words of which one stands in the claim and the other in the fact only if the claim is wrong."""

_IRREGULAR = {
    "ran": "run", "written": "write", "wrote": "write", "shown": "show", "found": "find",
    "kept": "keep", "sent": "send", "read": "read", "chosen": "choose", "lost": "lose",
    "lines": "line", "files": "file", "does": "do", "sorted": "sort", "sorting": "sort",
    "matches": "match", "dies": "die", "begin": "start", "begins": "start", "beginning": "start",
    "finish": "end", "finishes": "end", "indices": "index", "fetched": "fetch", "using": "use",
}  # fmt: skip
_DOUBLED = re.compile(r"([bdgklmnprt])\1$")
_ENDINGS = (
    ("ically", "ic"), ("ical", "ic"), ("fully", "ful"), ("ations", "at"), ("ation", "at"),
    ("ators", "at"), ("ator", "at"), ("ively", "ive"), ("ions", ""), ("ion", ""), ("ings", ""),
    ("ing", ""), ("edly", ""), ("ed", ""), ("ers", "er"), ("ly", ""),
)  # fmt: skip
_MIN_STEM = 3


@functools.lru_cache(maxsize=4096)
def concept(word: str) -> str:
    """Return what a word stands for: its stem, or the first word of its group."""
    cut = stem(word)
    return _groups().get(cut, cut)


@functools.lru_cache(maxsize=4096)
def stem(word: str) -> str:
    """Return a word without its endings, in small letters."""
    low = word.lower().removesuffix("'s").strip("'-")
    low = _IRREGULAR.get(low, low)
    low = _singular(low)
    for ending, left in _ENDINGS:
        if low.endswith(ending) and len(low) - len(ending) >= _MIN_STEM:
            low = low.removesuffix(ending) + left
            if not left:
                low = _DOUBLED.sub(r"\1", low)
            break
    return low.removesuffix("e") if len(low) > _MIN_STEM else low


def _singular(word: str) -> str:
    if len(word) <= _MIN_STEM or word.endswith(("ss", "us", "is")):
        return word
    if word.endswith("ies"):
        return f"{word[:-3]}y"
    if word.endswith(("sses", "xes", "zes", "ches", "shes")):
        return word[:-2]
    return word.removesuffix("s")


@functools.cache
def _groups() -> dict[str, str]:
    table: dict[str, str] = {}
    for line in _SAME:
        first, *others = line.split()
        head = table.get(stem(first), stem(first))
        table.setdefault(stem(first), head)
        for other in others:
            table.setdefault(stem(other), head)
    return table


@functools.cache
def clash_table() -> dict[str, frozenset[str]]:
    """Return for each concept those that it clashes with."""
    table: dict[str, set[str]] = {}
    for left, right in CLASHES:
        one, other = concept(left), concept(right)
        table.setdefault(one, set()).add(other)
        table.setdefault(other, set()).add(one)
    return {word: frozenset(others) for word, others in table.items()}


@functools.cache
def generic_concepts() -> frozenset[str]:
    """Return the concepts that say little about which option is meant."""
    return frozenset(concept(word) for word in GENERIC)


@functools.cache
def known_concepts() -> frozenset[str]:
    """Return the concepts that descriptions of options are made of."""
    return frozenset(_groups().values()) | generic_concepts() | frozenset(clash_table())
