"""Jobs."""

from dataclasses import dataclass, field


@dataclass
class Job:
    """Something to do; a smaller priority goes first."""

    name: str
    minutes: int
    priority: int = 5
    after: tuple = field(default=())

    def __post_init__(self):
        if self.minutes <= 0:
            raise ValueError(f"{self.name} takes no time")

    def rank(self):
        """Return what jobs are ordered by."""
        return (self.priority, self.name)
