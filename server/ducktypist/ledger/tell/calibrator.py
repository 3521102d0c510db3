"""What was learned, as plain numbers: it predicts in plain Python, and is a JSON file on the disk.

Immutable. Its version is a hash of its content, so that a logged prediction says exactly what made
it. Fitting is the business of ``fit`` and ``making``; nothing here needs numpy.
"""

from __future__ import annotations

import hashlib
import json
import math
from dataclasses import asdict, dataclass, field
from functools import cached_property
from typing import Any

from ducktypist.domain import Kind, Prediction
from ducktypist.ledger.tell.cases import When, has_run
from ducktypist.ledger.tell.learned import Tell, forecast
from ducktypist.ledger.tell.maps import BetaMap
from ducktypist.ledger.tell.prior import N_DIGITS, Rate, Tally, interval
from ducktypist.ledger.tell.signals import Signals

SCHEMA = 1
_N_KEY = 4
_P_DIGITS = 4
"""More would be a machine's arithmetic and no knowledge."""

CAP = 0.95
"""Nothing is surer than this unless tests passed that the model had not seen."""


@dataclass(frozen=True, kw_only=True)
class Calibrator:
    """Everything that predictions need."""

    tally: Tally
    """What was counted, seeds included; nobody changes it any more."""
    tells: tuple[Tell, ...]
    n_known: dict[str, int] = field(default_factory=dict)
    """How many outcomes of each kind it was made from."""
    as_of_utc: str = ""
    """When the last of them became known."""
    seeds: str = ""
    """Hash of the seeds that went in."""

    def before_running(self, signals: Signals) -> Prediction | None:
        """Foretell from an answer's own signals; None where nothing at all is known of the kind."""
        return self.predict(signals, When.BEFORE)

    def after_running(self, signals: Signals) -> Prediction | None:
        """Foretell once it was run, from what that said as well; None where nothing ran."""
        return self.predict(signals, When.AFTER) if has_run(signals) else None

    def predict(self, signals: Signals, when: When) -> Prediction | None:
        """Return what may be shown: the forecast where it is a tell, else the base rate."""
        tell = self.tell(signals.kind, when)
        # What a bench proves, it proves for its own model file.
        is_elsewhere = tell is not None and tell.linear is None and not self.tally.is_sown(signals)
        if tell is None or not tell.has_tell or is_elsewhere:
            rate = self.base_rate(signals, when)
            return None if rate is None else self._of_rate(rate, signals, when, has_tell=False)
        if tell.linear is None:
            # Proven by a bench: the rate among those that ran as this one did.
            rate = self.tally.start(when, signals)
            return None if rate is None else self._of_rate(rate, signals, when, has_tell=True)
        p = self.forecast(signals, when)
        if p is None:
            return None
        n = tell.n_like(p)
        low, high = interval(p, n)
        return self._prediction(p, low, high, n=n, signals=signals, when=when, has_tell=True)

    def base_rate(self, signals: Signals, when: When) -> Rate | None:
        """Return what is known without any signal."""
        return self.tally.base_rate(when, signals)

    def forecast(self, signals: Signals, when: When) -> float | None:
        """Return what the signals say, whether or not that is worth showing."""
        start = self.tally.start(when, signals)
        if start is None:
            return None
        return forecast(self.tell(signals.kind, when), signals, when, start.mean)

    def tell(self, kind: Kind, when: When) -> Tell | None:
        """Return what was learned of a kind."""
        return self._by_kind.get((kind, when))

    @cached_property
    def version(self) -> str:
        """Return ``t1:`` and 16 hexadecimal digits, the same for the same content."""
        text = json.dumps(self.content(), sort_keys=True, allow_nan=False)
        return f"t{SCHEMA}:{hashlib.blake2b(text.encode(), digest_size=8).hexdigest()}"

    def content(self) -> dict[str, Any]:
        """Return all that it knows as JSON has it, in one order; NaN becomes null."""
        return {
            "schema": SCHEMA,
            "as_of_utc": self.as_of_utc,
            "seeds": self.seeds,
            "n_known": dict(sorted(self.n_known.items())),
            "counts": [
                [*key, round(count.n, N_DIGITS), round(count.right, N_DIGITS), count.n_own]
                for counts in (self.tally.cells, self.tally.sown)
                for key, count in sorted(counts.items())
                if len(key) == _N_KEY
            ],
            "tells": [_tell_content(tell) for tell in self.tells],
        }

    @cached_property
    def _by_kind(self) -> dict[tuple[Kind, When], Tell]:
        return {(tell.kind, tell.when): tell for tell in self.tells}

    def _of_rate(self, rate: Rate, signals: Signals, when: When, *, has_tell: bool) -> Prediction:
        low, high = interval(rate.mean, rate.n)
        return self._prediction(
            rate.mean, low, high, n=rate.n_like, signals=signals, when=when, has_tell=has_tell
        )

    def _prediction(
        self,
        p: float,
        low: float,
        high: float,
        *,
        n: int,
        signals: Signals,
        when: When,
        has_tell: bool,
    ) -> Prediction:
        shown = p if when is When.AFTER and signals.hidden_passed else min(p, CAP)
        return Prediction(
            p_right=round(shown, _P_DIGITS),
            low=round(min(low, shown), _P_DIGITS),
            high=round(max(high, shown), _P_DIGITS),
            n_like=n,
            calibrator=self.version,
            has_tell=has_tell,
            after_running=when is When.AFTER,
        )


def _tell_content(tell: Tell) -> dict[str, Any]:
    content = _finite(asdict(tell))
    if tell.calibration is not None:
        name = "beta" if isinstance(tell.calibration, BetaMap) else "isotonic"
        content["calibration"] = {name: content["calibration"]}
    return content  # type: ignore[no-any-return] # a dict stays one


def _finite(value: Any) -> Any:  # noqa: ANN401 - any JSON
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    if isinstance(value, float):
        return _short(value) if math.isfinite(value) else None
    return value


def _short(value: float) -> float:
    """Return six digits of a number, so that a machine's last bits change no version."""
    return float(f"{value:.6g}")
