"""A backend that answers from a script: shipped, deterministic, for tests and demonstrations.

Not a model. It takes the same requests, batches, time limits and interrupts as the real one, so
that everything above it can be tested without a model file; ``scripted_rules.py`` says how a script
is written. It is also the strictest of backends: an answer is drawn only where the cache holds that
answer's own prompt and what it has said so far, and anything else raises, because a real model
would go on with nonsense and nobody would notice.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from pathlib import Path

from ducktypist.domain import GenerationRequest, InfillPrompt, ModelIdentity, Prompt
from ducktypist.engine.backend import (
    BackendInfo,
    Capacity,
    Encoded,
    Feed,
    Job,
    StepCode,
)
from ducktypist.engine.interrupt import Interrupt
from ducktypist.engine.rates import Rates
from ducktypist.engine.scripted_cache import CacheMisuseError, StrictCache
from ducktypist.engine.scripted_chaos import Troubles
from ducktypist.engine.scripted_drawing import LastBatch, ScriptedDrawer, Turns, token_id
from ducktypist.engine.scripted_rules import (
    Script,
    flatten,
    read_script,
    split_tokens,
)
from ducktypist.errors import EngineRequestError, EngineUnavailableError
from ducktypist.fit.memory import n_cells_of

__all__ = ["ScriptedBackend", "ScriptedDrawer", "flatten", "split_tokens"]

LOOK_S = 0.005
"""How often a waiting script looks whether it was interrupted."""
STEP_MS = 1.0
"""About what a step takes here that waits for nothing."""


class ScriptedBackend:
    """Answers from a script."""

    def __init__(self, path: Path, *, n_ctx_tokens: int) -> None:
        self._path = path
        self._n_ctx_tokens = n_ctx_tokens
        self._script: Script | None = None
        self._turns = Turns()
        self._troubles = Troubles()
        self._batch = LastBatch()

    def load(self) -> None:
        """Read the script, and take as long or fail as it says."""
        script = read_script(self._path)
        time.sleep(script.load_ms / 1000)
        if script.load_fail:
            raise EngineUnavailableError(script.load_fail)
        self._script = script
        self._cache = StrictCache(self.capacity())

    def info(self) -> BackendInfo:
        """Return the script's name and hash as a model's."""
        script = self._loaded()
        return BackendInfo(
            identity=ModelIdentity(
                name=script.name,
                sha256=script.sha256,
                quantisation="none",
                n_ctx_tokens=self.capacity().n_ctx_tokens,
                has_fim=script.has_fim,
                backend="scripted",
            ),
            details={"n_rules": len(script.rules)},
        )

    def capacity(self) -> Capacity:
        """Return what the script says there is room for."""
        script = self._loaded()
        n_ctx_tokens = min(self._n_ctx_tokens, script.n_ctx_tokens)
        n_cells = n_cells_of(script.n_cells, n_ctx_tokens=n_ctx_tokens)
        return Capacity(
            n_ctx_tokens=min(n_ctx_tokens, n_cells),
            n_cells=n_cells,
            n_sequences=script.n_sequences,
            n_batch_tokens=script.n_batch_tokens,
            n_rows=script.n_rows,
            can_fork=script.can_fork,
        )

    def measure(self) -> Rates:
        """Return what follows from the script: a step takes a moment, and each token its own time.

        A rule's delays are no part of it: they are the same however many answers go on together.
        """
        script = self._loaded()

        def ms(n_tokens: int) -> float:
            return STEP_MS + script.per_token_ms * n_tokens

        n_tokens = script.n_batch_tokens
        return Rates(
            prefill_tok_s=n_tokens * 1000 / ms(n_tokens),
            step_ms={1: ms(1), n_tokens: ms(n_tokens)},
        )

    def tokenize(self, text: str, *, add_special: bool, parse_special: bool) -> list[int]:  # noqa: ARG002 - a script has no special tokens
        """Return one number for each word, space or mark."""
        return [token_id(piece) for piece in split_tokens(text)]

    def encode(self, request: GenerationRequest, prompt: Prompt) -> Encoded:
        """Return the tokens of a prompt's flat text; at least one, as something must be read.

        Raises:
            EngineRequestError: It does not fit, or the script offers no fill-in-the-middle.
        """
        if isinstance(prompt, InfillPrompt) and not self._loaded().has_fim:
            raise EngineRequestError("this model has no fill-in-the-middle tokens", status=501)
        tokens = self._prompt_tokens(prompt)
        n_ctx_tokens = self.capacity().n_ctx_tokens
        if len(tokens) >= n_ctx_tokens:
            raise EngineRequestError(
                f"the prompt has {len(tokens)} tokens, and at most {n_ctx_tokens - 1} fit "
                f"into the context; shorten it"
            )
        return Encoded(tokens=tokens, stops=request.stop)

    def drawer(self, job: Job, index: int) -> ScriptedDrawer:
        """Return what says the reply of the first rule that fits."""
        script = self._loaded()
        prompt = job.request.prompts[index // job.request.n]
        return ScriptedDrawer(
            rule=self._troubles.changed(script.rule_for(prompt), flatten(prompt)[1], script.chaos),
            turns=self._turns,
            batch=self._batch,
            prompt=prompt,
            prompt_tokens=self._prompt_tokens(prompt),
            job=job,
            choice=index % job.request.n,
        )

    def decode(self, feeds: Sequence[Feed], interrupt: Interrupt) -> StepCode:
        """Append the feeds, and take as long or fail as their rules say.

        Raises:
            CacheMisuseError: No real cache could hold what they ask for.
        """
        self._batch.clear()
        self._cache.check(feeds)
        drawers = [_checked(feed) for feed in feeds]
        wait_ms = self._loaded().per_token_ms * sum(len(feed.tokens) for feed in feeds)
        wait_ms += max(drawer.wait_ms(feed) for drawer, feed in zip(drawers, feeds, strict=True))
        failures = {drawer.failure(feed) for drawer, feed in zip(drawers, feeds, strict=True)}
        if "stall" in failures:
            threading.Event().wait()
        if "hang" in failures:
            wait_ms = float("inf")
        if not _wait(wait_ms, interrupt):
            self._cache.append_part(feeds)
            return StepCode.INTERRUPTED
        if "broken" in failures:
            self._cache.spoil(feeds)
            return StepCode.FAILED
        cells = iter(self._cache.append(feeds))
        for drawer, feed in zip(drawers, feeds, strict=True):
            drawer.read(feed)
            self._batch.add(feed, cells)
        return StepCode.DONE

    def copy(self, source: int, target: int, n_tokens: int) -> None:
        """Share the beginning of a sequence with an empty one.

        Raises:
            CacheMisuseError: There is nothing to share, or ``target`` is not empty.
        """
        self._cache.copy(source, target, n_tokens)

    def trim(self, sequence: int, n_tokens: int) -> bool:
        """Cut a sequence back, or empty it where the script says that it cannot be cut.

        Raises:
            CacheMisuseError: It is shorter.
        """
        return self._cache.trim(sequence, n_tokens)

    def close(self) -> None:
        """Forget the script."""
        self._script = None

    def _prompt_tokens(self, prompt: Prompt) -> tuple[int, ...]:
        return tuple(map(self._batch.token_id, split_tokens(flatten(prompt)[1]) or [""]))

    def _loaded(self) -> Script:
        if self._script is None:
            raise EngineUnavailableError("the script is not loaded; call load first")
        return self._script


def _checked(feed: Feed) -> ScriptedDrawer:
    if not isinstance(feed.drawer, ScriptedDrawer):
        raise CacheMisuseError(f"sequence {feed.sequence} is fed for a drawer of another backend")
    feed.drawer.check(feed)
    return feed.drawer


def _wait(duration_ms: float, interrupt: Interrupt) -> bool:
    """Sleep; return whether it was for the whole time."""
    until = time.monotonic() + duration_ms / 1000
    while not interrupt.is_set():
        left = until - time.monotonic()
        if left <= 0:
            return True
        time.sleep(min(left, LOOK_S))
    return False
