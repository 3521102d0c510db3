from __future__ import annotations

import pytest

from ducktypist.claims import claims_of, mark, misses, strike
from ducktypist.claims.meaning import text_of
from ducktypist.domain import Claim, ClaimKind, Fact, Standing
from support.claim_cases import Case, manual, option_cases, shell

CASES = tuple(option_cases())
FACTS = tuple(fact for facts in manual().values() for fact in facts)
PIPE = "find . -print0 | xargs -0 -r rm"


def options(prose: str, code: str) -> list[Claim]:
    """Return the claims of options."""
    found = claims_of(prose, shell(code))
    return [claim for claim in found if claim.kind is ClaimKind.OPTION]


def standings(case: Case) -> set[Standing]:
    """Return how the claims of a case stand."""
    return {claim.standing for claim in options(case.prose, case.code)}


def of(word: str) -> list[Case]:
    """Return the cases of one kind."""
    return [case for case in CASES if case.is_what == word]


@pytest.mark.parametrize("case", of("true"), ids=lambda case: case.prose)
def test_what_is_true_is_not_contradicted(case: Case) -> None:
    """A manual's meaning in other words is confirmed, or at worst left open."""
    found = standings(case)
    assert found
    assert Standing.CONTRADICTED not in found


@pytest.mark.parametrize("case", of("false"), ids=lambda case: case.prose)
def test_what_is_false_is_not_confirmed(case: Case) -> None:
    """What an option does not do is contradicted, or at worst marked."""
    found = standings(case)
    assert found
    assert Standing.CONFIRMED not in found


@pytest.mark.parametrize("case", of("vague"), ids=lambda case: case.prose)
def test_what_nobody_can_tell_is_left_open(case: Case) -> None:
    """Vague words, another language and options without a fact are unconfirmed."""
    assert standings(case) == {Standing.UNCONFIRMED}


@pytest.mark.parametrize("case", of("none"), ids=lambda case: case.prose)
def test_naming_an_option_claims_nothing(case: Case) -> None:
    """Where nothing definite is said of an option, there is no claim."""
    assert standings(case) == set()


def test_most_is_told_apart() -> None:
    """At least nine of ten true sentences are confirmed, and of false ones contradicted."""
    for word, standing in (("true", Standing.CONFIRMED), ("false", Standing.CONTRADICTED)):
        cases = of(word)
        n_right = sum(standings(case) == {standing} for case in cases)
        assert n_right >= 0.9 * len(cases)


@pytest.mark.parametrize("fact", FACTS, ids=lambda fact: f"{fact.of} {fact.subject}")
def test_a_manuals_own_words_are_confirmed(fact: Fact) -> None:
    """The sentence that takes the place of a wrong one is no wrong one itself."""
    code = f"{fact.of.replace('git-', 'git ')} {fact.subject} x"
    for prose in (f"`{fact.subject}` {text_of(fact)}.", f"`{fact.subject}`: {text_of(fact)}."):
        found = options(prose, code)
        assert {claim.standing for claim in found} == {Standing.CONFIRMED}, prose


def test_several_options_in_a_sentence_are_judged_apart() -> None:
    """Each option has its own words of the sentence."""
    prose = "The `-0` option separates items by null characters, and the `-r` option repeats them."
    found = {claim.subject: claim.standing for claim in options(prose, PIPE)}
    assert found == {"-0": Standing.CONFIRMED, "-r": Standing.CONTRADICTED}


def test_a_sentence_that_goes_on_is_about_the_same_option() -> None:
    """Words such as "this means that" speak of the option before them."""
    prose = "`-r`: an option. This means that the command is run even if there is no input."
    found = options(prose, PIPE)
    assert [(claim.subject, claim.standing) for claim in found] == [("-r", Standing.CONTRADICTED)]


def test_the_command_in_the_sentence_decides_whose_option_it_is() -> None:
    """`-r` is one thing for `sort` and another for `xargs`."""
    code = "sort -r names | xargs -r rm"
    prose = "`sort -r` reverses the result of comparisons."
    assert options(prose, code)[0].standing is Standing.CONFIRMED
    wrong = options("For `xargs`, `-r` reverses the result of comparisons.", code)
    assert wrong[0].standing is Standing.CONTRADICTED
    assert wrong[0].fact is not None
    assert wrong[0].fact.of == "xargs"


def test_a_wrong_sentence_is_replaced_by_the_manuals_words() -> None:
    """What is struck leaves the truth behind it."""
    subject = shell(PIPE)
    prose = "`find` prints names. `-r` repeats the command. That is all."
    struck = strike(prose, claims_of(prose, subject))
    assert struck == (
        "`find` prints names. `-r` does not run the command when there is no input. That is all."
    )
    assert misses(claims_of(prose, subject)) == (
        "`-r` means: does not run the command when there is no input",
    )


def test_only_the_wrong_clause_goes() -> None:
    """What is right in a sentence stays."""
    prose = "- `-0` separates items by null characters, and `-r` repeats the command."
    struck = strike(prose, claims_of(prose, shell(PIPE)))
    assert struck == (
        "- `-0` separates items by null characters."
        " `-r` does not run the command when there is no input."
    )


def test_an_invented_option_leaves_nothing_behind() -> None:
    """Nobody knows what an option does that is not there; its line goes."""
    prose = "Intro.\n\n- `-r` does not run the command when there is no input.\n- `-z` zips it.\n"
    claims = claims_of(prose, shell(PIPE))
    assert strike(prose, claims).endswith("when there is no input.")
    assert misses(claims) == ("there is no `-z` here",)


@pytest.mark.parametrize("case", of("false"), ids=lambda case: case.prose)
def test_what_was_struck_is_not_contradicted_again(case: Case) -> None:
    """Striking once is enough."""
    subject = shell(case.code)
    struck = strike(case.prose, claims_of(case.prose, subject))
    again = claims_of(struck, subject)
    assert all(claim.standing is not Standing.CONTRADICTED for claim in again), struck


def test_an_open_claim_is_marked_at_its_end() -> None:
    """The mark stands before the full stop, once."""
    prose = "`-name` is useful for scripts. It uses `-name`."
    subject = shell("find . -name x")
    marked = mark(prose, claims_of(prose, subject))
    assert marked == "`-name` is useful for scripts (?). It uses `-name`."
    assert mark(marked, claims_of(marked, subject)) == marked
