"""Which function a suggestion stands in, and whether that is what it was when it was taken."""

from __future__ import annotations

from collections.abc import Callable

from ducktypist.domain import Span
from ducktypist.ledger.attribution.followed import Followed
from ducktypist.ledger.attribution.places import Place
from ducktypist.ledger.attribution.tokens import Fingerprinter
from ducktypist.ledger.hashing import plain_hash
from ducktypist.ledger.later import How, Sighted


class Blocks:
    """Functions by their text.

    Args:
        fingerprinter: Makes tokens, so that formatting does not count.
        keyed: The installation's keyed hash.
        block_at: Returns the block at an offset of a text, given the path, the text and the offset;
            empty outside of a function.
    """

    def __init__(
        self,
        fingerprinter: Fingerprinter,
        *,
        keyed: Callable[[str], str],
        block_at: Callable[[str, str, int], str],
    ) -> None:
        self._print = fingerprinter
        self._keyed = keyed
        self._block_at = block_at

    def at(self, path: str, text: str, span: Span) -> str:
        """Return the block around a place, by its beginning or else by its end."""
        return self._block_at(path, text, span.start) or (
            self._block_at(path, text, max(span.start, span.end - 1)) if len(span) else ""
        )

    def hash_of(self, block: str) -> str:
        """Return the keyed hash of a block's plain hash, empty for none."""
        return self._keyed(plain_hash(block)) if block else ""

    def hash_at(self, path: str, text: str, span: Span) -> str:
        """Return the hash of the block around a place."""
        return self.hash_of(self.at(path, text, span))

    def sighted(self, one: Followed, place: Place, how: How, *, commit_hash: str = "") -> Sighted:
        """Return the sighting of a suggestion at a place."""
        block = self.at(place.path, place.text, place.span) if place.path else ""
        block_hash = self.hash_of(block)
        return Sighted(
            suggestion_id=one.suggestion_id,
            path=place.path,
            how=how,
            edit_ratio=place.ratio,
            block_hash=block_hash,
            commit_hash=commit_hash,
            as_made=self._is_as_made(one, place, block, block_hash),
        )

    def _is_as_made(self, one: Followed, place: Place, block: str, block_hash: str) -> bool:
        """Tell whether the function is what it was when a body was taken, but for formatting."""
        if not one.is_body or place.ratio > 0 or not block:
            return False
        if block_hash in one.made_hashes:
            return True
        if one.made_ids is None or self._print.tokens(block).ids != one.made_ids:
            return False
        one.made_hashes.add(block_hash)
        return True
