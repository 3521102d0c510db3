"""Which pieces of context are shown: what fits, nothing twice, what changes least often first.

Pure. Where the pieces come from is not known here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from ducktypist.prompting.pieces import Piece, PieceKind, cost_chars
from ducktypist.syntax.lines import split_lines

SHARES = {
    PieceKind.IMPORTS: 0.15,
    PieceKind.HEADER: 0.15,
    PieceKind.SIGNATURE: 0.15,
    PieceKind.DEFINITION: 0.35,
    PieceKind.TEST: 0.15,
    PieceKind.CALLER: 0.10,
    PieceKind.RECENT: 0.20,
}
"""The most of the budget that a kind takes while others want some; what is left goes to the rest
in the order of their worth.

Context in comments made a removed line likelier for Qwen2.5-Coder 0.5B Q4_K_M in 8 of 13 places
whose callee had been moved to another file (log-probability of the line: mean +1.8 nats, median
+0.3); the file's own head, out of sight, hardly mattered in 8 places (mean +0.4). That is too few
to tune by: the shares say what is worth having, not what was fitted."""
ORDER = (
    PieceKind.RECENT,
    PieceKind.DEFINITION,
    PieceKind.CALLER,
    PieceKind.TEST,
    PieceKind.IMPORTS,
    PieceKind.HEADER,
    PieceKind.SIGNATURE,
)
"""In the prompt: this file's own code last, because the text before the cursor goes on there."""
MIN_CHARS = 160
"""A smaller budget is no place for context."""
MIN_PIECE_LINES = 2
TELLING_CHARS = 4
"""A shorter line, such as ``else``'s colon or a brace, is like many others."""
_RUN_LINES = 3


def choose(
    candidates: Mapping[PieceKind, Sequence[Piece]], seen: str, *, language: str, max_chars: int
) -> tuple[Piece, ...]:
    """Return what fits, each kind within its share first, then what is left of the budget.

    Args:
        candidates: By kind, the most helpful first.
        seen: What the prompt shows anyway.
        language: The LSP language id of the file that they are shown in.
        max_chars: As much as they may take as comments.
    """
    said = {line for line in _normal_lines(seen) if line}
    chosen: list[Piece] = []
    left = max_chars
    waiting: list[Piece] = []
    for kind in PieceKind:
        share = min(left, int(max_chars * SHARES[kind]))
        for piece in candidates.get(kind, ()):
            new = _unsaid(piece, said)
            if new is None:
                continue
            fitting = _cut(new, language, share)
            if fitting is None or (fitting.text != new.text and left - share > MIN_CHARS):
                # Perhaps there is room for all of it when everybody has had a share.
                waiting.append(new)
                continue
            cost = cost_chars(fitting, language=language)
            share -= cost
            left -= cost
            said.update(_normal_lines(fitting.text))
            chosen.append(fitting)
    for piece in waiting:
        new = _unsaid(piece, said)
        fitting = _cut(new, language, left) if new else None
        if fitting is not None:
            left -= cost_chars(fitting, language=language)
            said.update(_normal_lines(fitting.text))
            chosen.append(fitting)
    # Sorted, so that the order does not depend on what had to wait; each file's pieces together.
    files = [piece.path for piece in chosen]
    return tuple(
        sorted(chosen, key=lambda piece: (ORDER.index(piece.kind), files.index(piece.path)))
    )


def _unsaid(piece: Piece, said: set[str]) -> Piece | None:
    """Return what of a piece does not stand in the prompt yet, None when that is too little."""
    lines = split_lines(piece.text)
    normal = _normal_lines(piece.text)
    known = [not line or line in said for line in normal]
    if all(known):
        return None
    telling = [line for line in normal if len(line) >= TELLING_CHARS]
    n_known = sum(line in said for line in telling)
    if piece.kind is PieceKind.SIGNATURE:
        # Each line stands for itself.
        kept = [line for line, is_known in zip(lines, known, strict=True) if not is_known]
        return replace(piece, text="\n".join(kept))
    if telling and n_known * 2 > len(telling):
        return None
    return replace(piece, text="\n".join(_without_runs(lines, known)).strip("\n"))


def _without_runs(lines: Sequence[str], known: Sequence[bool]) -> Iterator[str]:
    """Yield lines without passages of several known ones; a single one may belong to new code."""
    first = 0
    while first < len(lines):
        end = first
        while end < len(lines) and known[end]:
            end += 1
        n_known = sum(bool(line.strip()) for line in lines[first:end])
        if n_known < _RUN_LINES:
            yield from lines[first:end]
        if end < len(lines):
            yield lines[end]
        first = end + 1


def _cut(piece: Piece, language: str, max_chars: int) -> Piece | None:
    """Return as much of a piece as fits, whole lines; None when that is hardly any."""
    if cost_chars(piece, language=language) <= max_chars:
        return piece
    if piece.kind is PieceKind.HEADER:
        return None
    lines = split_lines(piece.text)
    # The person was in the middle of a recent piece; of all others the beginning tells most.
    is_middle = piece.kind is PieceKind.RECENT
    while len(lines) > MIN_PIECE_LINES:
        n_cut = max(1, len(lines) // 8)
        lines = lines[n_cut // 2 : len(lines) - (n_cut + 1) // 2] if is_middle else lines[:-n_cut]
        shorter = replace(piece, text="\n".join(lines).strip("\n"))
        if cost_chars(shorter, language=language) <= max_chars:
            return shorter if shorter.text.count("\n") + 1 >= MIN_PIECE_LINES else None
    return None


def _normal_lines(text: str) -> list[str]:
    return [" ".join(line.split()) for line in split_lines(text)]
