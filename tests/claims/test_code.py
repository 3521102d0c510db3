from __future__ import annotations

import pytest

from ducktypist.claims import (
    Subject,
    calls_of,
    claims_of,
    mark,
    misses,
    strike,
    with_results,
)
from ducktypist.domain import ClaimKind, Fact, FactKind, Standing
from support.claim_cases import CodeCase, code_cases

CASES = tuple(code_cases())
MEAN = "def mean(values):\n    return sum(values) / len(values)\n"


def python(code: str, *facts: Fact) -> Subject:
    """Return Python code as a subject."""
    return Subject(code=code, context="", language="python", facts=facts)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.prose)
def test_claims_of_code(case: CodeCase) -> None:
    """Names, numbers, exceptions, returns and results stand as the code shows."""
    found = [
        f"{claim.subject} {claim.standing.value}"
        for claim in claims_of(case.prose, case.subject)
        if claim.kind.value == case.only
    ]
    assert found == list(case.expect)


def test_every_unknown_name_is_marked_in_every_sentence() -> None:
    """A name that is nowhere is never left unmarked, in code spans, lists and fences."""
    prose = (
        "It calls `median(x_list)`s and uses helper_name.\n\n- **`median`**: twice `median`.\n"
        "```python\nmedian(q)\n```"
    )
    subject = python(MEAN)
    marked = mark(prose, claims_of(prose, subject))
    assert marked == (
        "It calls `median(x_list)`s (?) and uses helper_name (?).\n\n"
        "- **`median` (?)**: twice `median`.\n```python\nmedian(q) (?)\n```"
    )


def test_marking_twice_changes_nothing() -> None:
    """With the claims of the marked text or with those of the text before."""
    prose = "It calls `median` and helper_name 17 times."
    subject = python(MEAN)
    claims = claims_of(prose, subject)
    marked = mark(prose, claims)
    assert marked.count("(?)") == 3
    assert mark(marked, claims) == marked
    assert mark(marked, claims_of(marked, subject)) == marked


def test_results_are_judged_by_what_running_gave() -> None:
    """A right value is confirmed, a wrong one replaced."""
    prose = "`mean([1, 2])` returns `1.5`, and mean([3]) gives 4."
    claims = claims_of(prose, python(MEAN))
    assert calls_of(claims) == ("mean([1, 2])", "mean([3])")
    judged = with_results(claims, {"mean([1, 2])": "1.5", "mean([3])": "3.0"})
    results = [claim for claim in judged if claim.kind is ClaimKind.RESULT]
    assert [claim.standing for claim in results] == [
        Standing.CONFIRMED,
        Standing.CONTRADICTED,
    ]
    assert strike(prose, judged) == "`mean([1, 2])` returns `1.5`, and mean([3]) gives 3.0."
    assert misses(judged) == ("`mean([3])` gives `3.0`",)


@pytest.mark.parametrize(
    ("said", "got", "is_right"),
    [
        ("`'ab'`", '"ab"', True),
        ("`[1, 2]`", "[1, 2]", True),
        ("0.3", "0.30000000000000004", True),
        ("1", "1.0", True),
        ("True", "1", False),
        ("`{1: 2}`", "{1: 3}", False),
        ("None", "None", True),
        ("`ValueError`", "raises ValueError: empty", True),
        ("`KeyError`", "raises ValueError: empty", False),
        ("5", "raises ValueError: empty", False),
    ],
)
def test_results_are_compared_as_values(*, said: str, got: str, is_right: bool) -> None:
    """Literals are compared by what they mean, not by how they are written."""
    verb = "raises" if "Error" in said else "returns"
    claims = claims_of(f"`mean([1])` {verb} {said}.", python(MEAN))
    (claim,) = [
        claim
        for claim in with_results(claims, {"mean([1])": got})
        if claim.kind is ClaimKind.RESULT
    ]
    expected = Standing.CONFIRMED if is_right else Standing.CONTRADICTED
    assert claim.standing is expected


def test_a_call_that_did_not_run_stays_open() -> None:
    """Without a result nothing is confirmed."""
    claims = claims_of("`mean([1])` returns 1.", python(MEAN))
    assert with_results(claims, {}) == claims


def test_a_wrong_return_is_replaced_by_what_is_returned() -> None:
    """The fact takes the place of the sentence."""
    fact = Fact(
        kind=FactKind.RETURNS,
        subject="mean",
        text="returns sum(values) / len(values)",
        source="the code",
    )
    prose = "It adds the values. It returns nothing."
    struck = strike(prose, claims_of(prose, python(MEAN, fact)))
    assert struck == "It adds the values. It returns sum(values) / len(values)."


def test_the_facts_and_known_names_count() -> None:
    """A name that only a fact or the caller knows is no invention."""
    fact = Fact(kind=FactKind.CALLS, subject="os.replace", text="renames a file", source="typeshed")
    subject = Subject(
        code="x = 1",
        context="",
        language="python",
        facts=(fact,),
        known=frozenset({"frobnicate"}),
    )
    claims = claims_of("It calls `os.replace` and `frobnicate`.", subject)
    assert {claim.standing for claim in claims} == {Standing.CONFIRMED}


def test_a_long_prose_is_judged_to_its_end() -> None:
    """What stands far behind is found as well, at its own place."""
    prose = "It adds the values.\n\n" * 500 + "It calls `median`."
    claims = claims_of(prose, python(MEAN))
    (claim,) = [one for one in claims if one.standing is Standing.UNCONFIRMED]
    assert claim.span.of(prose) == "median"
    assert mark(prose, claims).endswith("It calls `median` (?).")
