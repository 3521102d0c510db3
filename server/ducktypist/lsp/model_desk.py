"""The model of one window: made ready while nobody waits, and fetched when the person says so.

Where a model comes from, and how it is started, is the app's business.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from lsprotocol import types

from ducktypist.errors import DucktypistError, ModelMissingError
from ducktypist.lsp.progress import progress

if TYPE_CHECKING:
    from ducktypist.lsp.session import Session
    from ducktypist.models.transfer import PullProgress

WARM_WAIT_S = 120.0


class ModelDesk:
    """Sees to the model of one window."""

    def __init__(self, session: Session) -> None:
        """Ask for nothing yet."""
        self._session = session
        self._asked_to_pull = False

    async def warm(self) -> None:
        """Start the engine while nobody waits, or offer to fetch its model."""
        session = self._session
        try:
            await session.explaining.workbench(wait_s=WARM_WAIT_S)
            await session.app.sandbox_status()
        except ModelMissingError as error:
            await self._offer_pull(error)
        except DucktypistError as error:
            session.say(types.MessageType.Error, str(error))

    async def pull(self) -> Mapping[str, Any]:
        """Fetch the model of the settings, with progress in the editor.

        Raises:
            ModelError: It could not be had.
        """
        session = self._session
        stop = False

        def is_cancelled() -> bool:
            return stop

        title = "Ducktypist: fetching the model"
        async with progress(session.server, session.client, title) as display:

            def told(state: PullProgress) -> None:
                share = 100 * state.done_bytes // max(1, state.total_bytes or 1)
                display.report(
                    f"{state.stage}, {state.done_bytes // 10**6} MB",
                    min(100, share) if state.total_bytes else None,
                )

            try:
                model = await session.app.pull_model(told, is_cancelled)
            except asyncio.CancelledError:
                stop = True
                raise
        session.say(types.MessageType.Info, f"the model {model.name} is here")
        session.in_background(self.warm())
        return {"name": model.name, "path": str(model.path), "sha256": model.sha256}

    async def _offer_pull(self, error: ModelMissingError) -> None:
        session = self._session
        if self._asked_to_pull:
            return
        self._asked_to_pull = True
        if session.app.config.model.auto_pull:
            await self.pull()
            return
        fetch = "Fetch it"
        answer = await session.server.protocol.ask(
            types.WINDOW_SHOW_MESSAGE_REQUEST,
            types.ShowMessageRequestParams(
                type=types.MessageType.Info,
                message=f"Ducktypist: {error}",
                actions=[
                    types.MessageActionItem(title=fetch),
                    types.MessageActionItem(title="Not now"),
                ],
            ),
            timeout_s=None,
        )
        if answer is not None and answer.title == fetch:
            await self.pull()
