"""What a feature tells the ledger of an answer besides its fate: how likely it is, and its text.

The prediction is asked for before the outcome is known and goes into the event that comes before
it. Text goes only where the person keeps text; the ledger drops it otherwise.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from ducktypist.domain import Generation, Kind, ModelIdentity, Prediction, TextEdit, Verdict
from ducktypist.features.workbench import Workbench
from ducktypist.ledger.events import Generated, SourceText, TextRole, foretold
from ducktypist.ledger.tell.rows import share
from ducktypist.ledger.tell.signals import Signals


def own_tokens(generation: Generation, shown: str) -> Generation:
    """Return an answer with the log-probabilities of what is shown of it alone.

    A fence, a signature said again, and lines that were cut off say nothing of what is shown. Where
    it cannot be found in the answer, as after one line was mended, all tokens stay.

    Args:
        generation: The whole answer.
        shown: What was made of it, perhaps indented anew.
    """
    said = "".join(token.text for token in generation.logprobs)
    first, last = len(said), 0
    for line in shown.splitlines():
        words = line.strip()
        at = said.find(words, last) if words else -1
        if at >= 0:
            first, last = min(first, at), at + len(words)
    if last <= first:
        return generation
    kept, end = [], 0
    for token in generation.logprobs:
        start, end = end, end + len(token.text)
        if start < last and end > first:
            kept.append(token)
    return replace(generation, logprobs=tuple(kept))


def before_running(
    workbench: Workbench,
    event: Generated,
    *,
    kind: Kind,
    language: str,
    model: ModelIdentity | None = None,
) -> tuple[Generated, Prediction | None]:
    """Return an event with what is foretold from its own signals, and the prediction.

    Args:
        workbench: Who foretells, if anybody does.
        event: The answer.
        kind: What was asked for.
        language: An LSP language id.
        model: Who answered; None for the workbench's own.
    """
    teller = workbench.teller
    if teller is None:
        return event, None
    prediction = teller.before_running(
        _signals(workbench, event, kind=kind, language=language, model=model)
    )
    return replace(event, **foretold(prediction)), prediction


def after_running(
    workbench: Workbench,
    event: Generated,
    verdict: Verdict,
    *,
    kind: Kind,
    language: str,
    model: ModelIdentity | None = None,
) -> Prediction | None:
    """Return what is foretold once an answer was run; None where it was not.

    Args:
        workbench: Who foretells, if anybody does.
        event: The answer.
        verdict: What running it said.
        kind: What was asked for.
        language: An LSP language id.
        model: Who answered; None for the workbench's own.
    """
    teller = workbench.teller
    if teller is None or not verdict.repeats:
        return None
    signals = _signals(workbench, event, kind=kind, language=language, model=model)
    n_checks = verdict.passed + verdict.failed
    return teller.after_running(
        replace(
            signals,
            agreeing_share=share(event.n_agreeing, event.n_compared),
            visible_share=verdict.passed / n_checks if n_checks else None,
        )
    )


def for_a_person(workbench: Workbench, prediction: Prediction | None) -> Prediction | None:
    """Return a prediction where people are to be told of it, None elsewhere."""
    return prediction if workbench.says_p_right else None


def kept_text(suggestion_id: str, *, answer: str, path: Path, edit: TextEdit) -> list[SourceText]:
    """Return what is kept of an answer where the person keeps text: it, and where it goes.

    Args:
        suggestion_id: Whose.
        answer: What is shown, or would be.
        path: Of the file that it goes into.
        edit: What it takes the place of.
    """
    place = f"{path.as_posix()}:{edit.span.start}-{edit.span.end}"
    return [
        SourceText(suggestion_id=suggestion_id, role=TextRole.ANSWER, text=answer),
        SourceText(suggestion_id=suggestion_id, role=TextRole.PLACE, text=place),
    ]


def _signals(
    workbench: Workbench,
    event: Generated,
    *,
    kind: Kind,
    language: str,
    model: ModelIdentity | None,
) -> Signals:
    asked = model or workbench.model
    return Signals.of(
        event,
        model_sha256=asked.sha256,
        quantisation=asked.quantisation,
        kind=kind,
        language=language,
    )
