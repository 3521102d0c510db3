"""What has to wait for what."""


class CycleError(ValueError):
    """Jobs wait for each other."""


def waiting_counts(jobs):
    """Return for each job how many others it waits for."""
    known = {job.name for job in jobs}
    counts = {}
    for job in jobs:
        missing = [name for name in job.after if name not in known]
        if missing:
            raise KeyError(f"{job.name} waits for {missing[0]}, which is no job")
        counts[job.name] = len(set(job.after))
    return counts


def followers(jobs):
    """Return for each job which ones wait for it."""
    found = {job.name: [] for job in jobs}
    for job in jobs:
        for name in set(job.after):
            found[name].append(job)
    return found
