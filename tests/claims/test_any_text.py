from __future__ import annotations

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from ducktypist.claims import Subject, calls_of, claims_of, mark, misses, strike, with_results
from ducktypist.claims.sentences import clauses_of, sentences_of
from ducktypist.domain import Standing
from support.claim_cases import shell

PIECES = st.sampled_from(
    [
        *(
            "`-r`",
            "`",
            "``",
            "```",
            "~~~\n",
            "**",
            "- ",
            "1. ",
            "\n",
            "\n\n",
            " ",
            ". ",
            "; ",
            ", ",
        ),
        *("-0", "--null", "`xargs -0 -r`", "does not", "runs", "the command", "if empty", "(?)"),
        *("returns", "raises", "`ValueError`", "None", "`f(1)`", "gives", "`3`", "== [", "f('"),
        *(
            "3 arguments",
            "twice",
            "x_y",
            "$A",
            "a.b",
            "é",
            "\0",
            "\u2019s",
            "and",
            "which",
            "only if",
        ),
        *("unless", "(", ")", "e.g.", "exit status 2", "\ud800", "\r", "\t", "!", "0x", "1_000"),
    ]
)
PROSE = st.one_of(st.lists(PIECES, max_size=25).map("".join), st.text(max_size=80))
SHELL = shell("find . -print0 | xargs -0 -r rm")
PYTHON = Subject(
    code="def f(x):\n    if x:\n        raise ValueError\n    return [x]\n",
    context="",
    language="python",
)


@settings(max_examples=150, deadline=None)
@given(prose=PROSE, code=st.text(max_size=60), is_shell=st.booleans())
def test_any_text_has_claims_in_its_bounds(*, prose: str, code: str, is_shell: bool) -> None:
    """Nothing raises, and every claim lies within its sentence and the prose."""
    subject = SHELL if is_shell else replace(PYTHON, context=code)
    claims = claims_of(prose, subject)
    for claim in claims:
        assert 0 <= claim.sentence.start <= claim.span.start
        assert claim.span.end <= len(prose)
    with_results(claims, dict.fromkeys(calls_of(claims), "3"))
    misses(claims)
    strike(prose, claims)


@settings(max_examples=150, deadline=None)
@given(prose=PROSE, is_shell=st.booleans())
def test_marks_are_all_that_marking_adds(*, prose: str, is_shell: bool) -> None:
    """Without its marks the marked text is the text, and marking again changes nothing."""
    subject = SHELL if is_shell else PYTHON
    prose = prose.replace("(?)", "")
    claims = claims_of(prose, subject)
    marked = mark(prose, claims)
    assert marked.replace(" (?)", "") == prose.replace(" (?)", "")
    assert mark(marked, claims) == marked
    is_open = any(claim.standing is Standing.UNCONFIRMED for claim in claims)
    assert ("(?)" in marked) == is_open


@settings(max_examples=150, deadline=None)
@given(prose=PROSE)
def test_sentences_are_in_order_and_clauses_make_them_up(prose: str) -> None:
    """Sentences do not overlap; the clauses of one are all of it."""
    end = 0
    for sentence in sentences_of(prose):
        assert sentence.span.start >= end
        end = sentence.span.end
        assert sentence.text == sentence.span.of(prose)
        assert "".join(clause.of(prose) for clause in clauses_of(sentence)) == sentence.text
