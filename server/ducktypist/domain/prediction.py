"""How likely a suggestion is right, as it was foretold before anybody knew."""

from __future__ import annotations

from dataclasses import dataclass

MIN_TOLD = 30
"""Below so many like it, nobody looked yet whether its own signals add anything."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Prediction:
    """A probability with what it rests on."""

    p_right: float
    """0 to 1."""
    low: float
    """Lower end of the 95 % interval, 0 to 1."""
    high: float
    n_like: int
    """Verified suggestions of the same kind that it rests on; 0 where all is from a bench."""
    calibrator: str
    """Version of what predicted."""
    has_tell: bool
    """Whether the suggestion's own signals add anything to the base rate; where they do not,
    ``p_right`` is the base rate."""
    after_running: bool = False
    """Whether it knows what running the suggestion said."""

    def sentence(self) -> str:
        """Return it for a person: ``62 % (45–77, 41 like it)``, and plainly where it is no tell."""
        figures = f"{_percent(self.p_right)} % ({_percent(self.low)}–{_percent(self.high)}"
        like = f", {self.n_like} like it)" if self.n_like else ", from a bench)"
        if self.has_tell:
            return figures + like
        if self.n_like < MIN_TOLD:
            return f"no tell yet: base rate {figures}{like}"
        return f"no tell: its own signals add nothing here; base rate {figures}{like}"


def _percent(share: float) -> int:
    return round(100 * share)
