"""The process in which jedi reads: ``python -P -m ducktypist.facts.python_worker CACHE_FOLDER``.

One JSON object a line comes in, answers go out the same way, a line for each fact and one to end
with; see ``python_names``, the other side. It ends when its standard input closes, when nobody
asked for a minute, and when one answer takes far too long.

Before the first question it has itself forbidden, by an audit hook (PEP 578) that nothing can take
away, to run code from anywhere but Python's own library and the packages it consists of, to start
processes, and to speak to the network.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO

IDLE_S = 60.0
MAX_ANSWER_S = 10
"""One answer that takes longer ends the process; who asked has long given up."""
MAX_MEMORY_BYTES = 2 << 30
_NICENESS = 10
_CHUNK_BYTES = 1 << 16
_PACKAGES = ("ducktypist", "jedi", "parso", "tree_sitter", "tree_sitter_python")
_REFUSED = (
    *("subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.spawn", "os.fork"),
    *("os.forkpty", "os.startfile", "pty.spawn", "ctypes.dlopen", "sys.addaudithook"),
)


class RefusedError(RuntimeError):
    """Something wanted to run what this process must not run."""


def main() -> None:
    """Answer questions until nobody asks any more."""
    answers = os.fdopen(os.dup(1), "wb")
    with open(os.devnull, "wb") as nowhere:  # noqa: PTH123 - a device, for its descriptor
        # What a library prints must not end up among the answers.
        os.dup2(nowhere.fileno(), 1)
    _stand_back()
    from ducktypist.facts import python_jedi  # noqa: PLC0415 - after standing back: it takes longest
    from ducktypist.syntax.parse import parse  # noqa: PLC0415 - see above

    python_jedi.configure(Path(sys.argv[1]))
    parse("", "python")
    refuse_foreign_code(python_jedi.library_folders())
    for question in questions(0, idle_s=IDLE_S):
        with _at_most(MAX_ANSWER_S):
            _answer(question, answers)


def refuse_foreign_code(library: list[str]) -> None:
    """Forbid this process for good to run code of others, to start programs and to connect.

    Args:
        library: The folders of Python's own library.
    """
    roots = [*library, *(_folder(name) for name in _PACKAGES)]
    allowed = tuple(f"{os.path.realpath(root)}{os.sep}" for root in roots if root)
    outside = tuple(f"{os.sep}{name}{os.sep}" for name in ("site-packages", "dist-packages"))
    own = tuple(f"{os.path.realpath(_folder(name))}{os.sep}" for name in _PACKAGES)

    def is_allowed(file: str) -> bool:
        real = os.path.realpath(file)
        # Site-packages often lies below the library's folder.
        return real.startswith(own) or (
            real.startswith(allowed) and not any(part in real for part in outside)
        )

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        if event in _REFUSED or event.startswith("socket."):
            raise RefusedError(f"{event} is refused here")
        if event == "exec":
            file = getattr(arguments[0], "co_filename", "<unknown>")
            if not file.startswith("<") and not is_allowed(file):
                raise RefusedError(f"code of {file} is not run here")
        elif event == "import" and arguments[1] is not None and not is_allowed(arguments[1]):
            raise RefusedError(f"{arguments[1]} is not loaded here")

    sys.addaudithook(hook)


def questions(descriptor: int, *, idle_s: float) -> Iterator[Mapping[str, Any]]:
    """Yield each question that comes in, until the other end closes or nothing came for so long."""
    pending = b""
    while select.select([descriptor], [], [], idle_s)[0]:
        chunk = os.read(descriptor, _CHUNK_BYTES)
        if not chunk:
            return
        *lines, pending = (pending + chunk).split(b"\n")
        for line in lines:
            yield json.loads(line)


def _answer(question: Mapping[str, Any], answers: BinaryIO) -> None:
    from ducktypist.domain import Span  # noqa: PLC0415 - imported long before, by python_jedi
    from ducktypist.facts import python_jedi, python_wire  # noqa: PLC0415 - see above

    number = question["id"]
    if question.get("warm"):
        for _ in python_jedi.warming():
            # Somebody asks: what is still cold is read when it is needed.
            if select.select([0], [], [], 0)[0]:
                break
    else:
        path, root = question["path"], question["root"]
        start, end = question["span"]
        facts = python_jedi.called(
            question["text"],
            Span(start=start, end=end),
            path=Path(path) if path else None,
            root=Path(root) if root else None,
            until_s=time.monotonic() + question["limit_s"],
        )
        for fact in facts:
            _say({"id": number, "fact": python_wire.to_json(fact)}, answers)
    _say({"id": number, "done": True}, answers)


def _say(message: Mapping[str, Any], answers: BinaryIO) -> None:
    answers.write(json.dumps(message).encode() + b"\n")
    answers.flush()


def _folder(package: str) -> str:
    module = sys.modules.get(package)
    file = getattr(module, "__file__", None)
    return str(Path(file).parent) if file else ""


def _stand_back() -> None:
    with contextlib.suppress(OSError):
        os.nice(_NICENESS)
    with contextlib.suppress(ImportError, OSError, ValueError):
        import resource  # noqa: PLC0415 - not on every system

        resource.setrlimit(resource.RLIMIT_AS, (MAX_MEMORY_BYTES, MAX_MEMORY_BYTES))


@contextlib.contextmanager
def _at_most(seconds: int) -> Iterator[None]:
    # The default action of SIGALRM ends the process, whatever it is busy with.
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)


if __name__ == "__main__":
    # Whoever asked may be gone by the time of the answer.
    with contextlib.suppress(BrokenPipeError, KeyboardInterrupt):
        main()
