"""What is left of a run: measured where it was timed, counted where it was not."""

from __future__ import annotations

import pytest

from ducktypist.bench.fair.answers import Arm, Column
from ducktypist.bench.fair.pace import Left, Pace, Work, duration_words
from ducktypist.bench.fair.plan import Plan, asked_in, order_sha256
from ducktypist.bench.fair.tasks import of_tasks
from support.fair_tasks import GO_FUNCTION, PREDICT, PYTHON_FIX, SCRIPT

FIX = Work("duck", "raw", "fix")
SLOW = Work("goose", "raw", "fix")


def test_each_kind_of_work_speaks_for_itself() -> None:
    """A slow model's times say nothing of a fast one's."""
    pace = Pace()
    pace.took(FIX, 2.0)
    pace.took(FIX, 4.0)
    pace.took(SLOW, 60.0)
    assert pace.left([FIX] * 5) == Left(known_s=15.0, n_unknown=0)
    assert pace.left([FIX, SLOW]) == Left(known_s=63.0, n_unknown=0)


def test_what_was_never_timed_is_counted() -> None:
    """No figure is made up for it, and it is said."""
    pace = Pace()
    assert pace.left([FIX, FIX]).words() == "2 answers left, none of their kind timed yet"
    assert pace.left([FIX]).words() == "1 answer left, none of their kind timed yet"
    pace.took(FIX, 90.0)
    left = pace.left([FIX, FIX, SLOW, SLOW])
    assert left.words() == ("about 3 min left, and 2 answers of a kind that was not timed yet")


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "0 s"), (119, "119 s"), (120, "2 min"), (3599, "1 h 00 min"), (3700, "1 h 02 min")],
)
def test_durations_read_as_people_say_them(seconds: float, words: str) -> None:
    """Seconds below two minutes, then minutes, then hours."""
    assert duration_words(seconds) == words


def test_passes_are_asked_with_what_says_most_first() -> None:
    """Raw three times, product three times, the purpose alone once, rewordings last."""
    keys = [at.key for at in Plan(models=("duck",)).passes]
    assert keys[:4] == ["raw/plain/0", "raw/plain/1", "raw/plain/2", "product/plain/0"]
    assert keys[6:] == ["name/plain/0", "raw/wording/0", "raw/wording/1", "raw/wording/2"]
    only = Plan(models=("duck",), columns=(Column.RAW,), arms=(Arm.PLAIN,))
    assert [at.key for at in only.passes] == keys[:3]


def test_a_pass_asks_only_what_belongs_to_it() -> None:
    """Purposes are for scripts, wordings for tasks that have them, calls for the model itself."""
    plan = Plan(models=("duck",))
    by_key = {at.key: at for at in plan.passes}
    assert asked_in(by_key["name/plain/0"], SCRIPT) is SCRIPT
    assert asked_in(by_key["name/plain/0"], PYTHON_FIX) is None
    assert asked_in(by_key["product/plain/0"], PREDICT) is None
    assert asked_in(by_key["raw/plain/2"], PREDICT) is PREDICT
    assert asked_in(by_key["raw/wording/0"], GO_FUNCTION) is None
    worded = asked_in(by_key["raw/wording/0"], PYTHON_FIX)
    assert worded is not None
    assert worded.function == "space"
    assert asked_in(by_key["raw/wording/1"], PYTHON_FIX) is None


def test_a_plan_comes_back_from_its_result() -> None:
    """What decides the figures is kept; who is asked comes from the file's models."""
    plan = Plan(models=("duck",), families=("fix",), n_each=8, budget_s=3.0)
    again = Plan.from_json(plan.as_json(), ["goose"], arms=(Arm.PLAIN,))
    assert again.models == ("goose",)
    assert (again.families, again.n_each, again.budget_s) == (("fix",), 8, 3.0)
    assert again.arms == (Arm.PLAIN,)
    with pytest.raises(TypeError):
        Plan.from_json({"speed": 3}, ["goose"])


def test_the_order_has_a_hash_of_its_own() -> None:
    """The same tasks in another order are another order."""
    one, two = of_tasks([PYTHON_FIX, GO_FUNCTION]), of_tasks([GO_FUNCTION, PYTHON_FIX])
    assert order_sha256(one) != order_sha256(two)
    assert one.sha256 != two.sha256
