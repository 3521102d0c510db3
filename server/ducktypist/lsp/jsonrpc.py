"""The JSON-RPC half of the protocol object: every request gets exactly one reply.

What differs from stock pygls 2.1.1, and why:

* requests before ``initialize``, after ``shutdown`` and with a bad shape get the error that LSP
  names, bad parameters get InvalidParams; nothing ends the server but ``exit``;
* a request is answered also when its result cannot be written as JSON;
* cancelling reaches the handler of ``workspace/executeCommand`` too;
* nothing is kept for a notification, or for a request of ours that was given up (pygls issues 606,
  608, 621);
* no message's content is logged.

Which methods exist is ``protocol``'s and ``server``'s business.
"""

from __future__ import annotations

import asyncio
import inspect
import json
import logging
import uuid
from collections.abc import Callable, Generator
from concurrent.futures import CancelledError as FutureCancelledError
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any

import cattrs
from lsprotocol import types
from pygls.exceptions import JsonRpcException, JsonRpcInvalidParams
from pygls.protocol import JsonRPCNotification, JsonRPCRequestMessage, LanguageServerProtocol

from ducktypist.errors import DucktypistError, EditorError, StaleError
from ducktypist.lsp.frames import frame

if TYPE_CHECKING:
    from cattrs import Converter
    from pygls.lsp.server import LanguageServer

logger = logging.getLogger(__name__)

VERSION = "2.0"
EDITOR_ANSWER_S = 30.0
"""How long the editor may take to answer a request of ours, where no person is asked."""


class ReplyingProtocol(LanguageServerProtocol):
    """One conversation, in which nobody is left waiting."""

    def __init__(self, server: LanguageServer, converter: Converter) -> None:
        # pygls logs whole messages below WARNING.
        logging.getLogger("pygls").setLevel(logging.WARNING)
        super().__init__(server, converter)
        self._initialize_received = False

    # ----------------------------------------------------------------- the transport's side

    def receive(self, message: Any) -> None:  # noqa: ANN401 - whatever JSON came
        """Handle one JSON value off the wire, whatever it is."""
        if not isinstance(message, dict):
            what = "a batch" if isinstance(message, list) else "no object"
            self._refuse(None, types.ErrorCodes.InvalidRequest, f"{what}; send one message a frame")
            return
        msg_id, method = message.get("id"), message.get("method")
        if "method" not in message:
            if "result" in message or "error" in message:
                self._receive_response(msg_id, message)
            else:
                reason = "neither method, result nor error"
                self._refuse(_usable(msg_id), types.ErrorCodes.InvalidRequest, reason)
        elif not isinstance(method, str) or message.get("jsonrpc") != VERSION:
            reason = 'jsonrpc must be "2.0" and method a string'
            self._refuse(_usable(msg_id), types.ErrorCodes.InvalidRequest, reason)
        elif "id" not in message:
            self._receive_notification(method, message)
        elif _usable(msg_id) is None:
            reason = "the id must be a string or an integer"
            self._refuse(None, types.ErrorCodes.InvalidRequest, reason)
        else:
            self._receive_request(msg_id, method, message)

    def refuse_unreadable(self, reason: str) -> None:
        """Answer a frame that holds no JSON value."""
        self._refuse(None, types.ErrorCodes.ParseError, reason)

    # ----------------------------------------------------------------- the server's side

    async def ask(
        self,
        method: str,
        params: Any,  # noqa: ANN401 - a params type of lsprotocol
        *,
        timeout_s: float | None = EDITOR_ANSWER_S,
    ) -> Any:  # noqa: ANN401 - the method's result type
        """Send the editor a request and return its result.

        Args:
            method: Such as ``workspace/configuration``.
            params: Its parameters.
            timeout_s: None where a person is asked.

        Raises:
            EditorError: It refused, or did not answer in time.
        """
        msg_id = str(uuid.uuid4())
        future = self.send_request(method, params, msg_id=msg_id)
        try:
            # Shielded: a cancelled future would make a late answer an error (pygls issue 621).
            waiting = asyncio.shield(asyncio.wrap_future(future))
            return await asyncio.wait_for(waiting, timeout_s)
        except TimeoutError as error:
            message = f"the editor did not answer {method} within {timeout_s:g} s"
            raise EditorError(message) from error
        except JsonRpcException as error:
            raise EditorError(f"the editor refused {method}: {error.message}") from error
        finally:
            self._request_futures.pop(msg_id, None)
            self._result_types.pop(msg_id, None)

    # ----------------------------------------------------------------- incoming

    def _receive_request(self, msg_id: Any, method: str, message: dict[str, Any]) -> None:  # noqa: ANN401 - int or str
        codes = types.ErrorCodes
        if self._shutdown:
            self._refuse(msg_id, codes.InvalidRequest, "the server was shut down; start a new one")
        elif method == types.INITIALIZE and self._initialize_received:
            self._refuse(msg_id, codes.InvalidRequest, "initialize may be sent once")
        elif method != types.INITIALIZE and not self._initialize_received:
            self._refuse(msg_id, codes.ServerNotInitialized, f"send initialize before {method}")
        elif msg_id in self._request_futures:
            self._refuse(msg_id, codes.InvalidRequest, "a request with this id is still running")
        elif not self._has_handler(method):
            self._refuse(msg_id, codes.MethodNotFound, f"no such method: {method:.100}")
        else:
            try:
                request = self.structure_message(message)
            except JsonRpcInvalidParams as error:
                self._refuse(msg_id, codes.InvalidParams, error.message)
                return
            if method == types.INITIALIZE:
                self._initialize_received = True
            self.handle_message(request)

    def _receive_notification(self, method: str, message: dict[str, Any]) -> None:
        if method != types.EXIT and (self._shutdown or not self._initialize_received):
            return
        if method != types.CANCEL_REQUEST and not self._has_handler(method):
            # The specification lets a server ignore notifications, and $/ ones in silence.
            logger.debug("ignored a notification without handler: %.100s", method)
            return
        try:
            notification = self.structure_message(message)
        except JsonRpcInvalidParams as error:
            logger.warning("ignored %.100s: %s", method, error.message)
            return
        self.handle_message(notification)

    def _receive_response(self, msg_id: object, message: dict[str, Any]) -> None:
        usable = _usable(msg_id)
        future = None if usable is None else self._request_futures.get(usable)
        if usable is None or future is None or usable not in self._result_types:
            logger.debug("ignored an answer to a request that nobody waits for")
            return
        result_type = self._result_types.pop(usable)
        del self._request_futures[usable]
        if future.done():
            return
        if message.get("error") is not None:
            future.set_exception(_client_error(message["error"]))
            return
        result = message.get("result")
        if result_type is not None:
            try:
                result = self._converter.structure(message, result_type).result
            except Exception as error:  # noqa: BLE001 - cattrs raises many kinds
                future.set_exception(JsonRpcException(f"its answer is malformed: {_why(error)}"))
                return
        future.set_result(result)

    def structure_message(self, data: dict[str, Any]) -> Any:  # noqa: ANN401 - one type per method
        """Return a request or notification as its type.

        One of a method that lsprotocol does not know keeps its ``params`` as plain JSON.

        Raises:
            JsonRpcInvalidParams: ``params`` is not what the method takes.
        """
        method = data["method"]
        message_type = self.get_message_type(method)
        if message_type is None:
            params = data.get("params")
            if "id" not in data:
                return JsonRPCNotification(method=method, jsonrpc=VERSION, params=params)
            return JsonRPCRequestMessage(
                id=data["id"], method=method, jsonrpc=VERSION, params=params
            )
        try:
            return self._converter.structure(data, message_type)
        except Exception as error:
            raise JsonRpcInvalidParams(f"bad parameters for {method}: {_why(error)}") from error

    def _has_handler(self, method: str) -> bool:
        return method in self.fm.builtin_features or method in self.fm.features

    # ----------------------------------------------------------------- running handlers

    def _handle_request(self, msg_id: Any, method_name: str, params: Any) -> None:  # noqa: ANN401 - pygls' signature
        self._ctx_msg_id.set(msg_id)

        def reply(future: Future[Any]) -> None:
            self._send_handler_result(future, msg_id=msg_id)

        self._run_handler(msg_id, self._get_handler(method_name), reply, args=(params,))

    def _handle_notification(self, method_name: str, params: Any) -> None:  # noqa: ANN401 - pygls' signature
        if method_name == types.CANCEL_REQUEST:
            self._handle_cancel_notification(params.id)
            return

        def check(future: Future[Any]) -> None:
            if not future.cancelled() and (error := future.exception()) is not None:
                logger.error("the handler of %s failed", method_name, exc_info=error)

        self._run_handler(str(uuid.uuid4()), self._get_handler(method_name), check, args=(params,))

    def _handle_cancel_notification(self, msg_id: Any) -> None:  # noqa: ANN401 - pygls' signature
        # Often too late, which is as usual as it is harmless. Ids of requests of our own are not
        # the editor's to cancel.
        future = self._request_futures.get(msg_id)
        if future is not None and msg_id not in self._result_types:
            future.cancel()

    def _execute_handler(
        self,
        msg_id: Any,  # noqa: ANN401 - pygls' signature
        handler: Callable[..., Any],
        callback: Callable[[Future[Any]], None],
        args: tuple[Any, ...] | None = None,
        kwargs: dict[str, Any] | None = None,
    ) -> None:
        self._run_handler(msg_id, handler, callback, args=args or (), kwargs=kwargs)

    def _run_handler(
        self,
        msg_id: Any,  # noqa: ANN401 - int or str
        handler: Callable[..., Any],
        callback: Callable[[Future[Any]], None],
        *,
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:  # noqa: ANN401 - asyncio's future or concurrent.futures' one
        """Start a handler, and forget it when it is done; that is what stock pygls does not do."""

        def finish(future: Future[Any]) -> None:
            self._request_futures.pop(msg_id, None)
            callback(future)

        future: Any
        if inspect.iscoroutinefunction(handler):
            future = asyncio.ensure_future(handler(*args, **(kwargs or {})))
            self._request_futures[msg_id] = future
            future.add_done_callback(finish)
            return future
        future = Future()
        self._request_futures[msg_id] = future
        future.add_done_callback(finish)
        if inspect.isgeneratorfunction(handler):
            self._advance(handler(*args, **(kwargs or {})), future, None)
            return future
        try:
            result = handler(*args, **(kwargs or {}))
        except Exception as error:  # noqa: BLE001 - becomes the reply
            future.set_exception(error)
        else:
            future.set_result(result)
        return future

    def _advance(
        self,
        generator: Generator[Any, Any, Any],
        result: Future[Any],
        inner: Any,  # noqa: ANN401 - a future, or None at first
    ) -> None:
        """Run a builtin handler up to the next handler of ours that it yields."""
        if result.done():
            generator.close()
            return
        try:
            if inner is None:
                yielded = next(generator)
            elif inner.cancelled():
                generator.close()
                result.cancel()
                return
            elif (error := inner.exception()) is not None:
                yielded = generator.throw(error)
            else:
                yielded = generator.send(inner.result())
        except StopIteration as stop:
            result.set_result(stop.value)
            return
        except Exception as error:  # noqa: BLE001 - becomes the reply
            result.set_exception(error)
            return
        handler, args, kwargs = yielded
        running = self._run_handler(
            str(uuid.uuid4()),
            handler,
            lambda future: self._advance(generator, result, future),
            args=tuple(args),
            kwargs=kwargs,
        )
        # Stock pygls lets the inner handler go on when the request is cancelled.
        result.add_done_callback(lambda future: running.cancel() if future.cancelled() else None)

    # ----------------------------------------------------------------- replies

    def _send_handler_result(self, future: Any, *, msg_id: Any) -> None:  # noqa: ANN401 - pygls' signature
        if future.cancelled():
            self._refuse(msg_id, types.LSPErrorCodes.RequestCancelled, "cancelled")
        elif (error := future.exception()) is None:
            self._send_response(msg_id, result=future.result())
        elif isinstance(error, (asyncio.CancelledError, FutureCancelledError)):
            self._refuse(msg_id, types.LSPErrorCodes.RequestCancelled, "cancelled")
        elif isinstance(error, StaleError):
            self._refuse(msg_id, types.LSPErrorCodes.ContentModified, str(error))
        elif isinstance(error, DucktypistError):
            self._refuse(msg_id, types.LSPErrorCodes.RequestFailed, str(error))
        elif isinstance(error, JsonRpcException):
            self._refuse(msg_id, error.code, error.message)
        else:
            logger.error("a request failed", exc_info=error)
            reason = f"internal error, {type(error).__name__}: {error}; the log has more"
            self._refuse(msg_id, types.ErrorCodes.InternalError, reason)

    def _refuse(self, msg_id: int | str | None, code: int, message: str) -> None:
        # Not lsprotocol's type: that leaves out an id of null, which JSON-RPC asks for.
        error = {"code": int(code), "message": message}
        self._send_data({"jsonrpc": VERSION, "id": msg_id, "error": error})

    def _send_data(self, data: Any) -> None:  # noqa: ANN401 - any message type
        if self.writer is None:
            logger.error("a message was to be sent before there was a transport")
            return
        try:
            # NaN is not JSON, and would make the editor close the connection.
            body = json.dumps(
                data, default=self._serialize_message, separators=(",", ":"), allow_nan=False
            )
        except Exception:
            method, msg_id = getattr(data, "method", None), getattr(data, "id", None)
            logger.exception("%s could not be written as JSON", method or "a reply")
            if method is None and not isinstance(data, dict):
                reason = "internal error, the result is not JSON; the log has more"
                self._refuse(msg_id, types.ErrorCodes.InternalError, reason)
            return
        self.writer.write(frame(body.encode("ascii")))


def _usable(msg_id: object) -> int | str | None:
    """Return an id that JSON-RPC and LSP allow, else None; true and 1.5 are not."""
    if isinstance(msg_id, (int, str)) and not isinstance(msg_id, bool):
        return msg_id
    return None


def _why(error: BaseException) -> str:
    """Say what did not fit where, without the values."""
    try:
        reasons = cattrs.transform_error(error, path="message")
    except Exception:  # noqa: BLE001 - an explanation must not be a failure of its own
        reasons = []
    return "; ".join(reasons[:3]) or type(error).__name__


def _client_error(error: Any) -> JsonRpcException:  # noqa: ANN401 - whatever JSON came
    if not isinstance(error, dict):
        return JsonRpcException("no reason given")
    code = error.get("code")
    return JsonRpcException(
        message=str(error.get("message") or "no reason given"),
        code=code if isinstance(code, int) else None,
        data=error.get("data"),
    )
