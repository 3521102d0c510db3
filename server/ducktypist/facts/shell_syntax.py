"""What redirections, substitutions, operators and keywords of the shell mean.

Own words after POSIX.1-2024, XCU 2, and bash(1), with the files, names and commands of the very
text in them. Tests are ``shell_tests``', parameter expansions ``shell_expansions``'.
"""

from __future__ import annotations

from ducktypist.facts.shell_wording import clipped
from ducktypist.syntax.shell import Construct, ConstructKind, Redirection, Word

BASH = "bash(1)"
_REDIRECTING = "POSIX.1-2024, XCU 2.7"
_SUBSTITUTING = "POSIX.1-2024, XCU 2.6.3"
_LISTS = "POSIX.1-2024, XCU 2.9"
_ONLY_BASH = frozenset({"&>", "&>>", "<<<"})

_OPERATORS = {
    "&&": ("what follows runs only if what precedes succeeds (status 0)", _LISTS),
    "||": ("what follows runs only if what precedes fails (status not 0)", _LISTS),
    "|&": ("both standard output and standard error go into the pipe", BASH),
    "&": ("what precedes runs in the background; the shell does not wait for it", _LISTS),
    "!": ("turns the status round: success becomes failure and failure success", _LISTS),
}
_KEYWORDS = {
    "(": (
        "runs the commands in a subshell: changed variables, options and folder end with it",
        _LISTS,
    ),
    "{": (
        "groups commands in the current shell; a redirection or operator is for all",
        _LISTS,
    ),
    ";&": ("goes on with the commands of the next pattern without comparing it", _LISTS),
    ";;&": ("goes on comparing with the patterns that follow", BASH),
    "for ((": ("a loop that counts: start; condition; step", BASH),
}
_ARRAYS = {
    "=(": "sets {} to an array of the words in parentheses",
    "+=(": "appends the words in parentheses to the array {}",
    "[]=": "sets the element {}",
    "+=": "appends to the value of {}; adds where it is an integer variable",
}
_FDS = {"0": "standard input", "1": "standard output", "2": "standard error"}
_DEFAULT_INPUT = frozenset({"<", "<>", "<&", "<&-", "<<", "<<-", "<<<"})


def syntax_text(construct: Construct) -> tuple[str, str] | None:
    """Return what a construct means, and who says so; None where there is nothing to say.

    Args:
        construct: Of any kind but TEST and EXPANSION.
    """
    kind, mark = construct.kind, construct.mark
    if kind is ConstructKind.REDIRECTION and construct.redirection is not None:
        return redirection_text(construct.redirection)
    if kind is ConstructKind.SUBSTITUTION:
        return _substitution(construct)
    if kind is ConstructKind.OPERATOR:
        return _OPERATORS.get(mark)
    if kind is ConstructKind.KEYWORD:
        return _keyword(construct)
    return _value(construct)


def redirection_text(redirection: Redirection) -> tuple[str, str] | None:
    """Return what one redirection does, and who says so; None where it is broken."""
    source = BASH if redirection.operator in _ONLY_BASH else _REDIRECTING
    if redirection.fd.startswith("{"):
        source = BASH
    text = _redirection(redirection)
    return (text, source) if text else None


def _redirection(redirection: Redirection) -> str:
    operator, target = redirection.operator, redirection.target
    fd = _fd(redirection)
    if operator.endswith("&-"):
        return f"closes {fd}"
    if target is None:
        return ""
    if operator in {">&", "<&"}:
        return _duplicated(fd, target, is_both=operator == ">&" and not redirection.fd)
    if operator in {"<<", "<<-"}:
        return _here_document(redirection, fd)
    return _opened(operator, fd, target)


def _opened(operator: str, fd: str, target: Word) -> str:
    name = clipped(target.text)
    if target.text.startswith(("<(", ">(")):
        return _to_process(operator, fd, target)
    if operator in {"&>", "&>>"}:
        fd = "standard output and standard error"
    if target.head == "/dev/null" and ">" in operator and operator != "<>":
        return f"throws {fd} away"
    texts = {
        ">": f"writes {fd} to {name}, which is emptied first or created",
        "&>": f"writes {fd} to {name}, which is emptied first or created",
        ">|": f"writes {fd} to {name}, emptied first even if the shell option noclobber is on",
        ">>": f"appends {fd} to the end of {name}",
        "&>>": f"appends {fd} to the end of {name}",
        "<": f"reads {fd} from {name}",
        "<>": f"opens {name} for reading and writing as {fd}",
        "<<<": f"gives {name}, with a line break after it, as {fd}",
    }
    return texts.get(operator, "")


def _fd(redirection: Redirection) -> str:
    fd = redirection.fd
    if fd.startswith("{"):
        return f"a new file descriptor, whose number {fd.strip('{}')} gets,"
    if not fd:
        fd = "0" if redirection.operator in _DEFAULT_INPUT else "1"
    return _FDS.get(fd, f"file descriptor {fd}")


def _duplicated(fd: str, target: Word, *, is_both: bool) -> str:
    value = target.value
    if value is None:
        return f"makes {fd} the same as the descriptor in {clipped(target.text)}"
    if value.isdigit():
        other = _FDS.get(value, f"file descriptor {value}")
        return f"{fd} goes where {other} goes at this point"
    if value.endswith("-") and value[:-1].isdigit():
        other = _FDS.get(value[:-1], f"file descriptor {value[:-1]}")
        return f"moves {other} to {fd} and closes the former"
    return f"writes standard output and standard error to {clipped(value)}" if is_both else ""


def _here_document(redirection: Redirection, fd: str) -> str:
    here = redirection.here_document
    if here is None:
        return ""
    tabs = ", without leading tabs," if here.strips_tabs else ""
    expanded = (
        "variables and substitutions in them are expanded"
        if here.is_expanded
        else "nothing in them is expanded"
    )
    return f"gives the lines up to {here.delimiter}{tabs} as {fd}; {expanded}"


def _to_process(operator: str, fd: str, target: Word) -> str:
    command = clipped(target.text[2:-1])
    if target.text.startswith("<(") and operator == "<":
        return f"reads {fd} from the output of: {command}"
    if target.text.startswith(">(") and operator in {">", ">>", ">|"}:
        return f"writes {fd} into the input of: {command}"
    return ""


def _substitution(construct: Construct) -> tuple[str, str] | None:
    inner = construct.arguments[0] if construct.arguments else ""
    command = clipped(inner)
    if not command:
        return None
    if construct.mark == "<(":
        return f"a file name under which the output of this can be read: {command}", BASH
    if construct.mark == ">(":
        return f"a file name; what is written to it becomes the input of: {command}", BASH
    if inner.startswith("<") and not inner.startswith(("<<", "<(")):
        return f"the contents of {clipped(inner[1:].strip())}, without newlines at the end", BASH
    return f"the output of this, without the newlines at its end: {command}", _SUBSTITUTING


def _keyword(construct: Construct) -> tuple[str, str] | None:
    mark, name = construct.mark, construct.name
    values = clipped(" ".join(construct.arguments))
    if mark == "for":
        words = values or '"$@"'
        return f"runs the body once for each word of {words}, which {name} holds", _LISTS
    if mark == "select":
        return f"shows the words {values} as a menu and runs the body for each choice", BASH
    if mark == "while":
        return f"runs the body again and again as long as this succeeds: {values}", _LISTS
    if mark == "until":
        return f"runs the body again and again as long as this fails: {values}", _LISTS
    return _KEYWORDS.get(mark)


def _value(construct: Construct) -> tuple[str, str] | None:
    mark = construct.mark
    argument = clipped(construct.arguments[0]) if construct.arguments else ""
    if construct.kind is ConstructKind.ARITHMETIC:
        if mark == "$((":
            return f"the integer that {argument} evaluates to", "POSIX.1-2024, XCU 2.6.4"
        return f"evaluates {argument}; the status is success unless the result is 0", BASH
    if construct.kind is ConstructKind.ARRAY:
        return _ARRAYS[mark].format(construct.name), BASH
    if mark == "$'":
        return (
            "a text in which backslash escapes such as \\n are replaced",
            "POSIX.1-2024, XCU 2.2.4",
        )
    return _braces(construct), BASH


def _braces(construct: Construct) -> str:
    if construct.mark == "{,}":
        return f"becomes the words {clipped(' '.join(construct.arguments), n_at_most=90)}"
    first, last, step = construct.arguments
    steps = f" in steps of {step.removeprefix('-')}" if step else ""
    return f"a word for each value from {first} to {last}{steps}"
