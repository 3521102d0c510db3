"""``ducktypist ledger ingest`` and ``replay``: test runs from elsewhere, and what they come to.

It reads files and prints; what is noted and concluded is in ``features.attributing``.
"""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path, PurePosixPath

import click

from ducktypist.cli.ingest import bounded, parsed
from ducktypist.cli.ledger_place import ledger_option, place_of
from ducktypist.domain import TestOutcome
from ducktypist.errors import DucktypistError
from ducktypist.features import attributing
from ducktypist.features.attributing import Attributed, followed_in, notes_of, take_events
from ducktypist.features.runs import FAILED, Executed, Followed, RunNotes
from ducktypist.ledger.events import Event, Verified
from ducktypist.ledger.hashing import plain_hash
from ducktypist.ledger.later import RunSource
from ducktypist.ledger.seen import Said, replayed
from ducktypist.ledger.store import Ledger
from ducktypist.ledger.times import now_utc
from ducktypist.watch.outcomes import Outcomes, RunTold, TestTold

MAX_OUTCOMES_BYTES = 1024**3


@dataclass(slots=True, kw_only=True)
class _Tally:
    n_runs: int = 0
    n_tests: int = 0
    n_passed_over: int = 0
    n_new_runs: int = 0
    n_seen: int = 0
    spoken_for: set[str] = field(default_factory=set)
    labels: Counter[str] = field(default_factory=Counter)
    """``wrong``, or ``wrong instead of another label``, by how often."""

    def add(self, found: Attributed) -> None:
        """Count in what became of some runs."""
        self.n_new_runs += found.n_runs
        self.n_seen += found.n_seen
        self.spoken_for |= found.spoken_for
        for event in found.labels:
            is_other = event.EVENT == "revised"
            self.labels[f"{event.label} now" if is_other else str(event.label)] += 1


@click.command()
@click.argument(
    "files",
    nargs=-1,
    required=True,
    type=click.Path(path_type=Path, dir_okay=False, exists=True, allow_dash=True),
)
@click.option(
    "--project",
    type=click.Path(path_type=Path, file_okay=False, exists=True),
    help="The workspace folder that the tests belong to; by default the current one.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@ledger_option
def ingest(
    files: tuple[Path, ...], project: Path | None, ledger: Path | None, *, as_json: bool
) -> None:
    """Tell the ledger of test runs made elsewhere, such as in CI.

    FILES are outcomes files of the pytest plugin (pytest -p ducktypist.pytest_plugin
    --ducktypist-outcomes FILE), JUnit XML files, or what `go test -json` printed. What they say of
    accepted suggestions becomes evidence; a file that is given again changes nothing. An outcomes
    file knows which code was run. Of the others it is taken that they ran the files of the project
    that are older than they are.
    """
    root = (project or Path.cwd()).resolve()
    tally = _Tally()
    try:
        events = Ledger(place_of(ledger))
        try:
            followed = followed_in(events, root)
            for file in files:
                _take_file(file, root=root, ledger=events, followed=followed, tally=tally)
        finally:
            events.close()
        if events.n_unlogged:
            raise click.ClickException(f"not all was written: {events.last_error}")
    except DucktypistError as error:
        raise click.ClickException(str(error)) from error
    except OSError as error:
        raise click.ClickException(f"{error.strerror or error}: {error.filename}") from error
    if as_json:
        click.echo(json.dumps(_as_json(tally), indent=2))
    else:
        click.echo(_told(tally, followed=bool(followed.hashes), root=root))


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@ledger_option
def replay(ledger: Path | None, *, as_json: bool) -> None:
    """Work out from the recorded test runs once more what they say, and compare.

    Nothing is written. The exit status is 1 where it comes to something else than was concluded.
    """
    try:
        found = replayed(place_of(ledger))
    except DucktypistError as error:
        raise click.ClickException(str(error)) from error
    differences = [("missing", it) for it in found.missing]
    differences += [("surplus", it) for it in found.surplus]
    if as_json:
        told = {
            "runs": found.n_runs,
            "suggestions": found.n_suggestions,
            "events": found.n_said,
            "missing": [_line(it) for it in found.missing],
            "surplus": [_line(it) for it in found.surplus],
        }
        click.echo(json.dumps(told, indent=2))
    else:
        click.echo(
            f"{_n(found.n_runs, 'run')} speak for {_n(found.n_suggestions, 'suggestion')}: "
            f"{_n(found.n_said, 'event')}; "
            + (f"{_n(len(differences), 'difference')}" if differences else "the same as recorded")
        )
        for word, event in differences:
            click.echo(f"{word}: {_line(event)}")
    if differences:
        raise SystemExit(1)


def _take_file(
    path: Path, *, root: Path, ledger: Ledger, followed: Followed, tally: _Tally
) -> None:
    with click.open_file(str(path), "rb") as file:
        first = file.readline()
        while first and not first.strip():
            first = file.readline()
        lines = chain((first,), file)
        if _is_outcomes(first):
            outcomes = _Ingested(root=root, ledger=ledger, followed=followed, tally=tally)
            outcomes.take(bounded(lines, n_bytes=MAX_OUTCOMES_BYTES))
        else:
            _take_report(path, lines, root=root, ledger=ledger, followed=followed, tally=tally)


def _take_report(
    path: Path,
    lines: Iterator[bytes],
    *,
    root: Path,
    ledger: Ledger,
    followed: Followed,
    tally: _Tally,
) -> None:

    made_s = time.time() if str(path) == "-" else path.stat().st_mtime
    _, report = parsed(bounded(lines), root)
    ran = attributing.Ran(
        source=attributing.source_of(report),
        ran_utc=attributing.utc_of(made_s),
        run_id=attributing.report_id(report, root=root),
    )
    tally.n_runs += 1
    tally.n_tests += len(report.results)
    tally.add(
        attributing.take_report(
            report,
            ran=ran,
            root=root,
            ledger=ledger,
            text_of=attributing.unchanged_since(root, made_s),
            followed=followed,
        )
    )


# --------------------------------------------------------------------------- outcomes files


@dataclass(slots=True, kw_only=True)
class _Ingested:
    """Notes the runs of one outcomes file, which may be told of one among the other."""

    root: Path
    ledger: Ledger
    followed: Followed
    tally: _Tally
    _notes: dict[str, RunNotes] = field(default_factory=dict)
    _folders: dict[str, str] = field(default_factory=dict)

    def take(self, lines: Iterator[bytes]) -> None:

        outcomes = Outcomes(lines)
        for told in outcomes:
            if isinstance(told, RunTold):
                self._begin(told)
            elif isinstance(told, TestTold):
                self._add(told)
        events: list[Event] = []
        for notes in self._notes.values():
            events += notes.events()
        self.tally.n_passed_over += outcomes.n_passed_over
        self.tally.add(take_events(events, ledger=self.ledger))

    def _begin(self, told: RunTold) -> None:

        if told.run in self._notes:
            return
        self.tally.n_runs += 1
        self._folders[told.run] = told.folder
        ran = attributing.Ran(
            source=RunSource.PLUGIN,
            ran_utc=min(told.started_utc, now_utc()),
            run_id=plain_hash(f"outcomes {told.run}"),
            environment_hash=told.environment_hash,
            commit_hash=told.commit_hash,
        )
        self._notes[told.run] = notes_of(
            ran, root=self.root, ledger=self.ledger, followed=self.followed
        )

    def _add(self, told: TestTold) -> None:
        self.tally.n_tests += 1
        node_id = _node_id_below(told.node_id, self._folders[told.run], self.root)
        if node_id is not None:
            self._notes[told.run].add(_executed(told, node_id))


def _executed(told: TestTold, node_id: str) -> Executed:

    def is_direct(block: str) -> bool | None:
        if told.outcome in FAILED and told.traced:
            return block in told.traced
        if told.direct is None or told.outcome is TestOutcome.ERROR:
            return None
        return block in told.direct

    return Executed(
        node_id=node_id,
        outcome=told.outcome,
        duration_ms=told.duration_ms,
        functions={block: is_direct(block) for block in (*(told.ran or ()), *told.traced)},
        test_block=told.test_block,
        outside=told.outside,
    )


def _node_id_below(node_id: str, folder: str, root: Path) -> str | None:
    """Return a node id relative to a project, None for a test of another part of the repository.

    Args:
        node_id: Relative to ``folder``.
        folder: Relative to the repository's top; empty where there was no repository.
        root: The project's folder.
    """
    top = next((at for at in (root, *root.parents) if (at / ".git").exists()), None)
    if not folder or top is None:
        return node_id
    file, colons, name = node_id.partition("::")
    below = PurePosixPath(root.relative_to(top).as_posix())
    place = PurePosixPath(folder) / file
    if not place.is_relative_to(below):
        return None
    return f"{place.relative_to(below)}{colons}{name}"


def _is_outcomes(line: bytes) -> bool:
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        return False
    return isinstance(found, dict) and found.get("type") == "run" and "schema" in found


# --------------------------------------------------------------------------- what is told


def _as_json(tally: _Tally) -> dict[str, object]:
    return {
        "runs": tally.n_runs,
        "tests": tally.n_tests,
        "passed_over": tally.n_passed_over,
        "new_runs": tally.n_new_runs,
        "seen": tally.n_seen,
        "suggestions": sorted(tally.spoken_for),
        "labels": dict(sorted(tally.labels.items())),
    }


def _told(tally: _Tally, *, followed: bool, root: Path) -> str:
    told = [f"{_n(tally.n_runs, 'run')} with {_n(tally.n_tests, 'test')} read"]
    if tally.n_passed_over:
        told.append(f"{_n(tally.n_passed_over, 'line')} not understood and passed over")
    if not followed:
        return "; ".join(
            [*told, f"no accepted suggestion is followed in {root}, so none is judged"]
        )
    if not tally.n_seen:
        told.append("nothing in it is new of code that is followed")
    else:
        told.append(f"{_n(tally.n_seen, 'new outcome')} of code that is followed")
    told.append(f"it speaks for {_n(len(tally.spoken_for), 'suggestion')}")
    told += [f"{label}: {count}" for label, count in sorted(tally.labels.items())]
    return "; ".join(told)


def _n(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"


def _line(event: Said) -> str:
    if isinstance(event, Verified):
        what = f"{event.verifier} {event.tier} {event.outcome} of run {event.run_id}"
    else:
        what = f"{event.EVENT} {event.label}: {event.reason}"
    return f"{event.suggestion_id} {what}"
