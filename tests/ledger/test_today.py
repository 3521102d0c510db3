"""Today's counts of one model: each is what a view says."""

from __future__ import annotations

import math
from dataclasses import asdict
from pathlib import Path

import apsw
import pytest

from ducktypist.ledger import traced
from ducktypist.ledger.recent import SQL, read_recent
from ducktypist.ledger.stats import SOMEONE_WAITS, Speed
from ducktypist.ledger.today import Today, read_today, worst
from support.ledger_days import a_day_of_the_ledger
from support.random_ledgers import MODELS, dice, write_randomly
from support.tracing import Views, check, expected

__all__ = ["a_day_of_the_ledger"]

DAY = "2026-03-09"


@pytest.fixture(params=range(3))
def path(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    """A ledger in which anything happened."""
    file = tmp_path / "l.sqlite3"
    write_randomly(file, dice(request.param), n_suggestions=400)
    return file


def test_each_number_comes_from_a_view(path: Path) -> None:
    """For each model, and the speed is the worst of the kinds that somebody waits for."""
    views, n_checked = Views(path), 0
    for model in MODELS:
        key = {
            "model": model.name,
            "model_sha256": model.sha256,
            "quantisation": model.quantisation,
        }
        today = read_today(path, **key)
        row = {k: None if isinstance(v, float) and math.isnan(v) else v
               for k, v in asdict(today).items()}  # fmt: skip
        speed = row.pop("speed")
        origins = {name: origin for name, origin in traced.TODAY.items() if name != "speed"}
        n_checked += check(views, row, origins, key=key | {"day_utc": DAY})
        origin = traced.TODAY["speed"]
        words = [
            Speed(expected(views, "speed", origin, key | {"day_utc": DAY, "kind": kind.value}))
            for kind in sorted(SOMEONE_WAITS)
            if views.rows(origin, key | {"day_utc": DAY, "kind": kind.value})
        ]
        assert speed is worst(words)
    assert n_checked > 20


def test_what_is_not_known_is_not_said(tmp_path: Path, path: Path) -> None:
    """No ledger, and a model of which it knows nothing, have no share and no speed."""
    for file in (tmp_path / "none.sqlite3", path):
        today = read_today(file, model="nobody", model_sha256="", quantisation="")
        assert (today.n_suggestions, today.n_verified, today.speed) == (0, 0, Speed.NOT_MEASURED)
        assert math.isnan(today.right)
        assert today.too_few
    assert Today().n_suggestions == 0


def test_the_worst_word_wins() -> None:
    """What was not measured is no word of its own beside another."""
    assert worst([]) is Speed.NOT_MEASURED
    assert worst([Speed.NOT_MEASURED, Speed.USABLE]) is Speed.USABLE
    assert worst([Speed.USABLE, Speed.TEA, Speed.SLOW]) is Speed.TEA


def test_the_newest_come_from_the_view(path: Path) -> None:
    """As many as are wanted, the newest first, each value as the view has it."""
    views, found = Views(path), read_recent(path, n_max=60)
    assert len(found) == 60
    assert [(one.at_utc, one.suggestion_id) for one in found] == sorted(
        ((one.at_utc, one.suggestion_id) for one in found), reverse=True
    )
    for one in found:
        row = {name: getattr(one, name) for name in traced.RECENT}
        check(views, row, traced.RECENT, key={"suggestion_id": one.suggestion_id})
    assert read_recent(path.with_name("none.sqlite3"), n_max=60) == []


def test_the_newest_are_found_through_indexes(path: Path) -> None:
    """However many suggestions there are, no more are read than are wanted."""
    from ducktypist.ledger import database  # noqa: PLC0415 - beside its only use

    with database.reading(path) as connection, connection:
        plan = [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {SQL}", (50,))]
    assert any("USING INDEX suggestion_row_at" in step for step in plan), plan
    assert any("SEARCH f USING INDEX sighted_of" in step for step in plan), plan
    scans = [step for step in plan if step.startswith("SCAN")]
    assert len(scans) == 1, plan
    assert not any(step == "USE TEMP B-TREE FOR ORDER BY" for step in plan), plan


def test_a_file_that_moved_is_where_it_was_seen_last(path: Path) -> None:
    """A later sighting goes before the place of the request; one that found nothing does not."""
    newest = read_recent(path, n_max=1)[0]
    connection = apsw.Connection(str(path))
    insert = (
        "INSERT INTO sighted (suggestion_id, at_utc, path, how, edit_ratio, block_hash, "
        "commit_hash, as_made) VALUES (?, ?, ?, 'edits', 0.0, '', '', 1)"
    )
    for moved in ("moved/to.py", ""):
        connection.execute(insert, (newest.suggestion_id, newest.at_utc, moved))
    connection.close()
    assert read_recent(path, n_max=1)[0].path == "moved/to.py"
