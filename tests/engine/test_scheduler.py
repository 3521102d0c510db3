from __future__ import annotations

import random

import pytest

from ducktypist.domain import Priority
from ducktypist.engine.backend import Capacity, StepCode
from ducktypist.engine.costs import Costs
from support.schedules import N_WORDS, Asked, Play

GPU = Costs(step_ms={1: 10.0, 64: 11.0, 256: 14.0}, prefill_tok_s=10_000.0)
EVEN = Costs(step_ms={1: 20.0, 256: 1000.0}, prefill_tok_s=250.0)
CPU = Costs(step_ms={1: 20.0, 2: 55.0, 8: 90.0, 256: 1000.0}, prefill_tok_s=250.0)
CODES = (StepCode.INTERRUPTED, StepCode.NO_ROOM, StepCode.FAILED)


def play_of(
    *,
    n_ctx_tokens: int = 128,
    n_cells: int = 512,
    n_sequences: int = 8,
    n_batch_tokens: int = 32,
    n_rows: int = 64,
    can_fork: bool = True,
    costs: Costs = CPU,
    seed: int = 0,
) -> Play:
    """Return an empty cache of some size, and who plans for it."""
    capacity = Capacity(
        n_ctx_tokens=n_ctx_tokens,
        n_cells=n_cells,
        n_sequences=n_sequences,
        n_batch_tokens=n_batch_tokens,
        n_rows=n_rows,
        can_fork=can_fork,
    )
    return Play(capacity, costs, seed=seed)


def words(n_tokens: int, seed: int = 0) -> list[int]:
    """Return a text."""
    made = random.Random(seed)  # noqa: S311 - schedules, not secrets
    return [made.randrange(N_WORDS) for _ in range(n_tokens)]


class Chance:
    """One random schedule."""

    def __init__(self, seed: int, *, can_fork: bool) -> None:
        self.random = random.Random(seed)  # noqa: S311 - schedules, not secrets
        pick = self.random.choice
        n_ctx_tokens = pick([48, 96, 200])
        self.play = play_of(
            n_ctx_tokens=n_ctx_tokens,
            n_cells=n_ctx_tokens * pick([1, 2, 3]),
            n_sequences=pick([1, 2, 3, 8, 16]),
            n_batch_tokens=pick([8, 32, 64]),
            n_rows=pick([16, 64]),
            can_fork=can_fork,
            costs=pick([GPU, CPU, EVEN]),
            seed=seed,
        )
        self.stems = [words(n_ctx_tokens // 2, seed * 8 + number) for number in range(3)]

    def run(self) -> None:
        """Let things happen for a while, then let everything come to its end."""
        play, chance = self.play, self.random
        for _ in range(chance.randint(5, 60)):
            roll = chance.random()
            if roll < 0.2:
                self.ask()
            elif roll < 0.26 and play.unfinished():
                play.cancel(chance.choice(play.unfinished()))
            else:
                code = StepCode.DONE if chance.random() < 0.85 else chance.choice(CODES)
                play.step(code)
            play.now_s += chance.choice([0, 0.01, 0.2, 30])
            play.check()
        play.run()
        play.check_end()

    def ask(self) -> Asked:
        """Ask something that fits."""
        chance, limit = self.random, self.play.capacity.n_ctx_tokens
        max_tokens = chance.choice([0, 1, 5, 12])
        n_prompts = chance.choice([1, 1, 1, 2, 5])
        return self.play.ask(
            [self.prompt(limit - max_tokens) for _ in range(n_prompts)],
            max_tokens=max_tokens,
            n=chance.choice([1, 1, 2, 4]),
            priority=chance.choice(list(Priority)),
            lane=chance.choice(["", "", "one", "two"]),
            deadline_s=self.play.now_s + chance.choice([float("inf"), float("inf"), 0.05, 1]),
            is_cold=chance.random() < 0.2,
            speculates=chance.random() < 0.4,
        )

    def prompt(self, longest: int) -> list[int]:
        """Return the beginning of a stem, changed somewhere or not, and an end of its own."""
        chance = self.random
        prompt = list(chance.choice(self.stems))[: chance.randint(1, longest)]
        if chance.random() < 0.3:
            prompt[chance.randrange(len(prompt))] = chance.randrange(N_WORDS)
        return [*prompt, *words(chance.randint(0, 20), chance.randrange(10**6))][:longest]


@pytest.mark.parametrize("block", range(20))
def test_any_schedule_keeps_every_promise(block: int) -> None:
    """Whatever is asked, cancelled, interrupted or lost, in whatever order.

    Every request ends once, with its own prompt's answer; the cache is what the scheduler takes it
    for, and never more than there is; whoever matters most is in the next step, and nobody who
    matters as much loses a place for it; nothing reuses what it must not, and nothing leaks.
    """
    for seed in range(block * 50, block * 50 + 50):
        try:
            Chance(seed, can_fork=seed % 5 != 0).run()
        except (AssertionError, ValueError) as error:
            raise AssertionError(f"schedule {seed}: {error}") from error


def test_what_comes_after_a_read_beginning_is_read_alone() -> None:
    """A prompt that goes on from an earlier one, or was changed in its middle, costs the rest."""
    play = play_of()
    first = words(60)
    play.ask([first], max_tokens=0)
    play.run()
    assert play.n_read == 60
    appended = play.ask([[*first, *words(10, 1)]], max_tokens=0)
    play.run()
    assert (play.n_read, appended.request.answers[0].n_cached) == (70, 60)
    changed = [*first[:40], (first[40] + 1) % N_WORDS, *first[41:]]
    edited = play.ask([changed], max_tokens=0)
    play.run()
    assert (play.n_read, edited.request.answers[0].n_cached) == (90, 40)


def test_each_kind_of_request_keeps_its_own_prompt_warm() -> None:
    """A hover and a fix between two completions cost the completion nothing."""
    play = play_of()
    kinds = {lane: words(100, seed) for seed, lane in enumerate(("complete", "hover", "fix"))}
    for lane, prompt in kinds.items():
        play.ask([prompt], max_tokens=2, lane=lane)
        play.run()
    for lane, prompt in kinds.items():
        again = play.ask([[*prompt, 1, 2, 3]], max_tokens=2, lane=lane)
        play.run()
        assert again.request.answers[0].n_cached >= 100


def test_answers_to_one_prompt_share_its_reading() -> None:
    """Four answers read their prompt once, and go on together."""
    play = play_of(costs=GPU)
    asked = play.ask([words(60)], n=4, max_tokens=8)
    play.run()
    said = sum(answer.n_made for answer in asked.request.answers)
    assert play.n_read <= 60 + said
    assert play.n_steps <= 2 + 8
    play.check_end()


def test_prompts_of_one_request_share_their_beginnings() -> None:
    """Many holes in one text are read in little more than the text and what follows each hole."""
    play = play_of(n_ctx_tokens=256, n_cells=2048, n_sequences=32, n_batch_tokens=128, costs=GPU)
    text = words(200)
    asked = play.ask([[*text[:place], 9, *words(4, place)] for place in range(40, 200, 8)], n=2)
    play.run()
    said = sum(answer.n_made for answer in asked.request.answers)
    # Each prompt by itself would be read in 2,500 tokens.
    assert play.n_read < 200 + 20 * (5 + 48) + said
    play.check_end()


def test_cold_reads_everything() -> None:
    """What must not be reused is not, however often it was read."""
    play = play_of()
    for _ in range(2):
        asked = play.ask([words(60)], max_tokens=0, is_cold=True)
        play.run()
        assert asked.request.answers[0].n_cached == 0
    assert play.n_read == 120


def test_background_gives_way_in_the_next_step_and_comes_back() -> None:
    """Who waits is served at once; what nobody waited for is finished afterwards."""
    play = play_of(costs=CPU)
    behind = play.ask([words(100, 1)], priority=Priority.BACKGROUND)
    play.step()
    person = play.ask([words(50, 2)])
    step = play.step()
    assert step is not None
    assert {id(fed.answer.request) for fed in step.feeds} == {id(person.request)}
    while not person.request.is_done:
        play.step()
    assert behind.ends == {}
    play.run()
    play.check_end()
    assert behind.ends == {0: "whole"}


@pytest.mark.parametrize(("n_cells", "n_sequences"), [(256, 16), (4096, 2)])
def test_background_gives_its_place_away(n_cells: int, n_sequences: int) -> None:
    """Where cells or sequences are all taken by background work, a person takes one of them."""
    play = play_of(n_cells=n_cells, n_sequences=n_sequences, costs=GPU)
    prompts = [words(90, seed) for seed in range(6)]
    behind = play.ask(prompts, max_tokens=30, priority=Priority.BACKGROUND)
    for _ in range(8):
        play.step()
    person = play.ask([words(100, 9)], max_tokens=20)
    step = play.step()
    assert step is not None
    assert person.request.answers[0].sequence is not None
    play.run()
    play.check_end()
    assert set(behind.ends.values()) == set(person.ends.values()) == {"whole"}


def test_the_window_in_focus_goes_first() -> None:
    """Of people who wait, the one whose window has the focus is served first."""
    play = play_of(n_sequences=2, costs=CPU)
    others = [play.ask([words(100, seed)], max_tokens=20) for seed in range(4)]
    play.step()
    focused = play.ask([words(100, 9)], max_tokens=20, priority=Priority.FOCUS)
    while not focused.request.is_done:
        play.step()
    assert not any(one.request.is_done for one in others)
    play.run()
    play.check_end()


def test_short_prompts_do_not_wait_for_long_ones() -> None:
    """Among equals goes first what is read soonest; waiting makes up for length."""
    play = play_of(costs=CPU)
    long = play.ask([words(120, 1)], max_tokens=1)
    play.step()
    short = play.ask([words(10, 2)], max_tokens=1)
    while not short.request.is_done:
        play.step()
    assert not long.request.is_done
    play.now_s += 60
    play.ask([words(10, 3)], max_tokens=1)
    step = play.step()
    assert step is not None
    assert step.feeds[0].answer.request is long.request


def test_the_newest_of_a_lane_wins() -> None:
    """An older request of the same lane ends, and its beginning is the newer one's."""
    play = play_of()
    older = play.ask([words(64)], lane="typing")
    other = play.ask([words(64, 1)], lane="hover")
    play.step()
    newer = play.ask([[*words(64), 3]], lane="typing")
    assert older.ends == {0: "superseded"}
    play.run()
    play.check_end()
    assert newer.ends == other.ends == {0: "whole"}
    assert newer.request.answers[0].n_cached > 0


def test_a_deadline_ends_what_is_late_and_nothing_else() -> None:
    """At the deadline a request ends with what there is."""
    play = play_of()
    late = play.ask([words(100)], deadline_s=1.0)
    early = play.ask([words(100, 1)])
    play.step()
    play.now_s = 1.0
    play.run()
    play.check_end()
    assert (late.ends, early.ends) == ({0: "deadline"}, {0: "whole"})


def test_what_is_cheap_and_old_is_forgotten_first() -> None:
    """Room is made where the least is lost: short before long, long ago before just now."""
    play = play_of(n_cells=256, n_ctx_tokens=128)
    for seed, n_tokens in ((1, 100), (2, 60)):
        play.ask([words(n_tokens, seed)], max_tokens=0)
        play.run()
    play.ask([words(120, 3)], max_tokens=0)
    play.run()
    assert _n_cached(play, words(100, 1)) == 99
    play = play_of(n_cells=256, n_ctx_tokens=128)
    for seed, n_tokens in ((1, 100), (2, 60)):
        play.ask([words(n_tokens, seed)], max_tokens=0)
        play.run()
        play.now_s += 600
    play.ask([words(120, 3)], max_tokens=0)
    play.run()
    assert _n_cached(play, words(60, 2)) == 59


def _n_cached(play: Play, prompt: list[int]) -> int:
    asked = play.ask([prompt], max_tokens=0)
    play.run()
    return asked.request.answers[0].n_cached


def test_drafts_change_no_answer_and_save_steps() -> None:
    """Right drafts make an answer in fewer steps, wrong ones cost nothing but their rows."""
    plain, drafted = play_of(costs=GPU, n_sequences=4), play_of(costs=GPU, n_sequences=4)
    for play, speculates in ((plain, False), (drafted, True)):
        for seed in range(12):
            play.ask([words(20, seed)], max_tokens=40, speculates=speculates)
            play.run()
        play.check_end()
    assert drafted.n_steps < plain.n_steps


@pytest.mark.parametrize("seed", range(30))
def test_who_loses_a_place_loses_the_draft(seed: int) -> None:
    """Background work that drafts, gives way and comes back in a copy keeps within the batch."""
    play = play_of(n_ctx_tokens=64, n_cells=96, n_batch_tokens=8, n_rows=8, costs=GPU, seed=seed)
    prompt = words(20, seed)
    behind = {"max_tokens": 8, "n": 4, "speculates": True, "priority": Priority.BACKGROUND}
    play.ask([prompt], **behind)
    for _ in range(5):
        play.step()
    play.ask([words(60, seed + 1)], max_tokens=1)
    play.run()
    play.check_end()


def test_a_lost_cache_is_read_again() -> None:
    """After a failed step everybody goes on where they were, in as much room as there is."""
    play = play_of(n_cells=128, n_ctx_tokens=128, costs=GPU)
    asked = play.ask([words(70)], n=4, max_tokens=12)
    for _ in range(5):
        play.step()
    play.step(StepCode.FAILED)
    play.run()
    play.check_end()
    assert set(asked.ends.values()) == {"whole"}


def test_an_interrupted_step_is_done_again() -> None:
    """What an interrupted step may have read is forgotten, and only that."""
    play = play_of()
    play.ask([words(60)], max_tokens=0)
    play.step()
    play.step(StepCode.INTERRUPTED)
    assert play.scheduler.held() == {0: 32}
    play.run()
    assert play.n_read == 60
    play.check_end()
