"""The order of jobs and when each begins."""

from scheduler.clock import clock_time
from scheduler.graph import CycleError, followers, waiting_counts
from scheduler.heap import Heap


class PlanError(AssertionError):
    """A plan that breaks its own rules."""


def order(jobs):
    """Return jobs so that none comes before what it waits for, urgent ones first."""
    counts = waiting_counts(jobs)
    next_ones = followers(jobs)
    ready = Heap()
    for job in jobs:
        if counts[job.name] == 0:
            ready.push(job.rank(), job)
    done = []
    while len(ready):
        job = ready.pop()
        done.append(job)
        for follower in next_ones[job.name]:
            counts[follower.name] -= 1
            if counts[follower.name] == 0:
                ready.push(follower.rank(), follower)
    if len(done) < len(jobs):
        raise CycleError("some jobs wait for each other")
    return done


def check_independent(jobs, planned):
    """Raise when jobs that wait for nothing are not in order."""
    free = [job.rank() for job in planned if not job.after]
    for before, after in zip(free, free[1:]):
        if before > after:
            raise PlanError(f"{after[1]} is more urgent than {before[1]}")


def timetable(jobs, start=0):
    """Return when each job begins, in order."""
    planned = order(jobs)
    check_independent(jobs, planned)
    rows = []
    minute = start
    for job in planned:
        rows.append((clock_time(minute), job.name))
        minute += job.minutes
    return rows
