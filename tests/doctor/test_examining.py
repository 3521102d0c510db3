"""No check can hang the examination or take it down."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator

import pytest

from ducktypist.doctor.cases import CASES
from ducktypist.doctor.check import Check, Status, as_json, good, worst
from ducktypist.doctor.examining import Case, examine, in_thread
from ducktypist.doctor.subject import Subject
from ducktypist.errors import LedgerError
from support.clinic import Clinic


@pytest.fixture
def gate() -> Iterator[threading.Event]:
    """Something that a check waits for until the test is over."""
    made = threading.Event()
    yield made
    made.set()


def _fine(_subject: Subject) -> Check:
    return good("fine", "it is")


async def test_a_thread_that_hangs_is_left_behind(clinic: Clinic, gate: threading.Event) -> None:
    """The line says so, the others are there, and what it says later disturbs nobody."""

    def hang(_subject: Subject) -> Check:
        gate.wait()
        raise LedgerError("too late")

    found = await clinic.ask(
        Case(name="hanging", look=in_thread(hang), limit_s=0.1),
        Case(name="fine", look=in_thread(_fine)),
    )
    assert found["hanging"].status is Status.FAIL
    assert "no answer within 0.1 s" in found["hanging"].summary
    assert found["fine"].status is Status.OK
    gate.set()
    await asyncio.sleep(0.05)


async def test_a_task_that_hangs_is_cancelled(clinic: Clinic) -> None:
    """It gets to clean up."""
    cleaned = []

    async def hang(_subject: Subject) -> Check:
        try:
            await asyncio.sleep(3600)
        finally:
            cleaned.append(True)
        return good("hanging", "")

    found = await clinic.ask(Case(name="hanging", look=hang, limit_s=0.05))
    assert found["hanging"].status is Status.FAIL
    assert cleaned == [True]


@pytest.mark.parametrize("error", [ValueError("dück\nx"), LedgerError("y"), RecursionError()])
async def test_a_check_that_breaks_is_a_line(clinic: Clinic, error: Exception) -> None:
    """The line names the exception's class; the others are there."""

    def broken(_subject: Subject) -> Check:
        raise error

    found = await clinic.ask(
        Case(name="broken", look=in_thread(broken)), Case(name="fine", look=in_thread(_fine))
    )
    check = found["broken"]
    assert check.status is Status.FAIL
    assert check.details["exception"] == type(error).__name__
    assert type(error).__name__ in check.summary
    assert "--report" in check.advice
    assert found["fine"].status is Status.OK


async def test_checks_run_at_the_same_time(clinic: Clinic) -> None:
    """Each of two waits for the other to have begun."""
    barrier = threading.Barrier(2)

    def meet(_subject: Subject) -> Check:
        barrier.wait(timeout=10)
        return good("met", "")

    found = await clinic.ask(
        *(Case(name=name, look=in_thread(meet), limit_s=20) for name in ("one", "two"))
    )
    assert [check.status for check in found.values()] == [Status.OK]


async def test_who_waits_hears_for_what(clinic: Clinic, gate: threading.Event) -> None:
    """The names of what is missing are told; the outcome of one that hung is marked."""
    heard: set[str] = set()

    def hang(_subject: Subject) -> Check:
        gate.wait()
        return good("slow", "")

    subject = await asyncio.to_thread(_subject_of, clinic)
    cases = (Case(name="slow", look=in_thread(hang), limit_s=0.6),)
    found = await examine(cases, subject, waiting=heard.update)
    assert heard == {"slow"}
    assert found.is_stuck


def _subject_of(clinic: Clinic) -> Subject:
    from ducktypist.app import App  # noqa: PLC0415 - building one reads files, so not on the loop

    return clinic.subject(App(roots=[clinic.folder]))


def test_the_worst_line_decides() -> None:
    """One failure is a failure, one warning among good lines a warning."""
    lines = {s: Check(name="x", status=s, summary="") for s in Status}
    assert worst([]) is Status.OK
    assert worst([lines[Status.OK], lines[Status.WARN]]) is Status.WARN
    assert worst(list(lines.values())) is Status.FAIL


def test_the_object_is_as_documented() -> None:
    """Its keys are those of the page, and so are the names of the checks."""
    from support.source_tree import ROOT  # noqa: PLC0415 - only this test reads a page

    page = (ROOT / "docs" / "doctor.md").read_text(encoding="utf-8")
    table = as_json([good("a", "b", c=1)], folder="f", quick=False)
    one = table["checks"]
    assert isinstance(one, list)
    assert isinstance(one[0], dict)
    for key in (*table, *one[0]):
        assert f'"{key}":' in page, key
    for case in CASES:
        assert f"| `{case.name}` |" in page, case.name
    assert one == [{"name": "a", "status": "ok", "summary": "b", "advice": "", "details": {"c": 1}}]
