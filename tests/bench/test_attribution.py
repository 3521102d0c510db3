"""The bench of attribution: histories that repeat, truth that is not asked of what is measured."""

from __future__ import annotations

import ast

from click.testing import CliRunner

from ducktypist.bench.attribution import truth
from ducktypist.bench.attribution.formatter import formatted
from ducktypist.bench.attribution.histories import history
from ducktypist.bench.attribution.report import attribution
from ducktypist.bench.attribution.steps import Edited
from ducktypist.bench.attribution.tagged import Tagged
from ducktypist.cli.bench import bench


def test_a_seed_gives_the_same_history() -> None:
    """What is reported can be looked at again."""
    one, other = history(7), history(7)
    assert one.steps == other.steps
    assert one.truth == other.truth
    assert history(8).steps != one.steps


def test_edits_lead_from_one_state_to_the_next() -> None:
    """What an observer is told of an open document is what happened to its text."""
    texts: dict[str, str] = {}
    n_edits = 0
    for step in history(3).steps:
        what = step.what
        if isinstance(what, Edited) and what.path in texts:
            before, span = texts[what.path], what.span
            after = before[: span.start] + what.new_text + before[span.end :]
            assert after == step.files[what.path].text, step.note
            n_edits += 1
        texts = {path: item.text for path, item in step.files.items()}
    assert n_edits > 10


def test_truth_counts_what_is_tagged_and_not_what_is_alike() -> None:
    """A place is known by its tags; the same code without a tag is not it."""
    said = "total = sum(prices) + 1"
    whole = Tagged.of("x = 2\n").replaced(6, 6, Tagged.of(said, 1))
    assert truth.ratio(1, said, {"a.py": whole}) == 0
    assert truth.ratio(1, said, {"a.py": Tagged.of(said)}) == 1
    edited = whole.replaced(6, 11, Tagged.of("amount"))
    assert truth.ratio(1, said, {"a.py": edited}) == 1 / 8
    twice = whole.replaced(0, 6, whole.part(6, len(whole.text)).copied())
    gone = twice.replaced(len(said), len(twice.text), Tagged())
    assert truth.ratio(1, said, {"a.py": gone}) == 0
    assert truth.path_of(1, said, {"a.py": gone, "b.py": Tagged()}) == "a.py"


def test_the_formatter_leaves_the_meaning() -> None:
    """Its output has the same syntax tree, and formatting it again changes nothing."""
    for seed in (1, 2, 3):
        first = history(seed).steps[0].files
        for item in first.values():
            after = formatted(item)
            assert ast.dump(ast.parse(after.text)) == ast.dump(ast.parse(item.text))
            assert formatted(after) == after


def test_a_few_histories_are_replayed_without_a_crash() -> None:
    """Labels come out, nearly all of them right, and attribution repeats itself."""
    found = attribution(n_histories=4, seed=100, say=lambda _: None)
    assert found.crashes == ()
    assert found.n_unlike == 0
    labels = found.figures[0]
    assert labels.k is not None
    assert labels.n > 20
    assert labels.k >= 0.9 * labels.n


def test_the_command_prints_a_table_and_writes_json() -> None:
    """One row for each kind of label, with its interval."""
    result = CliRunner().invoke(bench, ["attribution", "--histories", "1", "--seed", "3"])
    assert result.exit_code == 0, result.output
    assert "still in after 30 s" in result.output
    result = CliRunner().invoke(
        bench, ["attribution", "--histories", "1", "--seed", "3", "--json", "-"]
    )
    assert '"bench": "attribution"' in result.output
