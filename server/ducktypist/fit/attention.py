"""What each layer keeps of a token: from the keys of a model file, as llama.cpp reads them.

Knows the keys' names and what each architecture makes of them (``llama_model_base::load_hparams``
and the files of ``src/models``, state of llama-cpp-python 0.3.36). How a file is read is for
others: they hand in a :class:`Metadata`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Protocol

MAX_LAYERS: Final = 4096
"""A file that claims more is not believed."""

_F32_BYTES: Final = 4

_PERIODS: Final[Mapping[str, int]] = MappingProxyType(
    {
        **dict.fromkeys(("gemma2", "gpt-oss"), 2),
        **dict.fromkeys(("afmoe", "cohere2", "exaone-moe", "exaone4", "llama4", "mellum"), 4),
        **dict.fromkeys(("olmo2", "cohere2moe", "laguna", "smallthinker"), 4),
        "gemma3": 6,
        "gemma3n": 5,
        "plamo3": 8,
    }
)
"""The last of every so many layers looks at the whole context (``load_swa_pattern``)."""
_WHOLE_FIRST: Final = frozenset({"cohere2moe", "laguna", "smallthinker"})
"""Here it is the first of them."""
_WINDOWS: Final = MappingProxyType({"gemma2": 4096, "smallthinker": 4096})
"""Windows that a file need not state."""
_WHOLE_AFTER_ALL: Final = frozenset({"phi3"})
"""A window is stated, and llama.cpp has taken it back (``phi3.cpp``)."""


class Metadata(Protocol):
    """The keys of one model file, below its architecture's name."""

    def number(self, key: str, default: int = 0) -> int:
        """Return a whole number; the largest layer's where there is one for each."""

    def each(self, key: str, n_layers: int, default: int) -> list[int]:
        """Return a number for each layer, whether the file has one for all or a list."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attention:
    """What a model keeps, layer by layer."""

    n_head: int
    kv_heads: tuple[int, ...]
    key_length: int
    value_length: int
    """0 where keys and values are one (MLA)."""
    windows: tuple[int, ...]
    state_bytes: int
    """Of the recurrent layers, for one sequence."""

    @property
    def kv_values(self) -> tuple[int, ...]:
        """How many values each layer keeps for one token, keys and values together."""
        return tuple(heads * (self.key_length + self.value_length) for heads in self.kv_heads)


def attention_of(architecture: str, metadata: Metadata, *, n_layers: int) -> Attention:
    """Work out what each of ``n_layers`` layers keeps."""
    n_embd = metadata.number("embedding_length")
    n_head = max([1, *metadata.each("attention.head_count", n_layers, 1)])
    per_head = n_embd // n_head
    is_compressed = bool(metadata.number("attention.key_length_mla"))
    kv_heads = metadata.each("attention.head_count_kv", n_layers, n_head)
    n_keeping = _n_keeping(architecture, metadata, n_layers)
    recurrent = _recurrent(architecture, metadata, kv_heads)
    kept = tuple(
        0 if layer >= n_keeping or layer in recurrent else heads
        for layer, heads in enumerate(kv_heads)
    )
    return Attention(
        n_head=n_head,
        kv_heads=kept,
        key_length=metadata.number("attention.key_length", per_head),
        value_length=(0 if is_compressed else metadata.number("attention.value_length", per_head)),
        windows=_windows(architecture, metadata, n_layers),
        state_bytes=len(recurrent) * _state_bytes(metadata),
    )


def _n_keeping(architecture: str, metadata: Metadata, n_layers: int) -> int:
    """Return how many of the first layers keep anything (``llama_hparams::has_kv``)."""
    if architecture == "gemma3n":
        return min(n_layers, 20)
    # Layers that predict tokens further ahead are left out of the cache; others use an earlier
    # layer's keys and values.
    left_out = metadata.number("nextn_predict_layers") + metadata.number(
        "attention.shared_kv_layers"
    )
    return max(0, n_layers - left_out)


def _recurrent(architecture: str, metadata: Metadata, kv_heads: list[int]) -> frozenset[int]:
    """Return the layers that keep a state in place of keys and values."""
    if not metadata.number("ssm.state_size"):
        return frozenset()
    if architecture in {"qwen3next", "qwen35", "qwen35moe"}:
        period = metadata.number("full_attention_interval", 4) or 4
        return frozenset(layer for layer in range(len(kv_heads)) if (layer + 1) % period)
    return frozenset(layer for layer, heads in enumerate(kv_heads) if not heads)


def _state_bytes(metadata: Metadata) -> int:
    """Return one recurrent layer's state (``n_embd_r`` and ``n_embd_s`` in llama-hparams.cpp)."""
    inner, size = metadata.number("ssm.inner_size"), metadata.number("ssm.state_size")
    n_before = max(0, metadata.number("ssm.conv_kernel") - 1)
    convolved = n_before * (inner + 2 * metadata.number("ssm.group_count") * size)
    return _F32_BYTES * (convolved + size * inner)


def _windows(architecture: str, metadata: Metadata, n_layers: int) -> tuple[int, ...]:
    window = metadata.number("attention.sliding_window", _WINDOWS.get(architecture, 0))
    if not window or architecture in _WHOLE_AFTER_ALL:
        return (0,) * n_layers
    # A list of flags, or a period, or what the architecture is known for.
    key, known = "attention.sliding_window_pattern", _PERIODS.get(architecture, 0)
    stated = metadata.each(key, n_layers, known)
    if len(set(stated)) > 1 or (set(stated) <= {0, 1} and known == 0):
        return tuple(window if is_local else 0 for is_local in stated)
    period = stated[0] if stated else 0
    if period <= 0:
        return (0,) * n_layers
    whole = 0 if architecture in _WHOLE_FIRST else period - 1
    return tuple(0 if layer % period == whole else window for layer in range(n_layers))
