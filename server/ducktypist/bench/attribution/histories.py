"""Draws a history: a day or a few of somebody's work, with suggestions accepted on the way.

Everything that happens to code is here, as often as it seems likely, and a little oftener where it
is nasty. The same seed gives the same history.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from ducktypist.bench.attribution.doings import Doings
from ducktypist.bench.attribution.programs import Programs
from ducktypist.bench.attribution.steps import History
from ducktypist.bench.attribution.trials import Trials
from ducktypist.bench.attribution.world import World

MINUTE_S = 60.0
HOUR_S = 3600.0
EDITING_S = 14 * MINUTE_S
"""How long somebody goes on around what was accepted."""
N_DAYS = 5
P_ANOTHER = 0.2


def history(seed: int) -> History:
    """Return the history of one seed."""
    random = Random(f"attribution {seed}")  # noqa: S311 - made-up work, nothing secret
    world, trials = World(), Trials(random=random)
    doings = Doings(random=random, world=world, trials=trials, programs=Programs(random))
    doings.begin()
    _edit(random, doings)
    _later(random, doings)
    doings.bring_back()
    world.now_s += MINUTE_S
    return History(
        seed=seed,
        steps=tuple(world.steps),
        end_s=world.now_s,
        texts=dict(doings.texts),
        truth=trials.truth(),
    )


def _edit(random: Random, doings: Doings) -> None:
    """The first minutes: accept, and go on around it."""
    doing: list[tuple[float, Callable[[], None]]] = [
        (4, doings.type_above),
        (3, doings.type_below),
        (3, doings.type_inside),
        (2, doings.change_tokens),
        (1, doings.rename_variable),
        (2, doings.delete_part),
        (1, doings.delete_all),
        (1, doings.rewrite),
        (2.5, doings.undo),
        (0.7, doings.redo),
        (1.5, doings.move_in_file),
        (1, doings.move_to_other_file),
        (1, doings.copy),
        (4, doings.save),
        (1, doings.comment),
        (0.7, doings.change_signature),
        (1, doings.close_and_reopen),
        (0.3, doings.close_unsaved),
        (0.7, doings.restart),
        (0.8, doings.change_outside),
        (0.4, doings.rename),
        (0.1, doings.remove),
        (1.2, doings.commit),
        (0.5, doings.commit_other),
        (0.4, doings.amend),
        (0.6, doings.checkout_and_back),
        (0.5, doings.stash_and_pop),
        (0.4, doings.merge),
        (0.2, doings.discard),
        (0.2, doings.revert),
        (2, doings.run_here),
    ]
    weights = [weight for weight, _ in doing]
    n_left = random.choice((1, 1, 2, 2, 3, 4))
    doings.accept()
    n_left -= 1
    # Many things are left alone for a while.
    pace_s = random.choice((8.0, 25.0, 60.0, 150.0, 400.0))
    start_s = doings.world.now_s
    while doings.world.now_s - start_s < EDITING_S:
        doings.wait(random.expovariate(1 / pace_s))
        if n_left and random.random() < P_ANOTHER:
            doings.accept()
            n_left -= 1
            continue
        random.choices([call for _, call in doing], weights)[0]()


def _later(random: Random, doings: Doings) -> None:
    """Hours and days: tests, commits, and the bugs that are found then."""
    doing: list[tuple[float, Callable[[], None]]] = [
        (4, doings.run_here),
        (5, doings.run_elsewhere),
        (1.5, doings.add_test),
        (1.5, doings.commit),
        (0.7, doings.change_other_code),
        (0.5, doings.mend),
        (0.4, doings.change_tokens),
        (0.4, doings.save),
        (0.3, doings.restart),
        (0.2, doings.move_in_file),
        (0.2, doings.merge),
    ]
    weights = [weight for weight, _ in doing]
    for _ in range(N_DAYS):
        for _ in range(random.randint(1, 5)):
            doings.wait(random.uniform(1 * MINUTE_S, 5 * HOUR_S))
            random.choices([call for _, call in doing], weights)[0]()
        # Every night all tests are run by a machine.
        doings.run_nightly()
