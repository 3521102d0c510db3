"""The calibrator's file: whole, private, the same bytes, and refused when it is none."""

from __future__ import annotations

import json
import stat
from dataclasses import replace
from pathlib import Path

import pytest

from ducktypist.errors import LedgerError
from ducktypist.ledger.tell.calibrator import Calibrator
from ducktypist.ledger.tell.cases import When
from ducktypist.ledger.tell.files import read_calibrator, text_of, write_calibrator
from ducktypist.ledger.tell.making import make_calibrator
from ducktypist.ledger.tell.maps import BetaMap, IsotonicMap
from ducktypist.ledger.tell.seeds import as_json, load_seeds, seeds_of
from support.tell_past import made_past


@pytest.fixture(scope="module")
def calibrator() -> Calibrator:
    """Return one of each: fits, a map, proofs, seeds."""
    past = made_past(1050, sees_tests=True)
    return make_calibrator(past, seeds_of(past[:300], command="bench"))


def test_it_comes_back_as_it_was(calibrator: Calibrator, tmp_path: Path) -> None:
    """Every forecast is the same, and so is the version."""
    file = tmp_path / "new" / "calibrator.json"
    write_calibrator(file, calibrator)
    found = read_calibrator(file)
    assert found.version == calibrator.version
    assert text_of(found) == file.read_text("utf-8")
    for item in made_past(40, seed=3, sees_tests=True):
        for when in When:
            one, other = found.predict(item.signals, when), calibrator.predict(item.signals, when)
            assert one is not None
            assert one == other


@pytest.mark.parametrize(
    "mapped", [BetaMap(a=1.0, b=0.5, c=0.1), IsotonicMap(xs=(0.1, 0.5), ys=(0.2, 0.9)), None]
)
def test_each_kind_of_map_comes_back(
    calibrator: Calibrator, tmp_path: Path, mapped: BetaMap | IsotonicMap | None
) -> None:
    """Beta, isotonic or none."""
    tell = replace(calibrator.tells[0], calibration=mapped)
    changed = replace(calibrator, tells=(tell, *calibrator.tells[1:]))
    file = tmp_path / "calibrator.json"
    write_calibrator(file, changed)
    assert read_calibrator(file).tells[0].calibration == mapped


def test_only_the_owner_can_read_it(calibrator: Calibrator, tmp_path: Path) -> None:
    """It says how often a person's suggestions are wrong, which is theirs."""
    file = tmp_path / "calibrator.json"
    write_calibrator(file, calibrator)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [item.name for item in tmp_path.iterdir()] == ["calibrator.json"]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "null",
        '"text"',
        '{"schema": 1}',
        '{"schema": 99}',
        '{"schema": 1, "counts": [["before"]], "tells": [], "n_known": {}}',
    ],
)
def test_what_is_no_calibrator_is_refused(tmp_path: Path, text: str) -> None:
    """With the file's name and what to do."""
    file = tmp_path / "calibrator.json"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(LedgerError, match=r"calibrator\.json.*ducktypist calibrate"):
        read_calibrator(file)


@pytest.mark.parametrize("name", ["counts", "tells", "n_known", "as_of_utc", "seeds"])
def test_a_file_with_a_hole_is_refused(calibrator: Calibrator, tmp_path: Path, name: str) -> None:
    """Each part is needed."""
    content = json.loads(text_of(calibrator))
    del content[name]
    file = tmp_path / "calibrator.json"
    file.write_text(json.dumps(content), encoding="utf-8")
    with pytest.raises(LedgerError):
        read_calibrator(file)


def test_a_missing_file_and_a_closed_folder_are_said(
    calibrator: Calibrator, tmp_path: Path
) -> None:
    """In our own kind of error."""
    with pytest.raises(LedgerError, match="cannot be read"):
        read_calibrator(tmp_path / "none.json")
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(LedgerError, match="cannot be written"):
        write_calibrator(tmp_path / "file" / "calibrator.json", calibrator)


def test_the_shipped_seeds_can_be_read() -> None:
    """Every entry is a count of an exact model file, with the command that made it."""
    for seed in load_seeds():
        assert seed.command
        assert 0 <= seed.n_right <= seed.n


def test_seeds_come_back_as_they_were(tmp_path: Path) -> None:
    """Their counts are those of the past."""
    past = made_past(100, sees_tests=True)
    seeds = seeds_of(past, command="ducktypist bench tell")
    file = tmp_path / "seeds.json"
    file.write_text(as_json(seeds), encoding="utf-8")
    assert load_seeds(file) == seeds
    assert sum(seed.n for seed in seeds if seed.stratum == "before") == 100
    ran = {seed.stratum.value: 0 for seed in seeds}
    for seed in seeds:
        ran[seed.stratum.value] += seed.n
    assert ran == {"before": 100, "after": 100, "passed": ran["passed"], "failed": ran["failed"]}
    assert ran["passed"] + ran["failed"] == 100


@pytest.mark.parametrize(
    "text", ["", '{"schema": 2, "seeds": []}', '{"schema": 1, "seeds": [{"n": 1}]}']
)
def test_what_is_no_file_of_seeds_is_refused(tmp_path: Path, text: str) -> None:
    """With its name."""
    file = tmp_path / "seeds.json"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(LedgerError, match=r"seeds\.json"):
        load_seeds(file)
