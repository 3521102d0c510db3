"""What a code action came to, and how that is said: in its ``data``, and as the edit's label."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ducktypist.domain import Prediction, TextEdit, Verdict
from ducktypist.features.fix.proposals import SearchSummary


@dataclass(frozen=True, slots=True, kw_only=True)
class Worked:
    """What an action came to."""

    suggestion_id: str
    verdict: Verdict
    message: str
    edit: TextEdit | None
    uri: str = ""
    text: str = ""
    """The document's text that ``edit`` was made for."""
    root: Path | None = None
    """Whose red tests it may turn green."""
    search: SearchSummary | None = None
    prediction: Prediction | None = None
    """How likely the edit is right; None where there is none, or nobody says."""

    @property
    def summary(self) -> str:
        """The verdict in words and, of an edit, how likely it is right: the edit's label."""
        said = self.verdict.summary
        return said if self.prediction is None else f"{said} · {self.prediction.sentence()}"

    def as_json(self) -> dict[str, Any]:
        """Return what an action's ``data`` holds afterwards."""
        verdict = {**as_json(self.verdict), "summary": self.summary}
        if self.prediction is not None:
            verdict["p_right"] = p_right_json(self.prediction)
        found: dict[str, Any] = {"suggestion_id": self.suggestion_id, "verdict": verdict}
        if self.search is not None:
            found["search"] = as_json(self.search)
        return found


def as_json(value: Verdict | SearchSummary) -> dict[str, Any]:
    """Return a verdict or a summary as an object of JSON; what is unknown is left out."""
    return {
        key: {str(name): n for name, n in item.items()} if isinstance(item, Mapping) else item
        for key, item in asdict(value).items()
        if item is not None
    }


def p_right_json(prediction: Prediction) -> dict[str, Any]:
    """Return a prediction as an object of JSON, its sentence for a person included."""
    return {**asdict(prediction), "sentence": prediction.sentence()}
