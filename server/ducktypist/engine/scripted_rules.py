"""The script of the scripted backend: its file format, and which rule answers what.

Not the backend, which is ``scripted.py``: nothing here waits, draws or holds a cache.

A script is a TOML file (or JSON with the same names)::

    name = "scripted"          # optional; the model's name
    fim = true                 # whether fill-in-the-middle is offered
    n_ctx_tokens = 4096        # the longest prompt and answer; absent: what the host asks for
    n_cells = 8192             # room in the cache; absent: twice the context
    n_sequences = 64           # how many of them fit side by side
    n_batch_tokens = 256       # the most tokens in one step
    n_rows = 64                # after how many of them what comes next can be wanted
    can_fork = true            # whether sequences can be copied and cut (recurrent memory cannot)
    per_token_ms = 0           # for each token of a step
    load_ms = 0                # how long loading takes
    load_fail = ""             # a message: loading fails with it
    default = "ok"             # the answer when no rule fits

    [chaos]                    # some answers go wrong, whatever their rule says; absent: none
    share = 0.3                # of the answers; which ones depends on the seed, the prompt and
    seed = 1                   # how often it was asked before, on nothing else
    kinds = ["slow", "hang"]   # slow, or what `fail` can be; absent: see CHAOS_KINDS
    slow_ms = 200              # before each token of a slow one

    [[rule]]                   # the first rule that fits answers
    kind = "chat"              # chat, infill or text; absent: any
    match = "regex"            # searched in the flattened prompt (MULTILINE, DOTALL); absent: any
    reply = "text"             # or replies = ["first", "second"]
    delay_ms = 0               # before each token
    prefill_ms = 0             # when the prompt has been read
    logprob = -0.1             # of every token; absent: made from a hash
    margin = 1.0
    fail = "500"               # 400, 500, 501; disconnect (hang up); crash (the process dies);
                               # hang (until interrupted, each time); stall (for ever);
                               # broken (decoding fails, each time); half (ends there as if it
                               # were whole); garbage (goes on there with what nobody asked for)
    fail_after_tokens = 0      # so many tokens go out first

The flattened prompt is ``role: content`` for each message of a chat, one after the other with a
newline between them, then ``assistant: `` and its prefix; ``prefix<HOLE>suffix`` for infill; the
text itself otherwise. With several ``replies`` a greedy answer gets the next one each time (the
last one stays), a sampled one gets number ``seed`` plus its place among the answers to its prompt,
modulo their count. A reply that begins with the assistant's prefix goes on after it.
"""

from __future__ import annotations

import hashlib
import json
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ducktypist.domain import ChatPrompt, InfillPrompt, Prompt, TextPrompt
from ducktypist.errors import EngineUnavailableError

HOLE = "<HOLE>"
MAX_SCRIPT_BYTES = 4 * 1024**2
NO_LIMIT_TOKENS = 2**31

SCRIPT_KEYS = {
    *("name", "fim", "n_ctx_tokens", "n_cells", "n_sequences", "n_batch_tokens"),
    *("n_rows", "can_fork", "per_token_ms", "load_ms", "load_fail", "default", "rule", "chaos"),
}
RULE_KEYS = {
    *("kind", "match", "reply", "replies", "delay_ms", "prefill_ms", "logprob", "margin"),
    *("fail", "fail_after_tokens"),
}
FAILS_IN_DECODE = {"hang", "stall", "broken"}
FAILS_IN_TEXT = {"half", "garbage"}
FAILURES = {"", "400", "500", "501", "disconnect", "crash", *FAILS_IN_DECODE, *FAILS_IN_TEXT}
CHAOS_KEYS = {"share", "seed", "kinds", "slow_ms"}
SLOW = "slow"
CHAOS_KINDS = (SLOW, "hang", "garbage", "half", "disconnect")
"""What a host lives through; ``stall`` and ``crash`` end it, and are there when named."""


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
class Chaos:
    """How many answers go wrong, and how."""

    share: float = 0.0
    seed: int = 0
    kinds: tuple[str, ...] = CHAOS_KINDS
    slow_ms: float = 200.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """A parsed script file."""

    name: str
    sha256: str
    has_fim: bool
    n_ctx_tokens: int
    n_cells: int
    """0: twice the context."""
    n_sequences: int
    n_batch_tokens: int
    n_rows: int
    can_fork: bool
    per_token_ms: float
    load_ms: float
    load_fail: str
    chaos: Chaos
    rules: tuple[Rule, ...]

    def rule_for(self, prompt: Prompt) -> Rule:
        """Return the first rule that fits; the last one, the default, always does."""
        kind, flat = flatten(prompt)
        return next(rule for rule in self.rules if rule.fits(kind, flat))


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


def _script(body: Mapping[str, Any], sha256: str) -> Script:
    _known(body, SCRIPT_KEYS, "a script")
    rules = [_rule(rule) for rule in body.get("rule", [])]
    script = Script(
        name=str(body.get("name", "scripted")),
        sha256=sha256,
        has_fim=bool(body.get("fim", True)),
        n_ctx_tokens=int(body.get("n_ctx_tokens", NO_LIMIT_TOKENS)),
        n_cells=int(body.get("n_cells", 0)),
        n_sequences=int(body.get("n_sequences", 64)),
        n_batch_tokens=int(body.get("n_batch_tokens", 256)),
        n_rows=int(body.get("n_rows", 64)),
        can_fork=bool(body.get("can_fork", True)),
        per_token_ms=float(body.get("per_token_ms", 0)),
        load_ms=float(body.get("load_ms", 0)),
        load_fail=str(body.get("load_fail", "")),
        chaos=_chaos(body.get("chaos", {})),
        rules=(*rules, _rule({"reply": body.get("default", "ok")})),
    )
    for key in ("n_ctx_tokens", "n_sequences", "n_batch_tokens", "n_rows"):
        if getattr(script, key) < 1:
            raise ValueError(f"`{key}` must be at least 1")
    if script.n_cells < 0:
        raise ValueError("`n_cells` must be at least 0")
    return script


def _chaos(body: Mapping[str, Any]) -> Chaos:
    _known(body, CHAOS_KEYS, "`chaos`")
    kinds = tuple(str(kind) for kind in body.get("kinds", CHAOS_KINDS))
    known = FAILURES - {""} | {SLOW}
    if not kinds or set(kinds) - known:
        raise ValueError(f"`kinds` must be some of {', '.join(sorted(known))}")
    chaos = Chaos(
        share=float(body.get("share", 0)),
        seed=int(body.get("seed", 0)),
        kinds=kinds,
        slow_ms=float(body.get("slow_ms", Chaos().slow_ms)),
    )
    if not 0 <= chaos.share <= 1:
        raise ValueError("`share` must be from 0 to 1")
    return chaos


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
