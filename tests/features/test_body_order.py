from __future__ import annotations

from ducktypist.domain import Source
from ducktypist.features.body.order import Turn, turns_of
from ducktypist.ledger.sources import SourceCount

FORMS = {Source.CHAT, Source.INFILL, Source.TEXT}


def counted(source: Source, n_tried: int, n_plausible: int) -> SourceCount:
    """Return what the ledger says of one form."""
    return SourceCount(
        source=source,
        n_tried=n_tried,
        n_plausible=n_plausible,
        n_suggestions=n_tried,
        n_suggestions_plausible=n_plausible,
        total_ms=1.0,
    )


def n_of(turns: tuple[Turn, ...], source: Source) -> int:
    """Return how many answers of a form are asked for."""
    return sum(turn.n for turn in turns if turn.source is source)


def test_each_form_goes_greedily_first() -> None:
    """Of a model that nothing is known of, each form gives one greedy answer, then samples."""
    turns = turns_of((), n_max=8, has_fim=True, most=64)
    assert {turn.source for turn in turns[:3]} == FORMS
    assert [turn.is_greedy for turn in turns] == [True] * 3 + [False] * (len(turns) - 3)
    assert sum(turn.n for turn in turns) == 8


def test_no_more_answers_than_wanted() -> None:
    """With fewer answers than forms the best forms are asked, greedily."""
    turns = turns_of((), n_max=2, has_fim=True, most=64)
    assert [(turn.is_greedy, turn.n) for turn in turns] == [(True, 1)] * 2
    assert turns_of((), n_max=0, has_fim=True, most=64) == ()


def test_a_model_that_cannot_fill_in_is_not_asked_to() -> None:
    """Without tokens for infilling, the other two forms share the answers."""
    turns = turns_of((), n_max=8, has_fim=False, most=64)
    assert {turn.source for turn in turns} == FORMS - {Source.INFILL}
    assert sum(turn.n for turn in turns) == 8


def test_the_ledger_changes_the_order() -> None:
    """A form that passed for this model goes first and gets most samples; one that never, few."""
    records = (
        counted(Source.TEXT, 80, 70),
        counted(Source.CHAT, 80, 0),
        counted(Source.INFILL, 80, 30),
    )
    turns = turns_of(records, n_max=12, has_fim=True, most=64)
    assert [turn.source for turn in turns[:3]] == [Source.TEXT, Source.INFILL, Source.CHAT]
    assert n_of(turns, Source.TEXT) > n_of(turns, Source.INFILL) > n_of(turns, Source.CHAT) >= 1


def test_one_lucky_candidate_changes_little() -> None:
    """What little is known weighs less than what was measured before."""
    before = turns_of((), n_max=8, has_fim=True, most=64)
    last = before[2].source
    after = turns_of((counted(last, 1, 1),), n_max=8, has_fim=True, most=64)
    assert abs(n_of(after, last) - n_of(before, last)) <= 1


def test_one_request_has_so_many_answers_at_most() -> None:
    """The engine's limit holds however many are wanted."""
    turns = turns_of((), n_max=100, has_fim=True, most=16)
    assert max(turn.n for turn in turns) == 16
