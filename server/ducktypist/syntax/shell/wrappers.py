"""Where, among the words of one command, those of another begin that it runs.

``find -exec``, ``xargs``, ``sudo`` and their like (POSIX.1-2024, XCU 3, and the tools' own pages),
and which quoted word is a shell text itself (``sh -c``, ``trap``, ``eval``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ducktypist.syntax.shell.model import Word

SHELLS = frozenset({"ash", "bash", "dash", "ksh", "sh", "zsh"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Inner:
    """The words of a command that is run by another."""

    start: int
    """The index of its name among the words of the outer command."""
    end: int
    """The index after its last word."""
    via: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wrapper:
    taking: frozenset[str] = frozenset()
    """Options whose argument is the next word."""
    stopping: frozenset[str] = frozenset()
    """Options with which no command is run."""
    n_operands: int = 0
    """Operands of its own before the command: the duration of ``timeout``."""
    takes_assignments: bool = False


_XARGS_TAKING = (
    "-a -d -E -I -L -n -P -s --arg-file --delimiter --max-args --max-chars --max-procs --max-lines"
)
_SUDO_TAKING = (
    "-u -g -p -C -h -r -t -T -U -D -R --user --group --prompt --host --role --type --chdir"
)
_WRAPPERS: Mapping[str, _Wrapper] = {
    "builtin": _Wrapper(),
    "chroot": _Wrapper(n_operands=1),
    "command": _Wrapper(stopping=frozenset({"-v", "-V"})),
    "doas": _Wrapper(taking=frozenset({"-u", "-C"})),
    "env": _Wrapper(
        taking=frozenset({"-u", "--unset", "-C", "--chdir", "-S", "--split-string"}),
        takes_assignments=True,
    ),
    "exec": _Wrapper(taking=frozenset({"-a"})),
    "flock": _Wrapper(taking=frozenset({"-w", "--timeout", "-E"}), n_operands=1),
    "ionice": _Wrapper(
        taking=frozenset({"-c", "-n", "--class", "--classdata"}),
        stopping=frozenset({"-p", "-P", "-u"}),
    ),
    "nice": _Wrapper(taking=frozenset({"-n", "--adjustment"})),
    "nohup": _Wrapper(),
    "setsid": _Wrapper(),
    "stdbuf": _Wrapper(taking=frozenset({"-i", "-o", "-e", "--input", "--output", "--error"})),
    "sudo": _Wrapper(
        taking=frozenset(_SUDO_TAKING.split()),
        stopping=frozenset({"-e", "-l", "-v", "-k", "-K", "--edit", "--list", "--validate"}),
        takes_assignments=True,
    ),
    "time": _Wrapper(taking=frozenset({"-f", "-o", "--format", "--output"})),
    "timeout": _Wrapper(
        taking=frozenset({"-k", "-s", "--kill-after", "--signal"}),
        n_operands=1,
    ),
    "watch": _Wrapper(taking=frozenset({"-n", "--interval", "-q", "--equexit"})),
    "xargs": _Wrapper(taking=frozenset(_XARGS_TAKING.split())),
}
_EXEC = frozenset({"-exec", "-execdir", "-ok", "-okdir"})
_FINDS = frozenset({"find", "gfind"})


def inner_commands(name: str, words: Sequence[Word]) -> tuple[Inner, ...]:
    """Return the commands that ``name`` runs, as places among ``words``."""
    if name in _FINDS:
        return tuple(_executed(words))
    wrapper = _WRAPPERS.get(name)
    if wrapper is None:
        return ()
    start = _command_start(wrapper, words)
    return () if start is None else (Inner(start=start, end=len(words), via=name),)


def script_word(name: str, words: Sequence[Word]) -> tuple[int, str] | None:
    """Return which of ``words`` is a shell text that ``name`` runs, and by what it is run."""
    if name in SHELLS:
        for index, word in enumerate(words[:-1]):
            if not word.head.startswith("-") or word.head == "--":
                return None
            if not word.head.startswith("--") and "c" in word.head:
                return index + 1, f"{name} -c"
        return None
    if name == "trap" and len(words) > 1 and words[0].head not in {"-", "--", "-l", "-p", "-P"}:
        return 0, "trap"
    if name == "eval" and len(words) == 1:
        return 0, "eval"
    return None


def _executed(words: Sequence[Word]) -> list[Inner]:
    found: list[Inner] = []
    index = 0
    while index < len(words):
        if words[index].head not in _EXEC:
            index += 1
            continue
        start = end = index + 1
        while end < len(words) and not _ends_exec(words, end):
            end += 1
        if end > start:
            found.append(Inner(start=start, end=end, via=words[index].head))
        index = end + 1
    return found


def _ends_exec(words: Sequence[Word], index: int) -> bool:
    """Tell whether ``;`` or the ``+`` after ``{}`` stands there (POSIX.1-2024, XCU 3, find)."""
    head = words[index].head
    return head == ";" or (head == "+" and words[index - 1].head == "{}")


def _command_start(wrapper: _Wrapper, words: Sequence[Word]) -> int | None:
    n_operands = wrapper.n_operands
    is_taken = False
    for index, word in enumerate(words):
        head = word.head
        if is_taken:
            is_taken = False
        elif head.startswith("-") and len(head) > 1 and n_operands == wrapper.n_operands:
            if head in wrapper.stopping:
                return None
            is_taken = _takes_next(head, wrapper.taking)
        elif wrapper.takes_assignments and "=" in head[1:] and head.split("=")[0].isidentifier():
            continue
        elif n_operands:
            n_operands -= 1
        else:
            return index if head or not word.is_literal else None
    return None


def _takes_next(head: str, taking: frozenset[str]) -> bool:
    """Tell whether the argument of an option, or of the last one of a cluster, comes next."""
    if head.startswith("--"):
        return head in taking
    for place, letter in enumerate(head[1:], start=2):
        if f"-{letter}" in taking:
            return place == len(head)
    return False
