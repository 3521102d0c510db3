"""The wire, asking side: everything of a request but its prompts.

How many answers, how long, how drawn, when they end, and who goes first; both directions, for
``dialect``. The names are llama-server's and OpenAI's where they have one. Ours: ``deadline_ms``,
``priority``, ``lane``, ``speculate``, ``stop_when``; an engine that is not ours is not sent them.
Pure: no I/O, no third-party import.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from ducktypist.domain import GenerationRequest, Priority, Sampling, StopName, StopRule
from ducktypist.engine import fields
from ducktypist.errors import EngineRequestError

MAX_STOPS = 32
MAX_STOP_CHARS = 256
MAX_COMPLETION_TOKENS = 32_768
DEFAULT_COMPLETION_TOKENS = 256
MAX_TEMPERATURE = 5.0
MAX_ANSWERS = 64
"""Prompts times choices of one request."""
MAX_LANE_CHARS = 256
MAX_INDENT_CHARS = 256
MAX_LANGUAGE_CHARS = 32
MAX_COMMENT_CHARS = 8
MAX_DURATION_MS = 24 * 3600 * 1000.0
MAX_N_PROBS = 100
"""More than any engine's limit."""
COMPACT = "compact"
"""Asks for the log-probabilities in the short form that only our client reads."""

REFUSED = ("grammar", "json_schema", "tools", "functions", "suffix")
"""Settings that would change what the answer means."""


def read_options(body: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of a ``GenerationRequest`` but its prompts.

    Raises:
        EngineRequestError: Something is of the wrong type, out of bounds, or not supported.
    """
    _refuse_unsupported(body)
    return {
        "max_tokens": _max_tokens(body),
        "sampling": Sampling(
            temperature=fields.number(body, "temperature", 0.0, low=0.0, high=MAX_TEMPERATURE),
            top_p=fields.number(body, "top_p", 1.0, low=0.0, high=1.0),
            seed=fields.integer(body, "seed", 0, low=-1, high=2**64 - 1),
        ),
        "stop": _stops(body),
        "cold": not fields.boolean(body, "cache_prompt", default=True),
        "n": _n(body),
        "stop_when": _stop_when(body),
        "priority": _priority(body),
        "lane": _lane(body),
        "deadline_ms": fields.number(body, "deadline_ms", 0.0, low=0.0, high=MAX_DURATION_MS),
        "decode_budget_ms": _decode_budget_ms(body),
        "speculate": fields.boolean(body, "speculate", default=False),
    }


def wants_logprobs(body: Mapping[str, Any]) -> bool:
    """Tell whether the log-probabilities of the tokens were asked for."""
    given = body.get("logprobs")
    if given == COMPACT:
        return True
    for key in ("logprobs", "top_logprobs", "n_probs"):
        number = body.get(key)
        if number is None:
            continue
        if not isinstance(number, (bool, int)) or not 0 <= number <= MAX_N_PROBS:
            raise EngineRequestError(f"`{key}` must be true, false or a small number")
    # A number asks for that many alternatives, and 0 for the chosen token's own value.
    if given is not None and not isinstance(given, bool):
        return True
    return bool(given or body.get("n_probs"))


def build_options(request: GenerationRequest, *, foreign: bool) -> dict[str, Any]:
    """Return what a body says besides its prompts; what is as by default is mostly left out.

    Args:
        request: What to generate.
        foreign: The engine is not ours: names that only ours knows are left out, and several
            answers are not asked for in one request.
    """
    body: dict[str, Any] = {
        "max_tokens": request.max_tokens,
        "temperature": request.sampling.temperature,
        "top_p": request.sampling.top_p,
        "seed": request.sampling.seed,
        "cache_prompt": not request.cold,
    }
    if request.stop:
        body["stop"] = [fields.clean(stop) for stop in request.stop]
    if request.decode_budget_ms:
        # llama-server knows this one, as a whole number, and looks at it where a line ends.
        body["t_max_predict_ms"] = math.ceil(request.decode_budget_ms)
    if foreign:
        return body
    if request.n != 1:
        body["n"] = request.n
    if request.deadline_ms:
        body["deadline_ms"] = request.deadline_ms
    if request.priority is not Priority.INTERACTIVE:
        body["priority"] = request.priority.name.lower()
    if request.lane:
        body["lane"] = fields.clean(request.lane)
    if request.speculate:
        body["speculate"] = True
    if (rule := request.stop_when) is not None:
        body["stop_when"] = {
            "name": str(rule.name),
            "indent": fields.clean(rule.indent),
            "comment": fields.clean(rule.comment),
            "language": fields.clean(rule.language)[:MAX_LANGUAGE_CHARS],
        }
    return body


def check_count(n_prompts: int, n: int) -> None:
    """Refuse more answers than one request may have."""
    if n_prompts * n > MAX_ANSWERS:
        raise EngineRequestError(
            f"{n_prompts} prompts times {n} answers are {n_prompts * n}, and one request may have "
            f"{MAX_ANSWERS}; ask in several"
        )


def _refuse_unsupported(body: Mapping[str, Any]) -> None:
    for key in REFUSED:
        if body.get(key):
            raise EngineRequestError(f"`{key}` is not supported by this engine; leave it out")
    if body.get("echo"):
        raise EngineRequestError("`echo` is not supported by this engine; leave it out")
    shape = body.get("response_format")
    if shape is not None and shape != {"type": "text"}:
        raise EngineRequestError("`response_format` must be text; leave it out")


def _n(body: Mapping[str, Any]) -> int:
    # llama-server calls it n_cmpl as well.
    key = "n" if body.get("n") is not None else "n_cmpl"
    n = fields.integer(body, key, 1, low=1, high=MAX_ANSWERS)
    if body.get("best_of") not in (None, n):
        raise EngineRequestError("`best_of` must equal `n`: every answer is sent; leave it out")
    return n


def _max_tokens(body: Mapping[str, Any]) -> int:
    for key in ("max_completion_tokens", "max_tokens", "n_predict"):
        if body.get(key) is not None:
            given = fields.integer(body, key, 0, low=-1, high=MAX_COMPLETION_TOKENS)
            # In this dialect -1 means as many as the context holds.
            return MAX_COMPLETION_TOKENS if given == -1 else given
    return DEFAULT_COMPLETION_TOKENS


def _decode_budget_ms(body: Mapping[str, Any]) -> float:
    # llama-server's own default, and what its clients send for no limit, is -1 or 0.
    key = "t_max_predict_ms"
    return max(0.0, fields.number(body, key, 0.0, low=-1.0, high=MAX_DURATION_MS))


def _stops(body: Mapping[str, Any]) -> tuple[str, ...]:
    given = body.get("stop")
    if given is None:
        return ()
    stops = [given] if isinstance(given, str) else given
    if not isinstance(stops, list) or len(stops) > MAX_STOPS:
        raise EngineRequestError(f"`stop` must be a string or at most {MAX_STOPS} of them")
    cleaned = [fields.string(stop, "stop") for stop in stops]
    if any(len(stop) > MAX_STOP_CHARS for stop in cleaned):
        raise EngineRequestError(f"a `stop` string has at most {MAX_STOP_CHARS} characters")
    return tuple(stop for stop in cleaned if stop)


def _stop_when(body: Mapping[str, Any]) -> StopRule | None:
    given = body.get("stop_when")
    if given is None:
        return None
    if not isinstance(given, dict):
        raise EngineRequestError(f"`stop_when` must be an object, got {fields.kind(given)}")
    name = given.get("name")
    if name not in list(StopName):
        raise EngineRequestError(
            f"`stop_when.name` must be one of {', '.join(StopName)}, got {name!r:.40}"
        )
    return StopRule(
        name=StopName(name),
        indent=_short(given, "indent", "", limit=MAX_INDENT_CHARS),
        comment=_short(given, "comment", "#", limit=MAX_COMMENT_CHARS),
        language=_short(given, "language", "", limit=MAX_LANGUAGE_CHARS),
    )


def _priority(body: Mapping[str, Any]) -> Priority:
    given = body.get("priority")
    if given is None:
        return Priority.INTERACTIVE
    named = {priority.name.lower(): priority for priority in Priority}
    if not isinstance(given, str) or given not in named:
        raise EngineRequestError(f"`priority` must be one of {', '.join(named)}, got {given!r:.40}")
    return named[given]


def _lane(body: Mapping[str, Any]) -> str:
    return _short(body, "lane", "", limit=MAX_LANE_CHARS)


def _short(body: Mapping[str, Any], key: str, default: str, *, limit: int) -> str:
    given = fields.text(body, key, default)
    if len(given) > limit:
        raise EngineRequestError(f"`{key}` has at most {limit} characters, got {len(given)}")
    return given
