"""The shape of a model whose file is not here: worked out from the figures of its config.json.

Which tensors a layer has follows from the architecture; which type each gets follows from the
file type as ``llama_tensor_get_type_impl`` in llama.cpp's ``llama-quant.cpp`` chooses it, without
an importance matrix. What is small (norms beyond two a layer, biases) is left out. So the bytes
are about right, not exact: a file's own header (:mod:`ducktypist.models.gguf`) always wins.
"""

from __future__ import annotations

import enum
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, NamedTuple

from ducktypist.errors import ModelError
from ducktypist.fit.shape import ModelShape, Role, Weights
from ducktypist.models.ggml import TENSOR_TYPES

METADATA_BYTES_PER_TOKEN: Final = 40
"""What a header holds for each entry of the vocabulary: text, kind and merge rule (Qwen: 39)."""


class OutputHead(enum.StrEnum):
    """Where the output head's weights come from."""

    OWN = "own"
    TIED = "tied"
    """The token embedding serves as output head; the file holds it once."""
    COPY = "copy"
    """It is the token embedding in the model, but the published file holds it twice."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogueShape:
    """The figures of a model's config.json, as llama.cpp names them."""

    architecture: str
    n_layers: int
    n_embd: int
    n_ff: int
    """Of a dense layer; 0 when every layer has experts."""
    n_head: int
    n_head_kv: int
    key_length: int
    value_length: int
    n_vocab: int
    n_ctx_train_tokens: int
    output: OutputHead
    is_gated: bool = True
    """Whether a feed-forward part has a gate beside up and down."""
    is_fused: bool = False
    """Whether query, key and value are one tensor."""
    window: int = 0
    """How many tokens back a layer with a sliding window looks; 0: none has one."""
    window_period: int = 1
    """The last of every so many layers looks at the whole context."""
    n_experts: int = 0
    n_experts_used: int = 0
    n_ff_expert: int = 0
    n_ff_shared: int = 0
    """Of the experts that every token uses, added up."""
    n_layers_dense: int = 0
    """How many layers at the beginning have no experts."""
    kv_rank: int = 0
    """Values that keys and values are compressed to (MLA); 0: they are not."""
    rope_length: int = 0
    """With ``kv_rank``: how many values of a key carry its position."""


class _Kind(enum.Enum):
    """What a tensor is, as far as the choice of its type goes."""

    EMBEDDING = enum.auto()
    OUTPUT = enum.auto()
    VALUE = enum.auto()
    """Also the fused tensor, and the one that unpacks compressed keys and values."""
    ATTENTION_OUTPUT = enum.auto()
    DOWN = enum.auto()
    OTHER = enum.auto()
    PLAIN = enum.auto()
    """Never quantised: norms and routers."""


class _Tensor(NamedTuple):
    role: Role
    kind: _Kind
    n_columns: int
    """The length of a row, which has to be a multiple of the type's block."""
    n_rows: int


class _Place(NamedTuple):
    layer: int
    n_layers: int
    n_gqa: int
    """Heads that share one pair of key and value."""


def shape_of(figures: CatalogueShape, quantisation: str) -> ModelShape:
    """Return the shape of the model in a file of that type, ``is_estimate`` being true.

    Raises:
        ModelError: It is not known which types such a file has.
    """
    if quantisation not in DEFAULTS:
        raise ModelError(
            f"the size of a {quantisation} file cannot be worked out; known are "
            f"{', '.join(DEFAULTS)}"
        )
    is_tied = figures.output is OutputHead.TIED
    n_gqa = figures.n_head // max(1, figures.n_head_kv)
    sums: Counter[tuple[Role, int, str]] = Counter()
    for layer in range(-1, figures.n_layers):
        place = _Place(layer, figures.n_layers, n_gqa)
        for tensor in _tensors(figures, layer):
            kind = _type_name(tensor, quantisation, place, is_tied=is_tied)
            sums[tensor.role, layer, kind] += tensor.n_columns * tensor.n_rows
    return ModelShape(
        architecture=figures.architecture,
        n_layers=figures.n_layers,
        n_embd=figures.n_embd,
        n_ff=max(figures.n_ff, figures.n_ff_expert),
        n_head=figures.n_head,
        n_vocab=figures.n_vocab,
        n_ctx_train_tokens=figures.n_ctx_train_tokens,
        kv_heads=(figures.n_head_kv,) * figures.n_layers,
        key_length=figures.key_length,
        value_length=figures.value_length,
        windows=tuple(_window(figures, layer) for layer in range(figures.n_layers)),
        n_experts=figures.n_experts,
        n_experts_used=figures.n_experts_used,
        weights=tuple(
            Weights(role=role, layer=layer, kind=kind, n_values=n, n_bytes=_bytes(kind, n))
            for (role, layer, kind), n in sums.items()
        ),
        is_tied=is_tied,
        # About as many as tokens; SentencePiece, as Gemma has it, works with scores instead.
        n_merges=0 if figures.architecture.startswith("gemma") else figures.n_vocab,
        is_estimate=True,
    )


def about_file_bytes(figures: CatalogueShape, quantisation: str) -> int:
    """Return about how large the file is, its header with the vocabulary included.

    Raises:
        ModelError: See :func:`shape_of`.
    """
    return shape_of(figures, quantisation).n_bytes + METADATA_BYTES_PER_TOKEN * figures.n_vocab


def _window(figures: CatalogueShape, layer: int) -> int:
    """As ``llama_hparams::set_swa_pattern`` lays them out."""
    period = figures.window_period
    return figures.window if layer % period < period - 1 else 0


def _tensors(figures: CatalogueShape, layer: int) -> Iterator[_Tensor]:
    if layer >= 0:
        yield from _attention(figures)
        yield from _feed_forward(figures, layer)
        yield _Tensor(Role.LAYER, _Kind.PLAIN, figures.n_embd, 2)
        return
    yield _Tensor(Role.EMBEDDING, _Kind.EMBEDDING, figures.n_embd, figures.n_vocab)
    yield _Tensor(Role.OUTPUT, _Kind.PLAIN, figures.n_embd, 1)
    if figures.output is not OutputHead.TIED:
        yield _Tensor(Role.OUTPUT, _Kind.OUTPUT, figures.n_embd, figures.n_vocab)


def _attention(figures: CatalogueShape) -> Iterator[_Tensor]:
    n_embd, n_head = figures.n_embd, figures.n_head
    queries = n_head * figures.key_length
    keys = figures.n_head_kv * figures.key_length
    values = figures.n_head_kv * figures.value_length
    if figures.is_fused:
        yield _Tensor(Role.LAYER, _Kind.VALUE, n_embd, queries + keys + values)
    elif figures.kv_rank:
        unpacked = n_head * (figures.key_length - figures.rope_length + figures.value_length)
        yield _Tensor(Role.LAYER, _Kind.OTHER, n_embd, queries)
        yield _Tensor(Role.LAYER, _Kind.OTHER, n_embd, figures.kv_rank + figures.rope_length)
        yield _Tensor(Role.LAYER, _Kind.VALUE, figures.kv_rank, unpacked)
    else:
        yield _Tensor(Role.LAYER, _Kind.OTHER, n_embd, queries + keys)
        yield _Tensor(Role.LAYER, _Kind.VALUE, n_embd, values)
    yield _Tensor(Role.LAYER, _Kind.ATTENTION_OUTPUT, n_head * figures.value_length, n_embd)


def _feed_forward(figures: CatalogueShape, layer: int) -> Iterator[_Tensor]:
    n_embd, n_up = figures.n_embd, 2 if figures.is_gated else 1
    if not figures.n_experts or layer < figures.n_layers_dense:
        yield from _network(Role.LAYER, n_embd, figures.n_ff, n_up=n_up, n_copies=1)
        return
    yield _Tensor(Role.LAYER, _Kind.PLAIN, n_embd, figures.n_experts)
    yield from _network(
        Role.EXPERTS, n_embd, figures.n_ff_expert, n_up=n_up, n_copies=figures.n_experts
    )
    if figures.n_ff_shared:
        yield from _network(Role.LAYER, n_embd, figures.n_ff_shared, n_up=n_up, n_copies=1)


def _network(role: Role, n_embd: int, n_ff: int, *, n_up: int, n_copies: int) -> Iterator[_Tensor]:
    yield _Tensor(role, _Kind.OTHER, n_embd, n_up * n_ff * n_copies)
    yield _Tensor(role, _Kind.DOWN, n_ff, n_embd * n_copies)


# ---------------------------------------------------------------------- which type a tensor gets

DEFAULTS: Final[Mapping[str, str]] = MappingProxyType(
    {name: name for name in ("F16", "BF16", "Q4_0", "Q4_1", "Q5_0", "Q5_1", "Q6_K", "Q8_0")}
    | {"Q2_K": "Q2_K", "Q3_K_S": "Q3_K", "Q3_K_M": "Q3_K", "Q3_K_L": "Q3_K"}
    | {"Q4_K_S": "Q4_K", "Q4_K_M": "Q4_K", "Q5_K_S": "Q5_K", "Q5_K_M": "Q5_K"}
    | {"IQ4_XS": "IQ4_XS", "IQ4_NL": "IQ4_NL", "MXFP4": "Q8_0", "MXFP4_MOE": "Q8_0"}
)
"""The type of most tensors of a file type (``llama_ftype_get_default_type``)."""

_FALLBACKS: Final[Mapping[str, str]] = MappingProxyType(
    {"IQ4_XS": "IQ4_NL", "Q2_K": "Q4_0", "Q3_K": "Q4_0", "Q4_K": "Q5_0", "Q5_K": "Q5_1"}
    | {"Q6_K": "Q8_0"}
)
"""What is taken for rows that are no multiple of 256 (``tensor_type_fallback``)."""

_BLOCKS: Final = MappingProxyType({kind.name: kind for kind in TENSOR_TYPES.values()})


def _more_bits(place: _Place) -> bool:
    """The first and the last eighth of the layers, and every third between (``use_more_bits``)."""
    eighth = place.n_layers // 8
    layer = place.layer
    return layer < eighth or layer >= 7 * place.n_layers // 8 or (layer - eighth) % 3 == 2  # noqa: PLR2004 - llama.cpp's own pattern


def _always(_: _Place) -> bool:
    return True


def _many_share(place: _Place) -> bool:
    return place.n_gqa >= 4  # noqa: PLR2004 - llama.cpp's own bound


def _first(n_layers: int) -> Callable[[_Place], bool]:
    return lambda place: place.layer < n_layers


def _first_part(divisor: int) -> Callable[[_Place], bool]:
    return lambda place: place.layer < place.n_layers // divisor


_Rules = tuple[tuple[Callable[[_Place], bool], str], ...]
_BETTER: Final[Mapping[tuple[str, _Kind], _Rules]] = MappingProxyType(
    {
        ("Q2_K", _Kind.VALUE): ((_many_share, "Q4_K"), (_always, "Q3_K")),
        ("Q2_K", _Kind.DOWN): ((_always, "Q3_K"),),
        ("Q2_K", _Kind.ATTENTION_OUTPUT): ((_always, "Q3_K"),),
        ("Q3_K_M", _Kind.VALUE): ((_first(2), "Q5_K"), (_always, "Q4_K")),
        ("Q3_K_M", _Kind.DOWN): ((_first_part(16), "Q5_K"), (_always, "Q4_K")),
        ("Q3_K_M", _Kind.ATTENTION_OUTPUT): ((_always, "Q4_K"),),
        ("Q3_K_L", _Kind.VALUE): ((_always, "Q5_K"),),
        ("Q3_K_L", _Kind.DOWN): ((_always, "Q5_K"),),
        ("Q3_K_L", _Kind.ATTENTION_OUTPUT): ((_always, "Q5_K"),),
        ("Q4_K_S", _Kind.VALUE): ((_first(4), "Q5_K"),),
        ("Q4_K_S", _Kind.DOWN): ((_first_part(8), "Q5_K"),),
        ("Q4_K_M", _Kind.VALUE): ((_more_bits, "Q6_K"),),
        ("Q4_K_M", _Kind.DOWN): ((_more_bits, "Q6_K"),),
        ("Q5_K_M", _Kind.VALUE): ((_more_bits, "Q6_K"),),
        ("Q5_K_M", _Kind.DOWN): ((_more_bits, "Q6_K"),),
        ("IQ4_XS", _Kind.VALUE): ((_many_share, "Q5_K"),),
        ("IQ4_XS", _Kind.DOWN): ((_first_part(8), "Q5_K"),),
        ("IQ4_NL", _Kind.VALUE): ((_many_share, "Q5_K"),),
        ("IQ4_NL", _Kind.DOWN): ((_first_part(8), "Q5_K"),),
    }
)
"""Where a file type gives a tensor more than its default; the first rule that holds counts."""


def _type_name(tensor: _Tensor, quantisation: str, place: _Place, *, is_tied: bool) -> str:
    if tensor.kind is _Kind.PLAIN:
        return "F32"
    default = DEFAULTS[quantisation]
    if default in {"F16", "BF16"}:
        return default
    is_head = tensor.kind is _Kind.OUTPUT or (is_tied and tensor.kind is _Kind.EMBEDDING)
    if is_head:
        fits = tensor.n_columns % _BLOCKS[default].n_block == 0
        return _fitting("Q6_K" if fits and default != "Q8_0" else "Q8_0", tensor)
    if quantisation.startswith("MXFP4"):
        return "MXFP4" if tensor.role is Role.EXPERTS else "Q8_0"
    rules = _BETTER.get((quantisation, tensor.kind), ())
    return _fitting(next((kind for holds, kind in rules if holds(place)), default), tensor)


def _fitting(kind: str, tensor: _Tensor) -> str:
    if tensor.n_columns % _BLOCKS[kind].n_block == 0:
        return kind
    fallback = _FALLBACKS.get(kind, "F16")
    return fallback if tensor.n_columns % _BLOCKS[fallback].n_block == 0 else "F16"


def _bytes(kind: str, n_values: int) -> int:
    block = _BLOCKS[kind]
    return n_values // block.n_block * block.block_bytes
