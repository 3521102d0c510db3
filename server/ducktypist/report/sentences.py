"""What the report says in whole sentences: short, and never more than the numbers bear out."""

from __future__ import annotations

from ducktypist.domain import Prediction
from ducktypist.ledger.reading import Filter, Gaps
from ducktypist.ledger.stats import too_few, wilson
from ducktypist.report.content import Content, Flip
from ducktypist.report.details import Detail
from ducktypist.report.telling import MIN_FOR_DIAGRAM, Score, Telling
from ducktypist.report.words import count, cut, p_value, percent, percents, several

ALPHA = 0.05


def lead(content: Content) -> str:
    """Return the one sentence that a person may take away."""
    totals = content.totals
    n, k = totals.n_verified, totals.n_right
    if not totals.n_requested and content.wanted != Filter():
        return "No suggestion in the ledger matches this filter."
    if not totals.n_requested:
        return "The ledger is empty: no suggestion has been made yet."
    if not n:
        return (
            f"Nothing is known about who is right: none of "
            f"{several(totals.n_requested, 'suggestion')} has been verified yet."
        )
    low, high = wilson(k, n)
    interval = percents(low, high).replace("–", " to ")
    if too_few(n, k):
        return (
            f"Too few to say: {count(k)} of {several(n, 'verified suggestion')} "
            f"{'was' if k == 1 else 'were'} right, and the true share may be anything from "
            f"{interval} %."
        )
    return (
        f"Of {several(n, 'suggestion')} that could be verified, {count(k)} "
        f"{'was' if k == 1 else 'were'} right: {percent(k / n)} "
        f"(95 % interval: {interval} %)."
    )


def coverage(content: Content) -> str:
    """Return what the first sentence leaves out; empty for an empty ledger."""
    totals = content.totals
    if not totals.n_answered:
        return ""
    n_unknown = max(0, totals.n_answered - totals.n_verified)
    if not totals.n_verified:
        # The first sentence says it of all of them.
        return (
            "All models, kinds and languages are thrown together here; below they are told apart."
        )
    if not n_unknown:
        return "Every suggestion that got an answer was verified."
    return (
        f"Another {several(n_unknown, 'suggestion')} could not be verified, so nothing is known "
        f"about {'it' if n_unknown == 1 else 'them'}: coverage is "
        f"{percent(totals.n_verified / totals.n_answered)}. All models, kinds and languages are "
        "thrown together here; below they are told apart."
    )


def filter_words(wanted: Filter) -> str:
    """Return which suggestions the report is about."""
    parts = []
    if wanted.kind is not None:
        parts.append(f"kind {wanted.kind.value}")
    if wanted.language is not None:
        parts.append(f"language {cut(wanted.language)}")
    if wanted.since_day_utc is not None:
        parts.append(f"since {wanted.since_day_utc} (UTC)")
    if wanted.project_hash is not None:
        parts.append("one project")
    return ", ".join(parts) or "everything in the ledger"


def missing(gaps: Gaps) -> str:
    """Return what the ledger knows that it lacks."""
    if not gaps.n_unlogged:
        return "No event is known to be missing."
    why = f", the last time because {cut(gaps.last_reason, 200)}" if gaps.last_reason else ""
    verb = "event is" if gaps.n_unlogged == 1 else "events are"
    return (
        f"{count(gaps.n_unlogged)} {verb} missing: they could not be written when they "
        f"happened{why}. Every number here lacks them."
    )


def score_words(score: Score) -> str:
    """Return what the scores of one kind amount to."""
    if score.n_right in {0, score.n}:
        return "all alike: nothing to tell apart"
    if score.skill_low > 0:
        return "tells" if not too_few(score.n, score.n_right) else "too few to say"
    return f"no tell: its own signals add nothing here; base rate {percent(score.base_rate)}"


def foretold(detail: Detail) -> str:
    """Return what was written down of one suggestion, in the words that were said at the time."""
    before = _prediction(
        *(detail.p_right, detail.p_low, detail.p_high, detail.n_like, detail.has_tell)
    )
    after = _prediction(
        *(detail.p_right_after, detail.p_low_after, detail.p_high_after),
        *(detail.n_like_after, detail.has_tell_after),
    )
    parts = [
        f"{moment} {words}"
        for moment, words in (("before running", before), ("after running", after))
        if words
    ]
    return "; ".join(parts) or "nothing"


def _prediction(
    p_right: float | None,
    low: float | None,
    high: float | None,
    n_like: int | None,
    has_tell: int | None,
) -> str:
    if p_right is None:
        return ""
    if low is None or high is None:
        return percent(p_right)
    return Prediction(
        p_right=p_right,
        low=low,
        high=high,
        n_like=n_like or 0,
        calibrator="",
        has_tell=has_tell != 0,
    ).sentence()


def no_diagram(telling: Telling) -> str:
    """Return why there is no reliability diagram; empty where there is one."""
    n = max((score.n for score in telling.overall), default=0)
    if n >= MIN_FOR_DIAGRAM:
        return ""
    if not n:
        return (
            "No suggestion that was verified had a probability foretold before, so there is "
            "nothing to score yet."
        )
    return (
        f"A reliability diagram is drawn from {MIN_FOR_DIAGRAM} verified suggestions with a "
        f"foretold probability on; there {'is' if n == 1 else 'are'} {count(n)}. With fewer, its "
        "points would be noise."
    )


def _p(value: float) -> str:
    said = p_value(value)
    return f"p {said}" if said.startswith("<") else f"p = {said}"


def flip_words(flip: Flip) -> str:
    """Return what a pair amounts to."""
    n = flip.n_only_first + flip.n_only_second
    if not n:
        return "no task tells them apart"
    if flip.p_holm < ALPHA:
        better = flip.first if flip.n_only_first > flip.n_only_second else flip.second
        return f"{cut(better)} is better ({_p(flip.p_holm)})"
    # Even 5 against 0 has p = 0.0625.
    if n < 6:  # noqa: PLR2004 - see above
        return f"too few to tell ({several(n, 'flip')}; it takes six on one side)"
    return f"no difference shown ({_p(flip.p_holm)})"
