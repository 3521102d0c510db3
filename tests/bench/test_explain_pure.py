"""The small pure parts of the explain bench: stripping, intervals, the journal, forecasts."""

from __future__ import annotations

from pathlib import Path

import pytest

from ducktypist.bench.explain.bash_runs import Printed
from ducktypist.bench.explain.intervals import bootstrap_mean, quantile_interval
from ducktypist.bench.explain.parts.predict import foretold_of
from ducktypist.bench.explain.questions import Questions
from ducktypist.bench.explain.stripping import code_block, stripped
from ducktypist.bench.journal import Journal
from ducktypist.bench.measure import median_interval
from ducktypist.errors import DucktypistError

CODE = 'name=$1\necho "hello $name, how are you"\nexit 0\n'


def test_code_is_taken_out_of_an_explanation() -> None:
    """Blocks, and each longer line of the code word for word; words about it stay."""
    said = (
        'It greets.\n\n```bash\nname=$1\n```\n\nThen `echo "hello $name, how are you"` runs and '
        "`exit 0` ends it.\n\n~~~\nopen fence"
    )
    found = stripped(said, CODE)
    assert found.text == "It greets.\n\nThen  runs and `exit 0` ends it."
    assert (found.n_blocks, found.n_lines) == (2, 1)


def test_indented_code_is_code_and_an_indented_list_is_not() -> None:
    """As CommonMark has it, roughly."""
    found = stripped("See:\n\n    some code here\n    and more\n\nAnd:\n\n    - a point\n", CODE)
    assert (found.text, found.n_blocks) == ("See:\n\nAnd:\n\n    - a point", 1)


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ("Here:\n```bash\necho a\n```\nand\n```\nb\n```", "echo a\n"),
        ("```\nexit 1", "exit 1"),
        ("echo bare", "echo bare"),
    ],
)
def test_the_first_block_of_an_answer_is_its_code(answer: str, expected: str) -> None:
    """All of it where there is none."""
    assert code_block(answer) == expected


@pytest.mark.parametrize(
    ("answer", "stdout", "status"),
    [
        ("```\nhello\n```\nexit: 2", "hello\n", 2),
        ("```\nexit: 5\n```\n\nThe exit status: `0`", "exit: 5\n", 0),
        ("hello you\nexit: 0", "hello you", 0),
        ("```\n```\nexit status: 1", "", 1),
        ("```text\na\nb", "a\nb", None),
    ],
)
def test_a_forecast_is_read(answer: str, stdout: str, status: int | None) -> None:
    """The output in a block, then a status; what is in the block is output."""
    found = foretold_of(answer)
    assert found.exit_status == status
    assert found.is_output_of(Printed(stdout=stdout + "\n", exit_status=0))
    assert not found.is_output_of(Printed(stdout=stdout + "x", exit_status=0))


def test_a_mean_has_an_interval_by_resampling() -> None:
    """It holds the mean, is the same each time, and needs two values."""
    values = [0.0, 1.0, 0.0, 1.0, 1.0, 0.0, 1.0, 1.0]
    found = bootstrap_mean(values, seed=1)
    assert found is not None
    assert found[0] < sum(values) / len(values) < found[1]
    assert found == bootstrap_mean(values, seed=1)
    assert bootstrap_mean([3.0, 3.0, 3.0]) == (3.0, 3.0)
    assert bootstrap_mean([1.0]) is None


def test_a_quantile_has_an_interval_by_order_statistics() -> None:
    """Of the median it is the one that the other benches give; far out it needs many samples."""
    for n in (6, 20, 33):
        assert quantile_interval(range(n), 0.5) == median_interval(range(n))
    # With 0.95 to the power of n above the tail there is no upper end.
    assert quantile_interval(range(71), 0.95) is None
    found = quantile_interval(range(72), 0.95)
    assert found is not None
    assert found[0] < 0.95 * 71 < found[1] == 71


def test_a_run_goes_on_where_it_stopped(tmp_path: Path) -> None:
    """Rows are there again, a torn last line is not, and what failed is tried again."""
    path = tmp_path / "deep" / "rows.jsonl"
    first = Journal.opened(path, {"model": "a"})
    first.add("options", "t1", "x", {"n": 1})
    first.add("options", "t1", "y", {"problem": "the server went away"})
    with path.open("ab") as file:
        file.write(b'{"part": "opt')
    again = Journal.opened(path, {"model": "a"})
    assert again.has("options", "t1", "x")
    assert not again.has("options", "t1", "y")
    assert not again.has("options", "t2", "x")
    assert again.of("options", "t1") == {"x": {"n": 1}}
    assert again.problems("options", "t1") == {"y": "the server went away"}
    again.add("options", "t1", "y", {"n": 2})
    assert set(Journal.opened(path, {"model": "a"}).of("options", "t1")) == {"x", "y"}


def test_a_run_of_something_else_is_not_gone_on_with(tmp_path: Path) -> None:
    """What differs is named, and a file of something else is refused."""
    path = tmp_path / "rows.jsonl"
    Journal.opened(path, {"model": "a", "seed": 0})
    with pytest.raises(DucktypistError, match="another model; name another file"):
        Journal.opened(path, {"model": "b", "seed": 0})
    path.write_text("no json\n", "utf-8")
    with pytest.raises(DucktypistError, match="no JSON"):
        Journal.opened(path, {"model": "a"})
    memory = Journal.opened(None, {"model": "a"})
    memory.add("options", "t", "x", {"n": 1})
    assert memory.has("options", "t", "x")


def test_every_question_has_its_places_filled() -> None:
    """What is put in is not read again for places, and a missing value is an error."""
    questions = Questions.load()
    values = ("code", "language", "explanation", "interface", "arguments", "stdin", "files")
    for question in questions.by_name.values():
        told = repr(question.request(**dict.fromkeys(values, "{code}!")).prompt)
        assert "{code}!" in told
        assert "{explanation}" not in told
        assert question.request(**dict.fromkeys(values, "")).cold
    with pytest.raises(KeyError):
        questions.by_name["line"].request()
    assert len(questions.sha256) == 64
