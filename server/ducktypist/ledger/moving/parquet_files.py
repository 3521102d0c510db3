"""Parquet files with typed columns. The only module that imports pyarrow, which is optional."""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from ducktypist.errors import LedgerError
from ducktypist.ledger.moving.dictionary import Flat, Holds
from ducktypist.ledger.rows import Value

N_ROWS_OF_GROUP = 10_000


def write_parquet(path: Path, flat: Flat, rows: Iterable[Sequence[Value]]) -> int:
    """Write a table as one file and return how many rows it has.

    Each column's description goes along as its metadata.

    Raises:
        LedgerError: pyarrow is not installed, or it refuses a value.
    """
    try:
        import pyarrow as pa  # type: ignore[import-untyped] # it ships no types  # noqa: PLC0415 - slow
        import pyarrow.parquet as pq  # type: ignore[import-untyped] # as above  # noqa: PLC0415 - slow
    except ImportError as error:
        raise LedgerError(
            "Parquet files need pyarrow; install it with: pip install 'ducktypist[parquet]'"
        ) from error
    types = {
        Holds.TEXT: pa.string(),
        Holds.INTEGER: pa.int64(),
        Holds.REAL: pa.float64(),
        Holds.FLAG: pa.bool_(),
        Holds.TIME: pa.timestamp("ms", tz="UTC"),
    }
    schema = pa.schema(
        [
            pa.field(column.name, types[column.holds], metadata={"description": column.says})
            for column in flat.columns
        ]
    )
    conversions = [_CONVERSIONS[column.holds] for column in flat.columns]
    n_rows = 0
    source = iter(rows)
    try:
        with pq.ParquetWriter(path, schema, compression="zstd") as writer:
            while group := list(itertools.islice(source, N_ROWS_OF_GROUP)):
                columns = zip(*group, strict=True)
                arrays = [
                    pa.array([convert(value) for value in column], type=field.type)
                    for column, field, convert in zip(columns, schema, conversions, strict=True)
                ]
                writer.write_table(pa.Table.from_arrays(arrays, schema=schema))
                n_rows += len(group)
    except (pa.ArrowException, OSError) as error:
        raise LedgerError(f"{path} cannot be written as Parquet: {error}") from error
    return n_rows


def _same(value: Value) -> Any:  # noqa: ANN401 - pyarrow takes what it is given
    return value


def _flag(value: Value) -> Any:  # noqa: ANN401 - as above
    return None if value is None else bool(value)


def _real(value: Value) -> Any:  # noqa: ANN401 - as above
    return None if value is None else float(value)


def _time(value: Value) -> Any:  # noqa: ANN401 - as above
    return None if value is None else dt.datetime.fromisoformat(str(value))


_CONVERSIONS: dict[Holds, Callable[[Value], Any]] = {
    Holds.TEXT: _same,
    Holds.INTEGER: _same,
    Holds.REAL: _real,
    Holds.FLAG: _flag,
    Holds.TIME: _time,
}
