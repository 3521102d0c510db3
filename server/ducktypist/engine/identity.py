"""Which model answers: what a host of ours says of itself, and what can be found out of others.

Used by ``engine.client``, which keeps what is found for as long as the engine runs.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ducktypist.domain import Json, ModelIdentity
from ducktypist.engine.connection import HTTP_OK, Connection
from ducktypist.engine.dialect import DIALECT_VERSION, misunderstanding
from ducktypist.engine.rates import Rates
from ducktypist.errors import EngineError, EngineRequestError, EngineUnavailableError


@dataclass(frozen=True, slots=True, kw_only=True)
class Introduction:
    """What an engine told of itself."""

    identity: ModelIdentity
    details: Json = field(default_factory=dict)
    """More about the backend, for people to read; empty for engines that are not ours."""
    pid: int | None = None
    """The host's process; None for engines that are not ours."""

    def to_json(self) -> dict[str, Json]:
        """Return the identity as ``ducktypist.status`` shows it."""
        identity = self.identity
        return {
            "model": identity.name,
            "model_sha256": identity.sha256,
            "quantisation": identity.quantisation,
            "n_ctx_tokens": identity.n_ctx_tokens,
            "has_fim": identity.has_fim,
            "backend": identity.backend,
            "n_gpu_layers": identity.n_gpu_layers,
            "n_threads": identity.n_threads,
            "pid": self.pid,
        }


async def ask_identity(
    connection: Connection, *, timeout_s: float, probe_timeout_s: float
) -> Introduction:
    """Ask an engine which model it runs.

    Args:
        connection: The way to it.
        timeout_s: No question takes longer.
        probe_timeout_s: The same for the one token that an engine elsewhere must generate, to
            see whether it can fill in the middle.

    Raises:
        EngineError: It cannot be asked, or speaks another version of the dialect.
    """
    props: Mapping[str, Any] = {}
    with contextlib.suppress(EngineRequestError):
        props = await connection.get("/props", timeout_s=timeout_s)
    ours = props.get("ducktypist")
    if isinstance(ours, Mapping):
        return _read_ours(ours)
    models: Mapping[str, Any] = {}
    with contextlib.suppress(EngineRequestError):
        models = await connection.get("/v1/models", timeout_s=timeout_s)
    first: Mapping[str, Any] = next(iter(models.get("data") or ()), {})
    settings = props.get("default_generation_settings") or {}
    name = str(first.get("id") or props.get("model_alias") or props.get("model_path") or "")
    owner = str(first.get("owned_by") or "")
    return Introduction(
        identity=ModelIdentity(
            name=name,
            sha256="",
            quantisation="",
            n_ctx_tokens=int(settings.get("n_ctx") or first.get("max_model_len") or 0),
            has_fim=await _can_infill(connection, name, timeout_s=probe_timeout_s),
            backend="llama-server" if owner == "llamacpp" else owner or "remote",
        )
    )


async def ask_rates(connection: Connection, *, timeout_s: float) -> Rates | None:
    """Ask an engine of ours how fast it is; None when it does not say.

    Raises:
        EngineError: It cannot be asked.
    """
    props = await connection.get("/props", timeout_s=timeout_s)
    ours = props.get("ducktypist")
    return Rates.from_json(ours.get("rates")) if isinstance(ours, Mapping) else None


def _read_ours(told: Mapping[str, Any]) -> Introduction:
    version = told.get("dialect_version")
    if version != DIALECT_VERSION:
        raise EngineUnavailableError(misunderstanding(host=version, window=DIALECT_VERSION))
    return Introduction(
        identity=ModelIdentity(
            name=str(told["name"]),
            sha256=str(told["sha256"]),
            quantisation=str(told["quantisation"]),
            n_ctx_tokens=int(told["n_ctx_tokens"]),
            has_fim=bool(told["has_fim"]),
            backend=str(told["backend"]),
            n_gpu_layers=int(told["n_gpu_layers"]),
            n_threads=int(told["n_threads"]),
        ),
        details=told.get("details") or {},
        pid=told.get("pid"),
    )


async def _can_infill(connection: Connection, model: str, *, timeout_s: float) -> bool:
    """Ask a remote engine for one token in the middle; the answer says whether it can."""
    body = {"model": model, "input_prefix": "a", "input_suffix": "b", "n_predict": 1}
    try:
        status, _ = await connection.ask("POST", "/infill", body, timeout_s=timeout_s)
    except EngineError:
        return False
    return status == HTTP_OK
