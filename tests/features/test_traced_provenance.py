"""The numbers on a hover's last line are those that the ledger's view has of that suggestion."""

from __future__ import annotations

import asyncio
import re
from dataclasses import replace
from pathlib import Path

import pytest

from ducktypist.features.explain import provenance_line
from ducktypist.ledger import traced
from support.explaining import asking, explained
from support.tellers import ScriptedTeller
from support.tracing import Views, check, expected
from support.workbench import Bench, bench_of

MODULE = "def add(a, b):\n    return a +<CURSOR> b\n"


def read(bench: Bench, suggestion_id: str, shown: dict[str, float | int]) -> None:
    """Hold what was shown to the view."""
    assert bench.ledger.flush(5.0)
    views = Views(bench.ledger.path)
    assert check(views, shown, traced.PROVENANCE, key={"suggestion_id": suggestion_id}) == len(
        shown
    )


@pytest.mark.parametrize("tells", [False, True])
async def test_the_line_of_a_hover_says_what_is_written(tmp_path: Path, *, tells: bool) -> None:
    """Milliseconds, probability, interval and n of the line are the suggestion's own in there."""
    async with bench_of(tmp_path, [{"reply": "It adds `a` and `b`."}]) as bench:
        teller = ScriptedTeller() if tells else None
        answer = await explained(asking(MODULE), replace(bench.workbench, teller=teller))
        assert answer is not None
        found = answer.provenance
        assert found is not None
        line = provenance_line(found)
        shown: dict[str, float | int] = {
            "total_ms": found.total_ms,
            "n_shown_confirmed": answer.claims.n_confirmed,
            "n_shown_unconfirmed": answer.claims.n_unconfirmed,
            "n_struck": answer.claims.n_contradicted,
        }
        assert answer.claims.sentence() in line
        assert answer.claims.n_left
        said = [int(number) for number in re.findall(r"(\d+) ms", line)]
        assert said == [round(found.total_ms)]
        if found.prediction is not None:
            p = found.prediction
            shown |= {"p_right": p.p_right, "p_low": p.low, "p_high": p.high, "n_like": p.n_like}
            assert p.sentence() in line
        assert (found.prediction is not None) == tells
        await asyncio.to_thread(read, bench, found.suggestion_id, shown)


def test_a_wrong_number_would_be_found(tmp_path: Path) -> None:
    """What the view does not say is refused."""

    async def made() -> tuple[Path, str]:
        async with bench_of(tmp_path, [{"reply": "It adds `a` and `b`."}]) as bench:
            answer = await explained(asking(MODULE), bench.workbench)
            assert answer is not None
            assert answer.provenance is not None
            return bench.ledger.path, answer.provenance.suggestion_id

    path, one = asyncio.run(made())
    views, key = Views(path), {"suggestion_id": one}
    origin = traced.PROVENANCE["total_ms"]
    right = expected(views, "total_ms", origin, key)
    with pytest.raises(AssertionError, match="total_ms"):
        check(views, {"total_ms": right + 1}, traced.PROVENANCE, key=key)
