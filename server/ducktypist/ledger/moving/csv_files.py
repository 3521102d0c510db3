"""CSV as RFC 4180 has it: commas, CRLF, quotes doubled, UTF-8.

What is not known is an empty field, an empty text is a quoted one; Python's own writer cannot tell
these apart before 3.12. A text that a spreadsheet would take for a formula stays as it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from ducktypist.ledger.moving.dictionary import Flat, Holds
from ducktypist.ledger.rows import Value

_SPECIAL = frozenset(',"\r\n')


def write_csv(path: Path, flat: Flat, rows: Iterable[Sequence[Value]]) -> int:
    """Write a table with its names in the first line; return how many rows it has."""
    is_flag = [column.holds is Holds.FLAG for column in flat.columns]
    n_rows = 0
    with path.open("w", encoding="utf-8", newline="") as file:
        file.write(f"{','.join(_field(column.name) for column in flat.columns)}\r\n")
        for row in rows:
            pairs = zip(row, is_flag, strict=True)
            file.write(f"{','.join(_field(value, flag=flag) for value, flag in pairs)}\r\n")
            n_rows += 1
    return n_rows


def _field(value: Value, *, flag: bool = False) -> str:
    if value is None:
        return ""
    if flag:
        return "true" if value else "false"
    if isinstance(value, str):
        if value and not _SPECIAL.intersection(value):
            return value
        doubled = value.replace('"', '""')
        return f'"{doubled}"'
    # The shortest digits that give the same number back.
    return repr(value)
