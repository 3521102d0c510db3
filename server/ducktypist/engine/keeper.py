"""Sees to it that an engine listens and is ready: looks at it, starts it, waits for it.

Used by ``engine.client``. An engine elsewhere is waited for, never started. Knows nothing of
requests and answers.
"""

from __future__ import annotations

import asyncio
import subprocess  # for the type of the child process
import time

from ducktypist.engine import address
from ducktypist.engine.condition import Condition, EngineState, Health
from ducktypist.engine.connection import Connection
from ducktypist.engine.pieces import read_error
from ducktypist.engine.startup import HostSpec, left_alone_s, start_host
from ducktypist.errors import EngineError, EngineLoadingError, EngineUnavailableError

HANDSHAKE_TIMEOUT_S = 30.0
HEALTH_TIMEOUT_S = 5.0
POLL_S = 0.1


class Keeper:
    """Keeps one engine going."""

    def __init__(
        self, *, spec: HostSpec | None, url: str, connection: Connection, condition: Condition
    ) -> None:
        """Take what is needed; nothing is asked or started yet.

        Args:
            spec: Which host to start; None for an engine elsewhere.
            url: Where an engine elsewhere is, for messages.
            connection: The way to it.
            condition: Where what is seen is kept.
        """
        self._spec = spec
        self._url = url
        self._connection = connection
        self._condition = condition
        self._starting = asyncio.Lock()
        self._process: subprocess.Popen[bytes] | None = None

    async def ensure_started(self) -> None:
        """See to it that something listens at the engine's address; loading goes on after that.

        Raises:
            EngineUnavailableError: It cannot be started, or crashed too often to try again now.
        """
        if (await self.health()).state is not EngineState.STOPPED:
            return
        if self._spec is None:
            error = EngineUnavailableError(
                f"no engine answers at {self._url}; start it or change the url"
            )
            self._condition.failed(error)
            raise error
        async with self._starting:
            if (await self.health()).state is EngineState.STOPPED:
                await self._start(self._spec)

    async def wait_ready(self, timeout_s: float) -> None:
        """Return once the model is loaded.

        Raises:
            EngineLoadingError: It is still loading after ``timeout_s``.
            EngineUnavailableError: Loading failed, or nobody answers.
        """
        deadline = time.monotonic() + timeout_s
        await self.ensure_started()
        while True:
            health = await self.health()
            if health.state is EngineState.READY:
                return
            if health.state is EngineState.FAILED:
                raise self._condition.crashed(EngineUnavailableError(health.message))
            if health.state is EngineState.STOPPED:
                await self.ensure_started()
            if time.monotonic() >= deadline:
                raise EngineLoadingError(
                    f"the model is still loading after {timeout_s:.0f} s; ask again in a moment"
                )
            await asyncio.sleep(POLL_S)

    async def health(self) -> Health:
        """Ask how the engine is; an answer that does not come is one, too."""
        try:
            status, body = await self._connection.ask("GET", "/health", timeout_s=HEALTH_TIMEOUT_S)
        except EngineError as error:
            return self._condition.not_seen(error)
        return self._condition.seen(status, read_error(body))

    async def _start(self, spec: HostSpec) -> None:
        condition, breaker = self._condition, self._condition.breaker
        now_s = time.monotonic()
        # Its own crashes, and those that other windows saw.
        shared_s = await asyncio.to_thread(left_alone_s, spec)
        if wait_s := max(breaker.open_for_s(now_s=now_s), shared_s):
            condition.state = EngineState.FAILED
            last = f"; last: {breaker.last_error}" if breaker.last_error else ""
            raise EngineUnavailableError(
                f"the model's host crashed 5 times within 3 minutes and is left alone for "
                f"{wait_s:.0f} s{last}; see {spec.log_path()}"
            )
        await asyncio.sleep(breaker.back_off_s(now_s=now_s))
        condition.state = EngineState.STARTING
        deadline = time.monotonic() + HANDSHAKE_TIMEOUT_S
        try:
            condition.is_down = False
            await asyncio.to_thread(address.prepare_folder, spec.socket_dir)
            if address.has_unix_sockets():
                address.check_length(spec.socket_path())
            while time.monotonic() < deadline:
                # Reaps the last one, which otherwise stays a zombie.
                if self._process is not None:
                    self._process.poll()
                process = await asyncio.to_thread(
                    start_host, spec, timeout_s=deadline - time.monotonic()
                )
                self._process = process or self._process
                if await self._listens_soon(deadline):
                    condition.is_down = False
                    return
        except EngineUnavailableError as error:
            raise condition.crashed(error) from error
        raise condition.crashed(
            EngineUnavailableError(
                f"the model's host did not start within {HANDSHAKE_TIMEOUT_S:.0f} s; "
                f"see {spec.log_path()}"
            )
        )

    async def _listens_soon(self, deadline: float) -> bool:
        # The one who held the lock may be just beginning, or just leaving: give it a moment,
        # then try to be the host ourselves.
        until = min(deadline, time.monotonic() + 1.0)
        while True:
            if (await self.health()).state is not EngineState.STOPPED:
                return True
            if time.monotonic() >= until:
                return False
            await asyncio.sleep(POLL_S)
