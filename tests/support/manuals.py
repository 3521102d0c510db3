"""A manual of a few pages written for tests, so that no installed page is needed."""

from __future__ import annotations

from collections.abc import Sequence

from ducktypist.facts.manual import Manual, OptionEntry, Page

_PAGES = {
    "xargs": (
        "build and run commands from standard input",
        """
        -0 --null || items end with a null character
        -r --no-run-if-empty || runs nothing on empty input
        -n --max-args | N | passes at most N items to each run
        -P --max-procs | N | runs up to N processes at a time
        -I | R | replaces R in the command by an item
        -i --replace | [R] | replaces R in the command by an item
        """,
    ),
    "find": (
        "search for files",
        """
        -type | c | is of type c
        -name | pattern | has a base name that matches pattern
        -mtime | n | was modified n days ago
        -size | n | has the size n
        -perm | mode | has exactly the permissions mode
        -perm | -mode | has all of the permissions mode
        -exec | command ; | runs command for each file
        -exec | command {} + | runs command for many files at once
        -print0 || prints names with a null character after each
        -o || is true if either side is
        -fprintf | file format | writes by format to file
        """,
    ),
    "grep": (
        "print lines that match patterns",
        """
        -i --ignore-case || ignores case
        -E --extended-regexp || takes extended regular expressions
        -A --after-context | NUM | prints NUM lines after a match
        -C --context -NUM | NUM | prints NUM lines around a match
        -e --regexp | PATTERN | uses PATTERN
        --include | GLOB | searches only files that match GLOB
        --color --colour | [WHEN] | marks matches
        """,
    ),
    "tar": (
        "store and extract archives",
        """
        -x --extract || extracts files
        -c --create || creates an archive
        -z --gzip || filters through gzip
        -v --verbose || lists files
        -f --file | ARCHIVE | uses ARCHIVE
        -C --directory | DIR | changes to DIR first
        --strip-components | N | drops N leading components
        """,
    ),
    "sort": (
        "sort lines",
        """
        -t --field-separator | SEP | separates fields by SEP
        -k --key | KEYDEF | sorts by a key
        -u --unique || leaves out repeated lines
        -n --numeric-sort || compares numbers
        -r --reverse || reverses the order
        """,
    ),
    "set": (
        "set shell options",
        """
        -e -o:errexit || exits when a command fails
        -u -o:nounset || refuses unset variables
        -o | [name] | turns on the named option
        -o:pipefail || fails a pipeline when any part fails
        -x -o:xtrace || prints commands
        """,
    ),
    "git": ("the stupid content tracker", "-C | path | runs in path\n--git-dir | path | uses path"),
    "git-commit": (
        "record changes",
        "-a --all || stages changed files\n-m --message | msg | uses msg as the message",
    ),
    "head": ("print the first lines", "-n --lines | N | prints the first N lines"),
    "tail": ("print the last lines", "-n --lines | N | prints the last N lines\n-f || follows"),
    "java": (
        "run a program",
        "-version || prints the version\n-jar | file | runs file\n-client || old\n-v || verbose",
    ),
    "dd": ("copy and convert", "if= | FILE | reads FILE\nof= | FILE | writes FILE"),
    "read": (
        "read a line",
        "-r || keeps backslashes\n-a | NAME | fills an array\n-p | P | prompts",
    ),
    "declare": ("declare variables", "-A || is associative\n-x || exports\n-g || is global"),
    "sed": (
        "edit a stream",
        """
        -n --quiet || prints nothing by itself
        -e --expression | S | adds S
        -i --in-place | [SUFFIX] | edits files
        -f --file | F | reads the script
        """,
    ),
    "awk": ("scan patterns", "-F | fs | separates fields by fs\n-v | var=value | sets var"),
    "chmod": ("change modes", "-R --recursive || changes folders too\n-v --verbose || says so"),
    "cut": ("cut fields", "-d --delimiter | D | separates by D\n-f --fields | LIST | takes LIST"),
    "rm": ("remove files", "-r --recursive || removes folders\n-f --force || never asks"),
    "ls": ("list a folder", "-l || prints long lines\n-a --all || prints hidden names"),
    "timeout": (
        "run with a limit",
        "-k --kill-after | D | kills after D\n-s --signal | S | uses S",
    ),
    "sudo": ("run as somebody else", "-u --user | USER | runs as USER"),
    "env": ("run in another environment", "-i || starts with an empty environment"),
    "date": ("print the date", "-d --date | S | prints the date S\n-u --utc || uses UTC"),
    "kill": ("send a signal", "-l --list || lists signals"),
    "test": ("evaluate a condition", "-f || is a regular file"),
    "trap": ("handle signals", "-p || prints the handlers"),
    "docker": ("run containers", "--context | NAME | uses NAME"),
    "docker-run": ("run a container", "-i || keeps input open\n-t || has a terminal\n--rm || goes"),
    "comm": ("compare", "-1 || hides column 1\n-2 || hides column 2"),
    "join": ("join files", "-1 | FIELD | joins on FIELD of file 1\n-2 | FIELD | of file 2"),
    "diff": ("compare files", "-u -U --unified | NUM | has NUM lines around\n-r || goes deep"),
    "wget": (
        "fetch files",
        """
        -q --quiet || is silent
        -O --output-document | F | writes to F
        -nc --no-clobber || keeps files
        -nd --no-directories || makes no folders
        -nv --no-verbose || says less
        """,
    ),
    "echo": ("print arguments", "-n || prints no newline"),
}


class WrittenManual(Manual):
    """The pages above and no others; counts nothing, reads nothing."""

    def __init__(self) -> None:
        super().__init__(page_dirs=(), cache_dir=None, bundled=False)

    def page(self, names: Sequence[str]) -> Page | None:
        """Return the first page that is written here."""
        return next((_page(name) for name in names if name in _PAGES), None)


def _page(name: str) -> Page:
    summary, options = _PAGES[name]
    source = f"{name}(1)"
    return Page(
        name=name,
        section="1",
        summary=summary,
        source=source,
        options=tuple(_entry(line, source) for line in options.splitlines() if line.strip()),
    )


def _entry(line: str, source: str) -> OptionEntry:
    names, argument, text = (piece.strip() for piece in line.split("|", maxsplit=2))
    return OptionEntry(
        names=tuple(name.replace(":", " ") for name in names.split()),
        argument=argument.strip("[]") or None,
        argument_optional=argument.startswith("["),
        text=text,
        detail=f"{text}.",
        source=source,
    )
