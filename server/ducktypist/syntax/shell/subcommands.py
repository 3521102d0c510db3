"""Which words of a command name its subcommand, and the manual pages that may describe it.

A table of tools that have a page for each subcommand. Nothing is looked up.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ducktypist.syntax.shell.model import Word


@dataclass(frozen=True, slots=True, kw_only=True)
class Subcommand:
    """The subcommand of one command."""

    names: tuple[str, ...] = ()
    n_words: int = 0
    """The words up to and with its last name, options of the tool itself included."""
    page_names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Tool:
    taking: frozenset[str] = frozenset()
    """Options before the subcommand whose argument is the next word."""
    nested: frozenset[str] = frozenset()
    """Subcommands that have subcommands."""
    other_names: Mapping[str, str]
    """Short names of subcommands, and their page's."""


_NO_NAMES: Mapping[str, str] = {}
_TOOLS: Mapping[str, _Tool] = {
    "git": _Tool(
        taking=frozenset({"-C", "-c", "--git-dir", "--work-tree", "--namespace", "--config-env"}),
        other_names=_NO_NAMES,
    ),
    "docker": _Tool(
        taking=frozenset({"-H", "--host", "-c", "--context", "--config", "-l", "--log-level"}),
        nested=frozenset(
            {
                "builder",
                "buildx",
                "compose",
                "config",
                "container",
                "context",
                "image",
                "manifest",
                "network",
                "plugin",
                "secret",
                "service",
                "stack",
                "swarm",
                "system",
                "trust",
                "volume",
            }
        ),
        other_names=_NO_NAMES,
    ),
    "podman": _Tool(
        taking=frozenset({"--url", "--connection", "-c", "--log-level", "--root"}),
        nested=frozenset(
            {"container", "generate", "image", "machine", "network", "play", "pod", "volume"}
        ),
        other_names=_NO_NAMES,
    ),
    "kubectl": _Tool(
        taking=frozenset({"-n", "--namespace", "--context", "--kubeconfig", "-s", "--server"}),
        nested=frozenset({"config", "create", "rollout", "set", "top"}),
        other_names=_NO_NAMES,
    ),
    "ip": _Tool(
        taking=frozenset({"-f", "-family", "-n", "-netns", "-b", "-batch"}),
        other_names={
            "a": "address",
            "addr": "address",
            "l": "link",
            "n": "neighbour",
            "neigh": "neighbour",
            "r": "route",
            "ro": "route",
        },
    ),
    "apt": _Tool(other_names=_NO_NAMES),
    "brew": _Tool(other_names=_NO_NAMES),
    "btrfs": _Tool(other_names=_NO_NAMES),
    "bundle": _Tool(other_names=_NO_NAMES),
    "cargo": _Tool(taking=frozenset({"--color", "--config", "-Z"}), other_names=_NO_NAMES),
    "flatpak": _Tool(other_names=_NO_NAMES),
    "gh": _Tool(
        nested=frozenset({"issue", "pr", "release", "repo", "run", "workflow"}),
        other_names=_NO_NAMES,
    ),
    "go": _Tool(other_names=_NO_NAMES),
    "npm": _Tool(other_names={"i": "install", "run": "run-script"}),
    "openssl": _Tool(other_names=_NO_NAMES),
    "perf": _Tool(other_names=_NO_NAMES),
    "pip": _Tool(other_names=_NO_NAMES),
    "rustup": _Tool(other_names=_NO_NAMES),
    "zfs": _Tool(other_names=_NO_NAMES),
    "zpool": _Tool(other_names=_NO_NAMES),
}
_OTHER_PAGES: Mapping[str, tuple[str, ...]] = {
    "[": ("[", "test"),
    "[[": ("test",),
    ".": (".", "source"),
    "egrep": ("egrep", "grep"),
    "fgrep": ("fgrep", "grep"),
    "gawk": ("gawk", "awk"),
    "gfind": ("find",),
    "ggrep": ("grep",),
    "gsed": ("sed",),
    "gtar": ("tar",),
    "gunzip": ("gunzip", "gzip"),
    "mawk": ("mawk", "awk"),
    "nawk": ("awk",),
    "pip3": ("pip3", "pip"),
    "readarray": ("readarray", "mapfile"),
    "typeset": ("typeset", "declare"),
    "unxz": ("unxz", "xz"),
    "zcat": ("zcat", "gzip"),
}


def subcommand_of(name: str, words: Sequence[Word]) -> Subcommand:
    """Return the subcommand among ``words``, and the pages for the command.

    Args:
        name: The command's name without its folder.
        words: What follows it.
    """
    pages = _OTHER_PAGES.get(name, (name,))
    tool = _TOOLS.get("pip" if name == "pip3" else name)
    if tool is None:
        return Subcommand(page_names=pages)
    names: list[str] = []
    n_words = 0
    for index, word in _operands(words, tool.taking):
        value = word.value
        if not value or not value[0].isalpha():
            break
        names.append(value)
        n_words = index + 1
        if len(names) > 1 or value not in tool.nested:
            break
    if not names:
        return Subcommand(page_names=pages)
    paged = [tool.other_names.get(names[0], names[0]), *names[1:]]
    joined = ["-".join((pages[-1], *paged[:length])) for length in range(len(paged), 0, -1)]
    return Subcommand(names=tuple(names), n_words=n_words, page_names=(*joined, *pages))


def _operands(words: Sequence[Word], taking: frozenset[str]) -> list[tuple[int, Word]]:
    """Return the words before which no option stands that takes them, with their places."""
    found: list[tuple[int, Word]] = []
    is_taken = False
    for index, word in enumerate(words):
        if is_taken:
            is_taken = False
        elif word.head.startswith("-"):
            is_taken = word.head in taking
            if found:
                break
        else:
            found.append((index, word))
    return found
