"""The process that holds the model: ``python -m ducktypist.engine.host``.

Nothing imports this; ``engine.client`` starts it by name. One for each socket path: a lock beside
the socket lets exactly one win, the others print ``BUSY`` and leave. The winner prints ``READY``
once it listens, silences its standard streams into the log file, loads the model, serves, and
leaves when nobody has asked for anything for a while. How its predecessor ended decides how much
memory it asks for (``supervision.py``). Heavy imports come after the lock, so that losing a race
costs little.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import faulthandler
import logging
import os
import signal
import socket
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from ducktypist.engine import address
from ducktypist.engine.llama_offload import FLASH_ATTENTION
from ducktypist.engine.startup import (
    BUSY,
    FAILED_EXIT_STATUS,
    HUNG_EXIT_STATUS,
    READY,
    record_path,
)
from ducktypist.errors import EngineUnavailableError
from ducktypist.fit.memory import KV_TYPES

if TYPE_CHECKING:
    from ducktypist.engine.backend import Backend
    from ducktypist.engine.http_app import HostApp
    from ducktypist.engine.retreat import Retreat

log = logging.getLogger("ducktypist.engine.host")

MAX_LOG_BYTES = 5 * 1024**2
FAREWELL_S = 3.0
"""How long a host whose model failed stays, so that every window can ask why."""
STOP_TIMEOUT_S = 5.0
KEEP_ALIVE_S = 75
"""Longer than the client keeps an idle connection, so that only the client ever drops one."""

NICENESS = 10
"""How far the host stands back behind the editor, its language servers and test runs."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a host; return the process's exit status."""
    options = _parser().parse_args(arguments)
    os.environ.setdefault("GGML_NO_BACKTRACE", "1")
    # The model fills every core while it computes; what an editor waits for goes first.
    with contextlib.suppress(OSError, AttributeError):
        os.nice(NICENESS)
        os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))
    try:
        address.prepare_folder(options.socket.parent)
        lock = _lock(options.socket.with_name(options.socket.name + ".lock"))
        if lock is None:
            print(BUSY, flush=True)  # noqa: T201 - the handshake
            return 0
        with contextlib.closing(lock):
            return _serve(options)
    except EngineUnavailableError as error:
        print(error, flush=True)  # noqa: T201 - before READY, what is printed is the reason
        return FAILED_EXIT_STATUS


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="ducktypist.engine.host", description=__doc__)
    parser.add_argument("--socket", type=Path, required=True)
    parser.add_argument("--transport", choices=["auto", "tcp"], default="auto")
    parser.add_argument("--backend", choices=["llama_cpp", "scripted"], required=True)
    parser.add_argument("--model", type=Path, required=True, help="GGUF file, or script")
    parser.add_argument("--model-name", default="")
    parser.add_argument("--model-sha256", default="")
    parser.add_argument("--quantisation", default="")
    parser.add_argument("--n-ctx", type=int, default=4096)
    parser.add_argument("--n-threads", type=int, default=0)
    parser.add_argument("--n-gpu-layers", type=int, default=-1, help="-1: as many as fit")
    parser.add_argument("--n-cells", type=int, default=0, help="0: twice --n-ctx")
    parser.add_argument("--kv-type", choices=list(KV_TYPES), default="f16")
    parser.add_argument("--flash-attention", choices=list(FLASH_ATTENTION), default="auto")
    parser.add_argument("--idle-unload-s", type=float, default=1800.0, help="0: never")
    parser.add_argument("--step-timeout-s", type=float, default=60.0, help="0: none")
    parser.add_argument("--log-file", type=Path, required=True)
    parser.add_argument("--history-file", type=Path, required=True)
    parser.add_argument("--rates-file", type=Path, required=True)
    return parser


class _Lock(Protocol):
    def close(self) -> None: ...


def _lock(path: Path) -> _Lock | None:
    """Return a held lock, None when another process holds it.

    The file stays when the lock is given up: removing it would let two processes hold two locks.
    """
    try:
        file = path.open("a+b")
    except OSError as error:
        raise EngineUnavailableError(f"{path} cannot be opened: {error.strerror}") from error
    try:
        if sys.platform == "win32":
            import msvcrt  # noqa: PLC0415 - there is no such module elsewhere

            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl  # noqa: PLC0415 - there is no such module on Windows

            fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.close()
        return None
    return file


def _serve(options: argparse.Namespace) -> int:
    from ducktypist.engine.http_app import HostApp  # noqa: PLC0415 - only the winner pays for it
    from ducktypist.engine.supervision import Supervision  # noqa: PLC0415 - the same
    from ducktypist.engine.worker import Worker, WorkerState  # noqa: PLC0415 - the same

    supervision = Supervision(
        record=record_path(options.socket),
        history=options.history_file,
        log_file=options.log_file,
        end=lambda: os._exit(HUNG_EXIT_STATUS),
    )
    # Until the server has its own handler, an exit that passes through the `finally` below.
    signal.signal(signal.SIGTERM, lambda _number, _frame: sys.exit(0))
    listener, where = address.bind(options.socket, tcp=options.transport == "tcp")
    try:
        # Connections queue up from here on, so READY is true before the loop runs.
        listener.listen(128)
        backend = _backend(options, supervision.retreat)
        print(READY, flush=True)  # noqa: T201 - the handshake
        _silence(options.log_file)
        log.info("listening at %s, process %d", options.socket, os.getpid())
        supervision.begin(n_ctx_tokens=options.n_ctx, n_gpu_layers=options.n_gpu_layers)

        async def run() -> bool:
            loop, ended = asyncio.get_running_loop(), asyncio.Event()

            def end() -> None:
                loop.call_soon_threadsafe(ended.set)

            worker = Worker(
                backend, on_fatal=end, rates_path=supervision.rates_path(options.rates_file)
            )
            app = HostApp(worker, token=where.token, model_path=str(options.model))
            worker.start()
            supervision.watch(worker, step_timeout_s=options.step_timeout_s)
            await _run(app, listener, ended, idle_unload_s=options.idle_unload_s)
            await asyncio.to_thread(worker.stop, timeout_s=STOP_TIMEOUT_S)
            supervision.ended(failure=worker.failure)
            return worker.state is WorkerState.FAILED

        failed = asyncio.run(run())
    except (SystemExit, KeyboardInterrupt):
        supervision.ended(failure="")
        raise
    except Exception as error:
        # It may be the listener's or the loop's; the next start shall know.
        supervision.ended(failure=f"the host failed: {error!r}")
        raise
    finally:
        # Before the lock is given up: afterwards the path may be the next host's.
        address.remove(options.socket)
        listener.close()
    log.info("ended")
    return FAILED_EXIT_STATUS if failed else 0


async def _run(
    app: HostApp, listener: socket.socket, ended: asyncio.Event, *, idle_unload_s: float
) -> None:
    import uvicorn  # noqa: PLC0415 - see _serve

    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        lifespan="off",
        http=_protocol(),
        ws="none",
        timeout_keep_alive=KEEP_ALIVE_S,
        timeout_graceful_shutdown=2,
    )
    server = uvicorn.Server(config)

    def leave(_number: int, _frame: object) -> None:
        server.should_exit = True

    # uvicorn has handlers of its own while it serves, and raises the signal again afterwards;
    # before and after, a signal must still mean an orderly end.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, leave)
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    failing = asyncio.create_task(ended.wait())
    stays = idle_unload_s <= 0
    pause_s = 1.0 if stays else min(1.0, idle_unload_s / 4)
    while not serving.done():
        await asyncio.wait({serving, failing}, timeout=pause_s, return_when=asyncio.FIRST_COMPLETED)
        if failing.done() and not serving.done():
            await asyncio.wait({serving}, timeout=FAREWELL_S)
            server.should_exit = True
            break
        if not stays and app.idle_s() > idle_unload_s:
            log.info("idle for %.0f s, leaving", idle_unload_s)
            server.should_exit = True
            break
    failing.cancel()
    await serving


def _protocol() -> type[asyncio.Protocol]:
    """Return uvicorn's HTTP protocol with a look at who is at the other end."""
    from uvicorn.protocols.http.h11_impl import H11Protocol  # noqa: PLC0415 - see _serve

    class OwnUserOnly(H11Protocol):
        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # uvicorn narrows it the same way
            connection = transport.get_extra_info("socket")
            uid = None if connection is None else address.peer_uid(connection)
            if uid is not None and uid not in {0, os.getuid()}:
                log.warning("refused a connection of uid %d", uid)
                transport.abort()
            super().connection_made(transport)

    return OwnUserOnly


def _backend(options: argparse.Namespace, retreat: Retreat) -> Backend:
    if options.backend == "scripted":
        from ducktypist.engine.scripted import ScriptedBackend  # noqa: PLC0415 - see _serve

        n_ctx_tokens = retreat.n_ctx_tokens(options.n_ctx, on_gpu=False)
        return ScriptedBackend(options.model, n_ctx_tokens=n_ctx_tokens)
    from ducktypist.engine.llama_cpp import LlamaCppBackend, LlamaSettings  # noqa: PLC0415 - the same

    return LlamaCppBackend(
        LlamaSettings(
            path=options.model,
            name=options.model_name,
            sha256=options.model_sha256,
            quantisation=options.quantisation,
            n_ctx_tokens=options.n_ctx,
            n_threads=options.n_threads,
            n_gpu_layers=options.n_gpu_layers,
            n_cells=options.n_cells,
            kv_type=options.kv_type,
            flash_attention=options.flash_attention,
            retreat=retreat,
        )
    )


def _silence(log_file: Path) -> None:
    """Point the standard streams at the log file, so that nothing here can reach a terminal.

    Where it cannot be written, what would be logged is lost, and the host serves all the same.
    """
    try:
        sink = _opened(log_file)
    except OSError:
        sink = os.open(os.devnull, os.O_WRONLY)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.dup2(sink, 1)
    os.dup2(sink, 2)
    os.close(nothing)
    os.close(sink)
    logging.basicConfig(
        level=logging.INFO, format="%(asctime)s %(process)d %(name)s %(levelname)s %(message)s"
    )
    # A crash of native code leaves its traceback in the log, and with it its kind.
    faulthandler.enable()


def _opened(log_file: Path) -> int:
    log_file.parent.mkdir(parents=True, exist_ok=True)
    if log_file.exists() and log_file.stat().st_size > MAX_LOG_BYTES:
        log_file.replace(log_file.with_name(log_file.name + ".1"))
    return os.open(log_file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)


if __name__ == "__main__":
    sys.exit(main())
