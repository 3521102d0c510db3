"""From result files to a report: who stands beside whom, under which name, by which question."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ducktypist.bench.fair.answers import Outcome
from ducktypist.bench.fair.figures import cells
from ducktypist.bench.fair.naming import base_name, labels_of, quantisation_of
from ducktypist.bench.fair.reporting import groups_of
from ducktypist.bench.fair.results import read_result
from ducktypist.ledger.stats import holm, mcnemar_exact
from ducktypist.report.fair.values import Group
from support.fair_results import MACHINE, ResultFile, tasks_of, typical

DUCK, AGAIN = "duck-0.5b-q4_k_m", "duck-0.5b-q4_k_m--requantised-q8_0"


def group_of(*paths: Path) -> Group:
    """Return the one group of files that asked the same tasks."""
    (group,) = groups_of([read_result(path) for path in paths])
    return group


@pytest.mark.parametrize(
    ("name", "quantisation", "base", "told"),
    [
        (DUCK, "Q4_K_M", "duck-0.5b", "Q4_K_M"),
        (AGAIN, "Q8_0", "duck-0.5b", "Q8_0 requantised"),
        ("goose-7b-iq2_xxs", "IQ2_XXS", "goose-7b", "IQ2_XXS"),
        ("swan.f16", "F16", "swan", "F16"),
        ("q4-lover", "Q8_0", "q4-lover", "Q8_0"),
        ("plain", "", "plain", "?"),
    ],
)
def test_a_model_is_its_base_name_and_its_quantisation(
    name: str, quantisation: str, base: str, told: str
) -> None:
    """A file made from a quantised one says so; only an ending is taken off."""
    model = {"name": name, "quantisation": quantisation}
    assert (base_name(model), quantisation_of(model)) == (base, told)


def test_labels_are_unique_and_sizes_ascend(tmp_path: Path) -> None:
    """The same model in two files carries the file's name, a twin its hash."""
    first = typical(tmp_path / "first.jsonl", n_each=1)
    second = typical(tmp_path / "second.jsonl", n_each=1)
    labels = list(labels_of([read_result(first), read_result(second)]).values())
    assert labels[0] == "duck-0.5b · Q4_K_M · first"
    assert labels[3] == "duck-0.5b · Q8_0 requantised · second"
    assert len({*labels}) == 4
    twins: dict[str, Any] = {
        "duck-q4_0": ("Q4_0", 3, 0.5),
        "duck_q4_0": ("Q4_0", 2, 0.5),
    }
    found = labels_of([read_result(typical(tmp_path / "t.jsonl", models=twins, n_each=1))])
    assert len({*found.values()}) == 2
    assert all(label.startswith("duck · Q4_0 · ") for label in found.values())


def test_files_of_the_same_tasks_stand_side_by_side(tmp_path: Path) -> None:
    """One group, all models of all files in it, and what else differs is named."""
    first = typical(tmp_path / "a.jsonl", n_each=2)
    goose: dict[str, Any] = {"goose-1b-q4_0": ("Q4_0", 700_000_000, 0.6)}
    second = typical(
        tmp_path / "b.jsonl", models=goose, n_each=2, machine={**MACHINE, "cpu": "Goose"}
    )
    group = group_of(first, second)
    assert group.n_models == 3
    assert group.differing == ("machine",)
    assert group_of(first).differing == ()
    models = {figure.model for figure in group.families[0].figures}
    assert "goose-1b · Q4_0" in models
    assert len(models) == 3


def test_files_of_other_tasks_stand_apart(tmp_path: Path) -> None:
    """Nothing of one group is compared with anything of another."""
    paths = [typical(tmp_path / f"{n}.jsonl", n_each=n) for n in (2, 3, 2)]
    groups = groups_of([read_result(path) for path in paths[:2]])
    assert [group.number for group in groups] == [1, 2]
    assert [len(group.sources) for group in groups] == [1, 1]


def test_every_figure_is_that_of_the_bench(tmp_path: Path) -> None:
    """The report counts nothing itself."""
    path = typical(tmp_path / "a.jsonl", n_each=4)
    told = {
        (figure.column, figure.family, figure.part, figure.right.k, figure.n_lucky)
        for family in group_of(path).families
        for figure in family.figures
    }
    assert told == {
        (str(cell.column), cell.family, str(cell.part), cell.right.k, cell.n_lucky)
        for cell in cells(read_result(path))
    }


def test_quantisations_of_one_model_make_a_curve(tmp_path: Path) -> None:
    """From the smallest file on, by items of scripts; another model is not in it."""
    models: dict[str, Any] = {
        AGAIN: ("Q8_0", 530, 0.5),
        DUCK: ("Q4_K_M", 400, 0.5),
        "goose-1b-q4_0": ("Q4_0", 700, 0.5),
    }
    (curve,) = group_of(typical(tmp_path / "a.jsonl", models=models, n_each=2)).curves
    assert curve.model == "duck-0.5b"
    assert [(panel.family, panel.part) for panel in curve.panels] == [
        ("de-race", "whole"),
        ("explain-bash", "foretold"),
        ("explain-bash", "recreated"),
        ("fix", "whole"),
        ("go-function", "whole"),
    ]
    raw = [point for point in curve.panels[0].points if point.column == "raw"]
    assert [(point.label, point.n_bytes) for point in raw] == [
        ("Q4_K_M", 400),
        ("Q8_0 requantised", 530),
    ]


def test_one_file_of_a_model_is_no_curve(tmp_path: Path) -> None:
    """There is nothing to draw it over."""
    models: dict[str, Any] = {DUCK: ("Q4_K_M", 400, 0.5), "goose-1b-q4_0": ("Q4_0", 700, 0.5)}
    assert group_of(typical(tmp_path / "a.jsonl", models=models, n_each=1)).curves == ()


def test_each_question_is_corrected_as_a_whole(tmp_path: Path) -> None:
    """Exact McNemar on the flips of each row, Holm over all rows of the question."""
    group = group_of(typical(tmp_path / "a.jsonl", n_each=12))
    titles = [question.title for question in group.questions]
    assert titles == ["The model itself, and under Ducktypist", "Quantisations of one model"]
    for rows in (group.lifts, *(question.rows for question in group.questions)):
        p_values = [mcnemar_exact(len(row.only_first), len(row.only_second)) for row in rows]
        assert [row.p for row in rows] == p_values
        assert [row.p_holm for row in rows] == holm(p_values)
    first = group.questions[0].rows[0]
    assert (first.first, first.second) == (
        "duck-0.5b · Q4_K_M, raw",
        "duck-0.5b · Q4_K_M, product",
    )


def test_an_explanation_is_held_against_the_purpose_alone(tmp_path: Path) -> None:
    """For each model, raw and product, by prediction and by script."""
    lifts = group_of(typical(tmp_path / "a.jsonl", n_each=3)).lifts
    assert {(row.part, row.first.rpartition(", ")[2]) for row in lifts} == {
        ("foretold", "name"),
        ("recreated", "name"),
    }
    assert len(lifts) == 2 * 2 * 2


def test_a_source_says_what_it_was_made_with(tmp_path: Path) -> None:
    """Machine, plan, all hashes, each model's file, and the command; no folder of anybody's."""
    (source,) = group_of(typical(tmp_path / "a.jsonl", n_each=1)).sources
    facts = dict(source.facts)
    assert facts["cpu"] == "Duck 9000"
    assert facts["plan: n ctx tokens"] == "4096"
    assert len([value for name, value in facts.items() if name.endswith("sha256")]) == 5
    assert source.command == "ducktypist bench fair --repeat a.jsonl"
    label, told = source.models[0]
    assert label == "duck-0.5b · Q4_K_M"
    assert len(dict(told)["sha256"]) == 64
    assert dict(told)["has gpu build"] == "no"
    assert dict(told)["measured decode_tok_s"] == "21.5"
    assert str(tmp_path) not in str(source)


def test_controls_that_fail_are_not_called_held(tmp_path: Path) -> None:
    """An oracle that is wrong, an echo that is right and a hang that ends are counted out."""
    file = ResultFile.begun(tmp_path / "a.jsonl", tasks_of(2, ["fix"]))
    file.model(DUCK, "Q4_K_M")
    file.control("oracle", "fix/task-0", Outcome.RIGHT)
    file.control("oracle", "fix/task-1", Outcome.BROKEN)
    file.control("echo", "fix/task-0", Outcome.RIGHT)
    file.control("hang", "fix/task-0", Outcome.WRONG)
    (source,) = group_of(file.path).sources
    held = {control.name: (control.n_held, control.n) for control in source.controls}
    assert held == {"oracle": (1, 2), "echo": (0, 1), "hang": (0, 1)}


def test_a_run_that_has_just_begun_makes_an_empty_report(tmp_path: Path) -> None:
    """Nothing graded is no figure, no curve and no question."""
    file = ResultFile.begun(tmp_path / "a.jsonl", tasks_of(2))
    file.ran(file.model(DUCK, "Q4_K_M"), "fix/task-0", (True,))
    group = group_of(file.path)
    assert [family.figures for family in group.families] == [(), (), (), ()]
    assert (group.curves, group.lifts, group.questions) == ((), (), ())
