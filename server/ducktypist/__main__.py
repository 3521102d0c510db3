"""The entry point: ``ducktypist``, ``python -m ducktypist``.

``serve`` is kept apart from the other commands, because an editor waits for its first answer:
click and what the other commands import stay out of that process.
"""

from __future__ import annotations

import gc
import io
import os
import sys


def main() -> None:
    """Run the command that the program was started with."""
    arguments = sys.argv[1:]
    if arguments[:1] == ["serve"] and not {"-h", "--help"} & set(arguments):
        _serve(arguments[1:])
    elif arguments[:1] == ["serve"]:
        from ducktypist.lsp.options import parse  # noqa: PLC0415 - only this branch needs it

        parse(arguments[1:])
    else:
        from ducktypist.cli import cli  # noqa: PLC0415 - serve must not import it

        cli()


def _serve(arguments: list[str]) -> None:
    protocol_fd = guard_stdout()
    # Imports create many objects and no garbage. What exists when they are done lives as long as
    # the process, so later collections need not look at it.
    gc.disable()
    from ducktypist.lsp.options import configure_logging, parse  # noqa: PLC0415 - after the guard

    options = parse(arguments)
    configure_logging(options)
    from ducktypist.lsp.server import serve  # noqa: PLC0415 - after the guard

    gc.freeze()
    gc.enable()
    status = 1
    try:
        status = serve(options, protocol_fd)
    except Exception:
        import logging  # noqa: PLC0415 - imported already by now

        logging.getLogger("ducktypist").exception("the server failed")
    # Not sys.exit: it waits for worker threads that may hang, and tears everything down one by one.
    _leave(status)


def guard_stdout() -> int:
    """Keep standard output for the protocol alone, and return its private descriptor.

    Descriptor 1 becomes a copy of 2, so what any library, C code or child process prints goes to
    standard error. Descriptors 0 and 2 that are closed become ``/dev/null``: else the next file or
    socket that is opened would get their number, and be taken for them.

    Raises:
        SystemExit: Standard output is closed.
    """
    for fd, mode in ((0, os.O_RDONLY), (2, os.O_WRONLY)):
        try:
            os.fstat(fd)
        except OSError:
            null = os.open(os.devnull, mode)
            os.dup2(null, fd)
            if null > 2:  # noqa: PLR2004 - the last standard descriptor
                os.close(null)
    try:
        # Not inherited, and never one of the first three, which are all taken.
        protocol_fd = os.dup(1)
    except OSError:
        raise SystemExit(
            "ducktypist serve: standard output is closed; start it from an editor"
        ) from None
    os.dup2(2, 1)
    if isinstance(sys.stdout, io.TextIOWrapper):
        # What is printed belongs to the moment, and at the end nobody may be left to flush it.
        sys.stdout.reconfigure(line_buffering=True)
    return protocol_fd


def _leave(status: int) -> None:
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (AttributeError, OSError, ValueError):
            continue
    os._exit(status)


if __name__ == "__main__":
    main()
