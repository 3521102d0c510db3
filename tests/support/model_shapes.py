"""Shapes of well-known models, from their published figures, for tests of the planner."""

from __future__ import annotations

from dataclasses import replace

from ducktypist.fit.shape import ModelShape, Role, Weights

MIB = 1024**2


def dense(**changes: object) -> ModelShape:
    """Return Qwen2.5-Coder-7B in Q4_K_M, about: 28 layers, 4 pairs of key and value."""
    layers = tuple(
        part
        for layer in range(28)
        for part in (
            Weights(
                role=Role.LAYER, layer=layer, kind="Q4_K", n_values=180_000_000, n_bytes=100 * MIB
            ),
            Weights(
                role=Role.LAYER, layer=layer, kind="Q6_K", n_values=42_000_000, n_bytes=33 * MIB
            ),
        )
    )
    ends = (
        Weights(
            role=Role.EMBEDDING, layer=-1, kind="Q4_K", n_values=544_000_000, n_bytes=292 * MIB
        ),
        Weights(role=Role.OUTPUT, layer=-1, kind="Q6_K", n_values=544_000_000, n_bytes=426 * MIB),
    )
    found = ModelShape(
        architecture="qwen2",
        n_layers=28,
        n_embd=3584,
        n_ff=18_944,
        n_head=28,
        n_vocab=152_064,
        n_ctx_train_tokens=32_768,
        kv_heads=(4,) * 28,
        key_length=128,
        value_length=128,
        windows=(0,) * 28,
        n_experts=0,
        n_experts_used=0,
        weights=(*ends, *layers),
        is_tied=False,
    )
    return replace(found, **changes)  # type: ignore[arg-type] - a keyword for any field


def mixture() -> ModelShape:
    """Return a mixture of 128 experts, of which a token uses 8; most of it is experts."""
    layers = tuple(
        part
        for layer in range(48)
        for part in (
            Weights(
                role=Role.LAYER, layer=layer, kind="Q4_K", n_values=20_000_000, n_bytes=11 * MIB
            ),
            Weights(
                role=Role.EXPERTS, layer=layer, kind="Q4_K", n_values=604_000_000, n_bytes=352 * MIB
            ),
        )
    )
    base = dense()
    return replace(
        base,
        architecture="qwen3moe",
        n_layers=48,
        n_embd=2048,
        n_ff=6144,
        n_head=32,
        kv_heads=(4,) * 48,
        windows=(0,) * 48,
        n_experts=128,
        n_experts_used=8,
        weights=(*base.weights[:2], *layers),
    )
