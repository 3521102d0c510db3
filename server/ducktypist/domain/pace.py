"""How fast is fast enough: the limits by which a model is usable, slow, or makes one drink tea."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from ducktypist.domain.verdicts import Kind

READING_TOK_S = 5.3
"""238 words a minute (Brysbaert 2019, J. Mem. Lang. 109, 104047) at 4/3 tokens a word."""

MAX_TTFT_MS: Mapping[Kind, float] = MappingProxyType({Kind.INFILL: 1_000.0})
"""Time to the first token that is still usable, where it is not the hover's."""

MAX_HOVER_TTFT_MS = 3_000.0

MAX_WAIT_MS = 10_000.0
"""Nielsen's limit of attention (Usability Engineering, 1993, chapter 5)."""
