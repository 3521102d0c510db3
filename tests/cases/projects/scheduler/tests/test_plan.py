import pytest

from scheduler.clock import clock_time, minute_of
from scheduler.graph import CycleError
from scheduler.jobs import Job
from scheduler.plan import order, timetable


def names(jobs):
    return [job.name for job in jobs]


def test_one_job():
    assert names(order([Job("a", 5)])) == ["a"]


def test_two_jobs_by_priority():
    assert names(order([Job("a", 5, 9), Job("b", 5, 1)])) == ["b", "a"]


def test_waiting_comes_later():
    jobs = [Job("eat", 20, 1, ("cook",)), Job("cook", 30, 9)]
    assert names(order(jobs)) == ["cook", "eat"]


def test_a_chain():
    jobs = [Job("c", 1, after=("b",)), Job("b", 1, after=("a",)), Job("a", 1)]
    assert names(order(jobs)) == ["a", "b", "c"]


def test_jobs_that_wait_for_each_other():
    with pytest.raises(CycleError):
        order([Job("a", 1, after=("b",)), Job("b", 1, after=("a",))])


def test_unknown_job():
    with pytest.raises(KeyError):
        order([Job("a", 1, after=("x",))])


def test_timetable_of_two():
    rows = timetable([Job("a", 90), Job("b", 15)], start=minute_of("08:30"))
    assert rows == [("08:30", "a"), ("10:00", "b")]


def test_timetable_of_a_morning():
    jobs = [Job("mail", 10, 4), Job("coffee", 5, 1), Job("walk", 20, 3), Job("write", 60, 2)]
    rows = timetable(jobs, start=minute_of("07:00"))
    assert rows == [("07:00", "coffee"), ("07:05", "write"), ("08:05", "walk"), ("08:25", "mail")]


def test_many_jobs_in_order():
    jobs = [Job("a", 1, 3), Job("b", 1, 3), Job("c", 1, 3)]
    assert names(order(jobs)) == ["a", "b", "c"]


def test_no_time():
    with pytest.raises(ValueError):
        Job("a", 0)


@pytest.mark.parametrize(("minute", "shown"), [(0, "00:00"), (61, "01:01"), (1500, "01:00")])
def test_clock(minute, shown):
    assert clock_time(minute) == shown
