"""What only a real model shows; the rest is in the suite that all engines share."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ducktypist.domain import (
    ChatPrompt,
    FinishReason,
    GenerationRequest,
    InfillPrompt,
    Message,
    Prompt,
    TextPrompt,
)
from ducktypist.engine.backend import Delta, Finished, Job
from ducktypist.engine.llama_cpp import LlamaCppBackend, LlamaSettings
from ducktypist.errors import EngineUnavailableError

pytestmark = pytest.mark.model

N_CTX = 512
LONG = TextPrompt(text="alpha beta gamma delta " * 110)


def _settings(path: Path, folder: Path) -> LlamaSettings:
    return LlamaSettings(
        path=path,
        name="m",
        sha256="",
        quantisation="",
        n_ctx_tokens=N_CTX,
        n_threads=0,
        n_gpu_layers=-1,
        marker=folder / "loading",
    )


# One load for the whole file: the tests read it and leave nothing behind but a warm cache.
@pytest.fixture(scope="module")
def loaded() -> Iterator[list[LlamaCppBackend]]:
    """Keep the backend that the first test loads, and close it after the last."""
    made: list[LlamaCppBackend] = []
    yield made
    for backend in made:
        backend.close()


@pytest.fixture
def backend(loaded: list[LlamaCppBackend], model: Path, tmp_path: Path) -> LlamaCppBackend:
    """Return the real model, loaded once."""
    if not loaded:
        made = LlamaCppBackend(_settings(model, tmp_path))
        made.load()
        loaded.append(made)
    return loaded[0]


def _ask(
    backend: LlamaCppBackend,
    prompt: Prompt,
    *,
    max_tokens: int = 16,
    cold: bool = False,
    cancelled: Callable[[], bool] = lambda: False,
) -> tuple[str, Finished]:
    deltas: list[Delta] = []
    request = GenerationRequest(prompt=prompt, max_tokens=max_tokens, cold=cold)
    job = Job(request=request, want_logprobs=True)
    finished = backend.generate(job, deltas.append, cancelled)
    return "".join(delta.text for delta in deltas), finished


def _chat(text: str) -> ChatPrompt:
    return ChatPrompt(messages=(Message(role="user", content=text),))


def test_special_tokens_in_code_stay_text(backend: LlamaCppBackend) -> None:
    """Text that spells a special token is read as its characters, and decodes to the same text."""
    vocab = backend._vocab
    for text in ("<|im_end|>", "a<|fim_middle|>b", "<|endoftext|>", "<start_of_turn>", "<eos>"):
        tokens = vocab.plain(text)
        assert not any(vocab.ends(token) or token in vocab._markers for token in tokens)
        assert b"".join(map(vocab.piece, tokens)).decode().strip() == text


def test_a_turn_marker_in_code_ends_no_turn(backend: LlamaCppBackend) -> None:
    """A chat has as many turn ends as turns, whatever its text contains."""
    end = backend._format.required_tokens[-1]
    token = backend._vocab.special(end)
    assert token is not None
    plain = backend._prompt_tokens(_chat("print()"), max_tokens=1)
    spiked = backend._prompt_tokens(_chat(f"print('{end}')"), max_tokens=1)
    assert plain.count(token) == spiked.count(token) > 0


def test_the_cache_is_reused_and_can_be_forbidden(backend: LlamaCppBackend) -> None:
    """A repeated prompt reads one token, a changed one what follows the change, a cold one all."""
    first, read = _ask(backend, _chat("Say hello."), cold=True)
    again, repeated = _ask(backend, _chat("Say hello."))
    assert read.cached_tokens == 0
    assert repeated.cached_tokens == repeated.prompt_tokens - 1
    changed = _ask(backend, _chat("Say goodbye."))[1]
    assert 0 < changed.cached_tokens < changed.prompt_tokens - 1
    fresh, cold = _ask(backend, _chat("Say hello."), cold=True)
    assert cold.cached_tokens == 0
    assert fresh == first
    assert again


def test_a_hole_is_filled(backend: LlamaCppBackend) -> None:
    """Fill-in-the-middle uses what stands on both sides."""
    prompt = InfillPrompt(
        prefix="def add(first, second):\n    return ", suffix="\n\nprint(add(1, 2))\n"
    )
    assert "second" in _ask(backend, prompt)[0]


def test_a_hole_in_a_long_file_is_clipped_around(backend: LlamaCppBackend) -> None:
    """Prefix and suffix that exceed the context lose their far ends."""
    prompt = InfillPrompt(prefix="x = 1\n" * 900 + "near = ", suffix="\nafter\n" + "y = 2\n" * 900)
    tokens = backend._prompt_tokens(prompt, max_tokens=10)
    assert len(tokens) == N_CTX - 10
    text = b"".join(map(backend._vocab.piece, tokens)).decode()
    assert "near = " in text
    assert "after" in text
    short = InfillPrompt(prefix="a = ", suffix="\n")
    assert len(backend._prompt_tokens(short, max_tokens=10)) < 12


@pytest.mark.parametrize("after_s", [0.0, 0.02, 0.1, 0.3])
def test_cancelling_while_reading_leaves_a_usable_context(
    backend: LlamaCppBackend, after_s: float
) -> None:
    """Cancelled at any moment, the next answer is what it would have been."""
    expected = _ask(backend, _chat("Say hello."), cold=True)[0]
    started = time.monotonic()
    text, finished = _ask(
        backend, LONG, cold=True, cancelled=lambda: time.monotonic() - started > after_s
    )
    assert (text, finished.reason) == ("", FinishReason.CANCELLED)
    assert _ask(backend, _chat("Say hello."))[0] == expected


def test_cancelling_while_generating_keeps_the_cache_true(backend: LlamaCppBackend) -> None:
    """What is cached after a cancelled answer is what the model has read."""
    prompt = TextPrompt(text="def count():\n    return [1, 2, 3,")
    expected = _ask(backend, prompt, cold=True)[0]
    looks = iter(range(10**9))
    _ask(backend, prompt, max_tokens=64, cancelled=lambda: next(looks) > 3000)
    sequence = backend._sequence
    assert len(sequence) == backend._lib.llama_memory_seq_pos_max(sequence._memory, 0) + 1
    assert _ask(backend, prompt, cold=True)[0] == expected


def test_layers_and_their_reason_are_told(backend: LlamaCppBackend) -> None:
    """What is used is reported, not what was asked for."""
    info = backend.info()
    assert info.identity.n_gpu_layers >= 0
    assert info.identity.n_threads >= 1
    assert info.details["gpu_reason"]
    assert info.details["chat_format"] == "chatml"


def test_a_file_that_is_no_model_is_told(tmp_path: Path, model: Path) -> None:
    """Rubbish, a cut file and a missing one are engines that cannot be had."""
    rubbish = tmp_path / "rubbish.gguf"
    rubbish.write_bytes(b"GGUF" + bytes(1000))
    cut = tmp_path / "cut.gguf"
    with model.open("rb") as whole:
        cut.write_bytes(whole.read(1024**2))
    for path in (rubbish, cut, tmp_path / "missing.gguf"):
        with pytest.raises(EngineUnavailableError, match=path.name):
            LlamaCppBackend(_settings(path, tmp_path)).load()
