"""A model's vocabulary: text to tokens and back, and which tokens are not text.

Part of the real backend; gets the bindings as an argument and imports none. Text that people wrote
never becomes a special token here, whatever it spells.
"""

from __future__ import annotations

import ctypes
import itertools
import re
from collections.abc import Iterable, Sequence
from typing import Any

from ducktypist.engine.chat_formats import Part

PIECE_BYTES = 64
SHOW_SPECIAL = True


class Vocabulary:
    """The vocabulary of one loaded model; safe from any thread."""

    def __init__(self, lib: Any, model: Any) -> None:  # noqa: ANN401 - ctypes bindings without types
        self._lib = lib
        self._vocab = lib.llama_model_get_vocab(model)
        self.n_tokens = int(lib.llama_vocab_n_tokens(self._vocab))
        self.fim_prefix = int(lib.llama_vocab_fim_pre(self._vocab))
        self.fim_suffix = int(lib.llama_vocab_fim_suf(self._vocab))
        self.fim_middle = int(lib.llama_vocab_fim_mid(self._vocab))
        self._markers = {self.fim_prefix, self.fim_suffix, self.fim_middle} - {-1}

    @property
    def has_fim(self) -> bool:
        """Whether there are tokens for prefix, suffix and middle."""
        return min(self.fim_prefix, self.fim_suffix, self.fim_middle) >= 0

    def opening(self) -> list[int]:
        """Return what a prompt begins with: the beginning-of-sequence token, if it wants one."""
        if not self._lib.llama_vocab_get_add_bos(self._vocab):
            return []
        return [int(self._lib.llama_vocab_bos(self._vocab))]

    def mark(self, tokens: Iterable[str]) -> None:
        """Remember tokens that no text of a person may become, beside those known as special."""
        self._markers |= {token for text in tokens if (token := self.special(text)) is not None}

    def special(self, text: str) -> int | None:
        """Return the one special token that ``text`` spells, None when there is none."""
        with_special = self.tokens(text, parse_special=True)
        if len(with_special) == 1 and with_special != self.tokens(text, parse_special=False):
            return with_special[0]
        if len(with_special) == 1 and self.piece(with_special[0]) == text.encode():
            return with_special[0]
        return None

    def tokens(self, text: str, *, parse_special: bool, add_special: bool = False) -> list[int]:
        """Return the tokens of a text; special tokens are recognised on demand only."""
        raw = text.encode("utf-8", "replace")
        room = len(raw) + 8
        while True:
            buffer = (ctypes.c_int32 * room)()
            n_tokens = self._lib.llama_tokenize(
                self._vocab, raw, len(raw), buffer, room, add_special, parse_special
            )
            if n_tokens >= 0:
                return list(buffer[:n_tokens])
            room = -n_tokens

    def parts(self, parts: Sequence[Part]) -> list[int]:
        """Return the tokens of a rendered prompt, each part by its own rule."""
        found: list[int] = []
        for part in parts:
            if part.is_markup:
                found += self.tokens(part.text, parse_special=True)
            else:
                found += self.plain(part.text)
        return found

    def plain(self, text: str) -> list[int]:
        """Return the tokens of what a person wrote, none of them special."""
        found = self.tokens(text, parse_special=False)
        # Tokens that a file's author declared as user-defined are recognised all the same;
        # they are cut after their first character, so that they spell what was written.
        spelled = {self.piece(token).decode("utf-8", "replace") for token in self._special(found)}
        spelled = {one for one in spelled if len(one) > 1}
        if not spelled:
            return found
        pattern = "|".join(map(re.escape, sorted(spelled, key=len, reverse=True)))
        cuts = [0, *(match.start() + 1 for match in re.finditer(pattern, text)), len(text)]
        pieces = (text[start:end] for start, end in itertools.pairwise(cuts))
        return [token for one in pieces for token in self.tokens(one, parse_special=False)]

    def piece(self, token: int) -> bytes:
        """Return a token's bytes; a special token's are its name."""
        size = PIECE_BYTES
        while True:
            buffer = ctypes.create_string_buffer(size)
            n_bytes = self._lib.llama_token_to_piece(
                self._vocab, token, buffer, size, 0, SHOW_SPECIAL
            )
            if n_bytes >= 0:
                return buffer.raw[:n_bytes]
            size = -n_bytes

    def ends(self, token: int) -> bool:
        """Tell whether a generated token ends the answer instead of being part of it."""
        return bool(
            self._lib.llama_vocab_is_eog(self._vocab, token)
            or self._lib.llama_vocab_is_control(self._vocab, token)
        )

    def _special(self, tokens: Sequence[int]) -> set[int]:
        return {token for token in set(tokens) if token in self._markers or self.ends(token)}
