from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ducktypist.domain import TestOutcome
from ducktypist.errors import RunnerError
from ducktypist.watch import outcomes
from ducktypist.watch.outcomes import Outcomes, RunTold, TestTold, Told

RUN = "0123456789abcdef" * 2
HASHES = [f"b2:{number:032x}" for number in range(4)]
BEGIN = {"type": "run", "run": RUN, "schema": 1, "started": "2026-01-02T03:04:05+02:00"}
BLOCKS = {"type": "blocks", "run": RUN, "first": 0, "hashes": HASHES}
TEST = {"type": "test", "run": RUN, "id": "t.py::test", "outcome": "passed", "duration_ms": 1}
JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=5,
)


def read(*lines: dict[str, Any] | bytes) -> tuple[list[Told], int]:
    """Return what lines say, and how many were passed over."""
    found = Outcomes(_lines(lines))
    return list(found), found.n_passed_over


def _lines(lines: Iterable[dict[str, Any] | bytes]) -> Iterable[bytes]:
    return (
        line if isinstance(line, bytes) else json.dumps(line).encode() + b"\n" for line in lines
    )


def test_what_is_documented_is_read() -> None:
    """Numbers become hashes, times become UTC, what is not said is empty."""
    full = TEST | {
        "test": 0,
        "ran": [0, 2],
        "direct": [2],
        "traced": [3],
        "outside": 1,
        "attempt": 1,
    }
    told, n_passed_over = read(BEGIN, BLOCKS, full, TEST, {"type": "end", "run": RUN})
    assert n_passed_over == 0
    begun, first, second, _ = told
    assert begun == RunTold(
        run=RUN,
        started_utc="2026-01-02T01:04:05.000Z",
        folder="",
        commit_hash="",
        environment_hash="",
    )
    assert first == TestTold(
        run=RUN,
        node_id="t.py::test",
        outcome=TestOutcome.PASSED,
        duration_ms=1.0,
        attempt=1,
        test_block=HASHES[0],
        ran=(HASHES[0], HASHES[2]),
        outside=HASHES[1],
        direct=frozenset({HASHES[2]}),
        traced=frozenset({HASHES[3]}),
    )
    assert isinstance(second, TestTold)
    assert second.ran is None
    assert second.direct is None


def test_runs_may_be_told_of_among_each_other() -> None:
    """Two processes that append to one file have numbers of their own."""
    other = "f" * 32
    told, _ = read(
        BEGIN,
        BLOCKS,
        BEGIN | {"run": other},
        {"type": "blocks", "run": other, "first": 0, "hashes": HASHES[::-1]},
        TEST | {"ran": [0]},
        TEST | {"run": other, "ran": [0]},
    )
    ran = [one.ran for one in told if isinstance(one, TestTold)]
    assert ran == [(HASHES[0],), (HASHES[3],)]


@pytest.mark.parametrize(
    "line",
    [
        b'{"type":"test","run":"0123\n',
        b"\xff\xfe\n",
        b"[1, 2]\n",
        TEST | {"id": "../up.py::test"},
        TEST | {"id": "t.py::\x1b[31mred"},
        TEST | {"outcome": "fine"},
        TEST | {"duration_ms": float("nan")},
        TEST | {"duration_ms": -1},
        TEST | {"ran": [9]},
        TEST | {"ran": [-1]},
        TEST | {"ran": [True]},
        TEST | {"ran": 3},
        TEST | {"run": "a" * 32},
        TEST | {"run": "short"},
        {"type": "blocks", "run": RUN, "first": 4, "hashes": ["b2:short"]},
        BEGIN | {"started": "2026-01-02T03:04:05"},
        BEGIN | {"started": 3},
        BEGIN | {"commit": "main; rm"},
        b'{"a":' * 100_000 + b"\n",
    ],
)
def test_what_is_not_documented_is_passed_over(line: dict[str, Any] | bytes) -> None:
    """One bad line is counted and spoils no other."""
    told, n_passed_over = read(BEGIN, BLOCKS, line, TEST)
    assert n_passed_over == 1
    assert len(told) == 2


def test_lost_hashes_spoil_only_the_tests_that_name_them() -> None:
    """Where a line of hashes is torn, a number never means another function."""
    more = {"type": "blocks", "run": RUN, "first": 6, "hashes": HASHES[:1]}
    told, n_passed_over = read(BEGIN, BLOCKS, more, TEST | {"ran": [5]}, TEST | {"ran": [6]})
    assert [one.ran for one in told if isinstance(one, TestTold)] == [(HASHES[0],)]
    assert n_passed_over == 1


def test_what_later_versions_add_is_passed_over_in_silence() -> None:
    """Fields and types that are not known say nothing and are no fault."""
    told, n_passed_over = read(BEGIN, {"type": "new", "run": RUN}, TEST | {"new": [1]})
    assert (len(told), n_passed_over) == (2, 0)


@pytest.mark.parametrize(
    ("lines", "what"),
    [
        ([b"<testsuite/>\n"], "no outcomes file"),
        ([TEST], "no outcomes file"),
        ([BEGIN | {"schema": 2}], "newer"),
    ],
)
def test_another_file_is_refused(lines: list[dict[str, Any] | bytes], what: str) -> None:
    """Another format, and a newer one, are errors that say so."""
    with pytest.raises(RunnerError, match=what):
        read(*lines)


def test_a_file_without_end_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """There is a limit to tests and to functions."""
    monkeypatch.setattr(outcomes, "MAX_TESTS", 2)
    with pytest.raises(RunnerError, match="more than 2 tests"):
        read(BEGIN, TEST, TEST, TEST)
    monkeypatch.setattr(outcomes, "MAX_BLOCKS", 3)
    with pytest.raises(RunnerError, match="more than 3 functions"):
        read(BEGIN, BLOCKS)


@given(st.dictionaries(st.sampled_from([*BEGIN, *BLOCKS, *TEST, "ran", "direct"]), JSON))
def test_nothing_that_anybody_writes_is_more_than_passed_over(changes: dict[str, Any]) -> None:
    """Whatever stands in a field, reading goes on, or ends with an error of ours."""
    for line in (BEGIN, BLOCKS, TEST):
        try:
            told, _ = read(BEGIN, BLOCKS, line | changes, TEST)
        except RunnerError:
            continue
        assert isinstance(told[-1], TestTold)
