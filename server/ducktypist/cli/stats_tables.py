"""How the numbers of ``ducktypist stats`` look in a terminal; no number is made here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.table import Table

_MS_PER_S = 1000
_LOOKS = {"30s": "after 30 s", "2min": "2 min", "10min": "10 min", "next_commit": "next commit"}


def cells_table(cells: Sequence[Mapping[str, Any]]) -> Table:
    """Return what each model turned out to be worth."""
    from rich.text import Text  # noqa: PLC0415 - keeps the start of other commands fast

    table = empty_table(
        "What suggestions turned out to be worth",
        names=("model", "quant", "kind", "language"),
        numbers=("n", "verified", "right", "flaky", "accepted", "first token", "total"),
    )
    table.add_column("speed")
    for cell in cells:
        row = (
            cell["model"],
            cell["quantisation"] or "?",
            cell["kind"],
            cell["language"],
            str(cell["n_suggestions"]),
            _verified(cell),
            _right(cell),
            str(cell["n_flaky"]),
            str(cell["n_accepted"]),
            _times(cell["ttft_p50_ms"], cell["ttft_p95_ms"]),
            _times(cell["total_p50_ms"], cell["total_p95_ms"]),
            cell["speed"],
        )
        # Names come from files and editors; square brackets in them are not markup.
        table.add_row(*(Text(value) for value in row))
    table.caption = "first token and total: p50 / p95"
    return table


def sources_table(rows: Sequence[Mapping[str, Any]]) -> Table:
    """Return what each source of candidates came to."""
    from rich.text import Text  # noqa: PLC0415 - as above

    table = empty_table(
        "What each source of candidates came to",
        names=("model", "quant", "kind", "language", "source"),
        numbers=(
            *("searches", "found a plausible one", "candidates", "plausible"),
            *("shown", "accepted", "tokens", "to make", "to check"),
        ),
    )
    for row in rows:
        found = _interval(
            k=row["n_suggestions_plausible"],
            n=row["n_suggestions"],
            low=row["plausible_low"],
            high=row["plausible_high"],
            is_too_few=row["too_few"],
        )
        cells = (
            *(row["model"], row["quantisation"] or "?", row["kind"], row["language"]),
            *(row["source"], str(row["n_suggestions"]), found),
            *(str(row["n_tried"]), str(row["n_plausible"]), str(row["n_chosen"])),
            *(str(row["n_accepted"]), str(row["completion_tokens"])),
            _times(row["generation_p50_ms"], row["generation_p95_ms"]),
            _times(row["verify_p50_ms"], row["verify_p95_ms"]),
        )
        # Names come from files and editors; square brackets in them are not markup.
        table.add_row(*(Text(value) for value in cells))
    table.caption = "to make and to check: of one candidate, p50 / p95"
    return table


def accepted_table(
    acceptances: Sequence[Mapping[str, Any]], persistences: Sequence[Mapping[str, Any]]
) -> Table | None:
    """Return what became of accepted suggestions; None where none was."""
    from rich.text import Text  # noqa: PLC0415 - as above

    if not acceptances:
        return None
    table = empty_table(
        "What became of accepted suggestions",
        names=("model", "quant", "kind", "language"),
        numbers=("accepted", "a part only", "checks still pass", *_LOOKS.values()),
    )
    key = ("model", "model_sha256", "quantisation", "kind", "language")
    looks = {tuple(row[name] for name in key): row for row in persistences}
    for row in acceptances:
        look = looks[tuple(row[name] for name in key)]
        cells = (
            *(row["model"], row["quantisation"] or "?", row["kind"], row["language"]),
            *(str(row["n_accepted"]), str(row["n_partly"])),
            _part(row["n_hold"], row["n_checked"]),
            *(_part(look[f"n_still_in_{name}"], look[f"n_looked_{name}"]) for name in _LOOKS),
        )
        # Names come from files and editors; square brackets in them are not markup.
        table.add_row(*(Text(value) for value in cells))
    table.caption = (
        "still in at most half changed, of those that were looked at; this is liking, not accuracy"
    )
    return table


def claims_table(rows: Sequence[Mapping[str, Any]]) -> Table | None:
    """Return what explanations claimed and how that stood; None where none was compared."""
    from rich.text import Text  # noqa: PLC0415 - as above

    if not rows:
        return None
    table = empty_table(
        "What explanations claimed",
        names=("model", "quant", "language"),
        numbers=(
            *("explanations", "confirmed", "contradicted", "unconfirmed"),
            *("struck", "shown confirmed", "shown marked"),
        ),
    )
    for row in rows:
        cells = (
            *(row["model"], row["quantisation"] or "?", row["language"]),
            *(str(row["n_explanations"]), str(row["n_confirmed"]), str(row["n_contradicted"])),
            *(str(row["n_unconfirmed"]), str(row["n_struck"])),
            *(str(row["n_shown_confirmed"]), str(row["n_shown_unconfirmed"])),
        )
        # Names come from files and editors; square brackets in them are not markup.
        table.add_row(*(Text(value) for value in cells))
    table.caption = (
        "as first said, then as shown; that nothing contradicts a claim does not make it right"
    )
    return table


def tell_table(rows: Sequence[Mapping[str, Any]]) -> Table:
    """Return how well the stated probabilities foretold."""
    from rich.text import Text  # noqa: PLC0415 - as above

    table = empty_table(
        "How well p_right foretold what came",
        names=("kind", "stated"),
        numbers=("n", "base rate", "Brier", "skill", "AUROC", "ECE", "ECE by chance"),
    )
    for row in rows:
        cells = (
            row["kind"],
            row["moment"].replace("_", " "),
            str(row["n"]),
            f"{row['base_rate']:.0%}",
            *(_estimate(row, name) for name in ("brier", "skill", "auroc")),
            *(_figure(row[name]) for name in ("ece", "ece_if_calibrated")),
        )
        table.add_row(*(Text(value) for value in cells))
    table.caption = "with 95 % bootstrap intervals; skill is of the Brier score over the base rate"
    return table


def tell_sentences(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return the sentence that says so for each kind and moment at which there is no tell."""
    return [
        f"{row['kind']}, {row['moment'].replace('_', ' ')}: "
        f"no tell: its own signals add nothing here; base rate {row['base_rate']:.0%}"
        for row in rows
        if not row["has_tell"]
    ]


def _part(k: int, n: int) -> str:
    return f"{k}/{n} ({k / n:.0%})" if n else "-"


def _estimate(row: Mapping[str, Any], name: str) -> str:
    low, high = _figure(row[f"{name}_low"]), _figure(row[f"{name}_high"])
    return f"{_figure(row[name])} [{low}, {high}]"


def _figure(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


def empty_table(title: str, *, names: Sequence[str], numbers: Sequence[str]) -> Table:
    """Return a table in this look, without rows; what follows a name may be long."""
    from rich import box  # noqa: PLC0415 - as above
    from rich.table import Table  # noqa: PLC0415 - as above

    table = Table(title=title, box=box.SIMPLE_HEAD, pad_edge=False)
    for name in names:
        table.add_column(name, overflow="fold")
    for name in numbers:
        table.add_column(name, justify="right")
    return table


def _verified(cell: Mapping[str, Any]) -> str:
    if cell["coverage"] is None:
        return "0"
    return f"{cell['n_verified']} ({cell['coverage']:.0%})"


def _right(cell: Mapping[str, Any]) -> str:
    return _interval(
        k=cell["n_right"],
        n=cell["n_verified"],
        low=cell["right_low"],
        high=cell["right_high"],
        is_too_few=cell["too_few"],
    )


def _interval(*, k: int, n: int, low: float, high: float, is_too_few: bool) -> str:
    if not n:
        return "-"
    interval = f"[{low:.0%}, {high:.0%}]"
    if is_too_few:
        return f"{k}/{n} {interval} too few"
    return f"{k / n:.0%} {interval} {k}/{n}"


def _times(p50_ms: float | None, p95_ms: float | None) -> str:
    return f"{_time(p50_ms)} / {_time(p95_ms)}"


def _time(value_ms: float | None) -> str:
    if value_ms is None:
        return "-"
    if value_ms < _MS_PER_S:
        return f"{value_ms:.0f} ms"
    return f"{value_ms / _MS_PER_S:.1f} s"
