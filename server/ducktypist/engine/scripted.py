"""A backend that answers from a script: shipped, deterministic, for tests and demonstrations.

Not a model. It takes the same requests, the same time limits and the same cancellations as the
real one, so that everything above it can be tested without a model file.

A script is a TOML file (or JSON with the same names)::

    name = "scripted"          # optional; the model's name
    fim = true                 # whether fill-in-the-middle is offered
    n_ctx_tokens = 4096
    load_ms = 0                # how long loading takes
    load_fail = ""             # a message: loading fails with it
    default = "ok"             # the answer when no rule fits

    [[rule]]                   # the first rule that fits answers
    kind = "chat"              # chat, infill or text; absent: any
    match = "regex"            # searched in the flattened prompt (MULTILINE, DOTALL); absent: any
    reply = "text"             # or replies = ["first", "second"]
    delay_ms = 0               # before each token
    prefill_ms = 0             # before the first token
    logprob = -0.1             # of every token; absent: made from a hash
    margin = 1.0
    fail = "500"               # 400, 500, 501; disconnect (hang up); hang (until cancelled);
                               # crash (the process dies)
    fail_after_tokens = 0      # so many tokens go out first

The flattened prompt is ``role: content`` for each message of a chat, one after the other with a
newline between them, then ``assistant: `` and its prefix; ``prefix<HOLE>suffix`` for infill; the
text itself otherwise. With several ``replies`` a greedy request gets the next one each time (the
last one stays), a sampled one gets number ``seed`` modulo their count. A reply that begins with
the assistant's prefix goes on after it.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import time
import tomllib
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ducktypist.domain import (
    ChatPrompt,
    FinishReason,
    InfillPrompt,
    ModelIdentity,
    Prompt,
    TextPrompt,
)
from ducktypist.engine.backend import (
    BackendInfo,
    Cancelled,
    Candidate,
    ConnectionDropped,
    Emit,
    Finished,
    Job,
    Prefill,
    TokenChoice,
)
from ducktypist.engine.stopping import StopScanner
from ducktypist.errors import EngineRequestError, EngineUnavailableError

HOLE = "<HOLE>"
MAX_SCRIPT_BYTES = 4 * 1024**2
STEP_S = 0.005
"""How often a waiting script looks whether it was cancelled."""

SCRIPT_KEYS = {"name", "fim", "n_ctx_tokens", "load_ms", "load_fail", "default", "rule"}
RULE_KEYS = {
    *("kind", "match", "reply", "replies", "delay_ms", "prefill_ms", "logprob", "margin"),
    *("fail", "fail_after_tokens"),
}
FAILURES = {"", "400", "500", "501", "disconnect", "hang", "crash"}
CRASH_STATUS = 70


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One answer and when it is given."""

    kind: str
    match: re.Pattern[str] | None
    replies: tuple[str, ...]
    delay_ms: float
    prefill_ms: float
    logprob: float | None
    margin: float | None
    fail: str
    fail_after_tokens: int

    def fits(self, kind: str, flat: str) -> bool:
        """Tell whether this rule answers such a prompt."""
        return self.kind in {"", kind} and (self.match is None or bool(self.match.search(flat)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """A parsed script file."""

    name: str
    sha256: str
    has_fim: bool
    n_ctx_tokens: int
    load_ms: float
    load_fail: str
    rules: tuple[Rule, ...]


def read_script(path: Path) -> Script:
    """Return the script in a file.

    Raises:
        EngineUnavailableError: The file cannot be read or is not a script.
    """
    try:
        raw = path.read_bytes()
        text = raw[:MAX_SCRIPT_BYTES].decode()
        body = json.loads(text) if path.suffix == ".json" else tomllib.loads(text)
        return _script(body, hashlib.sha256(raw).hexdigest())
    except OSError as error:
        raise EngineUnavailableError(
            f"the script {path} cannot be read: {error.strerror or error}"
        ) from error
    except (ValueError, TypeError, AttributeError, re.error) as error:
        raise EngineUnavailableError(f"{path} is not a script: {error}") from error


def split_tokens(text: str) -> list[str]:
    """Return ``text`` cut into words, spaces and single marks; joined they are ``text`` again."""
    return re.findall(r"\s+|\w+|[^\w\s]", text)


def flatten(prompt: Prompt) -> tuple[str, str]:
    """Return a prompt's kind (``chat``, ``infill`` or ``text``) and its flat text."""
    match prompt:
        case ChatPrompt(messages=messages, assistant_prefix=prefix):
            turns = [f"{message.role}: {message.content}" for message in messages]
            return "chat", "\n".join([*turns, f"assistant: {prefix}"])
        case InfillPrompt(prefix=prefix, suffix=suffix):
            return "infill", f"{prefix}{HOLE}{suffix}"
        case TextPrompt(text=text):
            return "text", text


class ScriptedBackend:
    """Answers from a script."""

    def __init__(self, path: Path, *, n_ctx_tokens: int) -> None:
        self._path = path
        self._n_ctx_tokens = n_ctx_tokens
        self._script: Script | None = None
        self._n_answered: dict[int, int] = {}
        self._cached: list[str] = []

    def load(self) -> None:
        """Read the script, and take as long or fail as it says."""
        script = read_script(self._path)
        time.sleep(script.load_ms / 1000)
        if script.load_fail:
            raise EngineUnavailableError(script.load_fail)
        self._script = script

    def info(self) -> BackendInfo:
        """Return the script's name and hash as a model's."""
        script = self._loaded()
        return BackendInfo(
            identity=ModelIdentity(
                name=script.name,
                sha256=script.sha256,
                quantisation="none",
                n_ctx_tokens=self._limit_tokens(),
                has_fim=script.has_fim,
                backend="scripted",
            ),
            details={"n_rules": len(script.rules)},
        )

    def tokenize(self, text: str, *, add_special: bool, parse_special: bool) -> list[int]:  # noqa: ARG002 - a script has no special tokens
        """Return one number for each word, space or mark."""
        return [_token_id(piece) for piece in split_tokens(text)]

    def generate(self, job: Job, emit: Emit, cancelled: Cancelled) -> Finished:
        """Answer by the first rule that fits."""
        script = self._loaded()
        request = job.request
        kind, flat = flatten(request.prompt)
        if kind == "infill" and not script.has_fim:
            raise EngineRequestError("this model has no fill-in-the-middle tokens", status=501)
        prompt = split_tokens(flat)
        if len(prompt) >= self._limit_tokens():
            raise EngineRequestError(
                f"the prompt has {len(prompt)} tokens, and at most {self._limit_tokens() - 1} fit "
                f"into the context; shorten it"
            )
        n_cached = 0 if request.cold else _n_common(self._cached, prompt)
        self._cached = prompt
        index, rule = next(
            (index, rule) for index, rule in enumerate(script.rules) if rule.fits(kind, flat)
        )
        pieces = split_tokens(self._reply(index, rule, job))
        limit = min(request.max_tokens, self._limit_tokens() - len(prompt))
        if rule.fail:
            pieces = pieces[: rule.fail_after_tokens]

        started = time.monotonic()
        alive = _wait(rule.prefill_ms, cancelled)
        prefilled = time.monotonic()
        prefill = Prefill(
            prompt_tokens=len(prompt),
            cached_tokens=n_cached,
            prefill_ms=(prefilled - started) * 1000,
        )
        scanner = StopScanner(request.stop)
        n_made = 0
        for place, piece in enumerate(pieces[:limit]):
            alive = alive and _wait(rule.delay_ms, cancelled)
            if not alive or scanner.stopped:
                break
            n_made += 1
            if delta := scanner.feed(_choice(piece, place, rule, want_top=job.want_logprobs)):
                emit(replace(delta, prefill=prefill))
        if alive and not scanner.stopped and (delta := scanner.flush()):
            emit(delta)
        if alive and rule.fail:
            alive = _fail(rule.fail, cancelled)

        reason = FinishReason.CANCELLED
        if alive:
            whole = scanner.stopped or len(pieces) < limit
            reason = FinishReason.STOP if whole else FinishReason.LENGTH
        return Finished(
            reason=reason,
            prompt_tokens=len(prompt),
            cached_tokens=n_cached,
            completion_tokens=n_made,
            prefill_ms=(prefilled - started) * 1000,
            decode_ms=(time.monotonic() - prefilled) * 1000,
        )

    def close(self) -> None:
        """Forget the script."""
        self._script = None

    def _loaded(self) -> Script:
        if self._script is None:
            raise EngineUnavailableError("the script is not loaded; call load first")
        return self._script

    def _limit_tokens(self) -> int:
        return min(self._n_ctx_tokens, self._loaded().n_ctx_tokens)

    def _reply(self, index: int, rule: Rule, job: Job) -> str:
        n_before = self._n_answered.get(index, 0)
        self._n_answered[index] = n_before + 1
        sampling = job.request.sampling
        if sampling.temperature > 0:
            reply = rule.replies[sampling.seed % len(rule.replies)]
        else:
            reply = rule.replies[min(n_before, len(rule.replies) - 1)]
        prompt = job.request.prompt
        return (
            reply.removeprefix(prompt.assistant_prefix) if isinstance(prompt, ChatPrompt) else reply
        )


def _script(body: Mapping[str, Any], sha256: str) -> Script:
    _known(body, SCRIPT_KEYS, "a script")
    rules = [_rule(rule) for rule in body.get("rule", [])]
    return Script(
        name=str(body.get("name", "scripted")),
        sha256=sha256,
        has_fim=bool(body.get("fim", True)),
        n_ctx_tokens=int(body.get("n_ctx_tokens", 2**31)),
        load_ms=float(body.get("load_ms", 0)),
        load_fail=str(body.get("load_fail", "")),
        rules=(*rules, _rule({"reply": body.get("default", "ok")})),
    )


def _rule(body: Mapping[str, Any]) -> Rule:
    _known(body, RULE_KEYS, "a rule")
    kind = str(body.get("kind", ""))
    if kind not in {"", "chat", "infill", "text"}:
        raise ValueError(f"`kind` must be chat, infill or text, got {kind!r:.40}")
    fail = str(body.get("fail", ""))
    if fail not in FAILURES:
        raise ValueError(f"`fail` must be one of {', '.join(sorted(FAILURES - {''}))}")
    pattern = body.get("match")
    replies = tuple(str(reply) for reply in body.get("replies", [body.get("reply", "")]))
    if not replies:
        raise ValueError("`replies` must hold at least one text")
    return Rule(
        kind=kind,
        match=None if pattern is None else re.compile(pattern, re.MULTILINE | re.DOTALL),
        replies=replies,
        delay_ms=float(body.get("delay_ms", 0)),
        prefill_ms=float(body.get("prefill_ms", 0)),
        logprob=None if body.get("logprob") is None else float(body["logprob"]),
        margin=None if body.get("margin") is None else float(body["margin"]),
        fail=fail,
        fail_after_tokens=int(body.get("fail_after_tokens", 0)),
    )


def _known(body: Mapping[str, Any], known: set[str], what: str) -> None:
    unknown = sorted(set(body) - known)
    if unknown:
        raise ValueError(f"{what} has no `{unknown[0]}`; known: {', '.join(sorted(known))}")


def _wait(duration_ms: float, cancelled: Cancelled) -> bool:
    """Sleep; return whether the request is still wanted."""
    until = time.monotonic() + duration_ms / 1000
    while not cancelled():
        left = until - time.monotonic()
        if left <= 0:
            return True
        time.sleep(min(left, STEP_S))
    return False


def _fail(failure: str, cancelled: Cancelled) -> bool:
    if failure == "disconnect":
        raise ConnectionDropped
    if failure == "crash":
        os._exit(CRASH_STATUS)
    if failure == "hang":
        return _wait(float("inf"), cancelled)
    raise EngineRequestError(f"the script says to fail with {failure}", status=int(failure))


def _choice(piece: str, place: int, rule: Rule, *, want_top: bool) -> TokenChoice:
    number = zlib.crc32(f"{place} {piece}".encode())
    logprob = -(number % 1000) / 1000 if rule.logprob is None else rule.logprob
    margin = 0.1 + number % 700 / 100 if rule.margin is None else rule.margin
    raw = piece.encode()
    chosen = Candidate(token_id=_token_id(piece), piece=raw, logprob=logprob)
    other = Candidate(token_id=chosen.token_id + 1, piece=b"~" + raw, logprob=logprob - margin)
    top = (chosen, other) if margin >= 0 else (other, chosen)
    return TokenChoice(chosen=chosen, top=top if want_top else ())


def _token_id(piece: str) -> int:
    return zlib.crc32(piece.encode()) % 2**31


def _n_common(old: Sequence[str], new: Sequence[str]) -> int:
    """Return how many tokens need not be read again; the last one always is."""
    n_common = 0
    for before, now in zip(old, new[:-1], strict=False):
        if before != now:
            break
        n_common += 1
    return n_common
