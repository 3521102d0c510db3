"""What a collector gets: the conventions' metrics, one trace a suggestion, verdicts, no text."""

from __future__ import annotations

import dataclasses
import time
from pathlib import Path

import pytest
from ulid import ULID

from ducktypist.domain import FinishReason, Outcome
from ducktypist.ledger.events import Accepted, Moment, Shown, SourceText, TextRole, Tier
from ducktypist.ledger.reading import read_suggestions
from ducktypist.telemetry import Target, TelemetryLedger
from support.collector import Collector, attributes
from support.ledger_events import generated, new_id, requested, verified

MARKER = "def the_secret_sauce"


def _ledger(path: Path, collector: Collector, **changes: object) -> TelemetryLedger:
    target = Target(endpoint=collector.endpoint, interval_s=3600.0, headers={"X-Team": "ducks"})
    return TelemetryLedger(path / "ledger.sqlite3", target=target, session_id="s1", **changes)  # type: ignore[arg-type] # keywords of the ledger


def test_an_answer_is_a_span_and_four_metrics(tmp_path: Path) -> None:
    """Durations, tokens and the model go out under the conventions' names."""
    suggestion_id = new_id()
    with Collector.listening() as collector:
        ledger = _ledger(tmp_path, collector)
        ledger.append(requested(suggestion_id))
        ledger.append_all(
            [generated(suggestion_id), verified(suggestion_id), Shown(suggestion_id=suggestion_id)]
        )
        ledger.close()
        (span,) = collector.spans()
        metrics = collector.metrics()
        headers = collector.requests[0][1]
    said = attributes(span)
    assert int.from_bytes(span.trace_id, "big") == int(ULID.from_str(suggestion_id))
    assert span.name == "chat duck-0.5b"
    assert span.end_time_unix_nano - span.start_time_unix_nano == 1_200_000_000
    assert said["gen_ai.operation.name"] == "chat"
    assert said["gen_ai.usage.input_tokens"] == 100
    assert said["gen_ai.usage.output_tokens"] == 40
    assert said["gen_ai.response.time_to_first_chunk"] == 0.2
    assert said["ducktypist.verdict.outcome"] == "plausible"
    assert said["ducktypist.verdict.repeats"] == 3
    (judged,) = span.events
    assert judged.name == "gen_ai.evaluation.result"
    assert attributes(judged)["gen_ai.evaluation.score.value"] == 1.0
    assert headers["x-team"] == "ducks"
    duration = metrics["gen_ai.client.operation.duration"].histogram.data_points[0]
    assert (duration.count, duration.sum) == (1, pytest.approx(1.2))
    assert list(duration.explicit_bounds)[:3] == [0.01, 0.02, 0.04]
    assert metrics["gen_ai.client.operation.time_to_first_chunk"].unit == "s"
    tokens = metrics["gen_ai.client.token.usage"].histogram.data_points
    by_type = {attributes(point)["gen_ai.token.type"]: point.sum for point in tokens}
    assert by_type == {"input": 100, "output": 40}
    verdicts = metrics["ducktypist.verdicts"].sum.data_points[0]
    assert attributes(verdicts)["ducktypist.verdict.outcome"] == "plausible"
    assert attributes(verdicts)["ducktypist.kind"] == "complete"


def test_what_is_learned_later_joins_the_trace(tmp_path: Path) -> None:
    """A verdict after acceptance is a child of the answer's span, in the suggestion's trace."""
    suggestion_id = new_id()
    late = verified(
        suggestion_id,
        outcome=Outcome.STILL_FAILING,
        tier=Tier.REGRESSION,
        moment=Moment.AS_SUGGESTED,
        duration_ms=250.0,
    )
    with Collector.listening() as collector:
        ledger = _ledger(tmp_path, collector)
        ledger.append_all([requested(suggestion_id), generated(suggestion_id)])
        ledger.append_all([Accepted(suggestion_id=suggestion_id)])
        ledger.append(late)
        ledger.close()
        answer, check = collector.spans()
        life = collector.metrics()["ducktypist.suggestions"].sum.data_points
    assert check.parent_span_id == answer.span_id
    assert check.trace_id == answer.trace_id
    assert attributes(check)["ducktypist.verdict.moment"] == "as_suggested"
    assert attributes(check)["gen_ai.evaluation.score.label"] == "still_failing"
    assert [attributes(point)["ducktypist.event"] for point in life] == ["accepted"]


def test_a_cancelled_request_is_an_error_and_no_first_token(tmp_path: Path) -> None:
    """It counts in the durations under its own error type and nowhere else."""
    suggestion_id = new_id()
    with Collector.listening() as collector:
        ledger = _ledger(tmp_path, collector)
        cancelled = generated(suggestion_id, finish_reason=FinishReason.CANCELLED)
        ledger.append_all([requested(suggestion_id), cancelled])
        ledger.close()
        (span,) = collector.spans()
        metrics = collector.metrics()
    assert attributes(span)["error.type"] == "cancelled"
    assert span.status.code == 2
    assert "gen_ai.client.operation.time_to_first_chunk" not in metrics


def test_no_text_and_no_hash_of_the_persons_code_leaves(tmp_path: Path) -> None:
    """Not even kept text, and neither paths nor their hashes."""
    suggestion_id = new_id()
    asked = dataclasses.replace(
        requested(suggestion_id), path="secret/place.py", path_hash="b2k:path", project_hash="b2k:p"
    )
    with Collector.listening() as collector:
        ledger = _ledger(tmp_path, collector, keep_text=True)
        ledger.append_all([asked, generated(suggestion_id)])
        ledger.append(SourceText(suggestion_id=suggestion_id, role=TextRole.PROMPT, text=MARKER))
        ledger.close()
        sent = b"".join(body for _, _, body in collector.requests)
    assert sent
    for word in (MARKER, "secret/place", "b2k:", "b2:p", str(tmp_path)):
        assert word.encode() not in sent


@pytest.mark.parametrize("status", [400, 500])
def test_a_collector_that_refuses_costs_the_ledger_nothing(tmp_path: Path, status: int) -> None:
    """Everything is in the file, and closing takes no longer than was promised."""
    suggestion_id = new_id()
    with Collector.listening(status=status) as collector:
        ledger = _ledger(tmp_path, collector)
        ledger.append_all([requested(suggestion_id), generated(suggestion_id)])
        assert ledger.flush()
        ledger.close()
    (found,) = read_suggestions(tmp_path / "ledger.sqlite3")
    assert found.suggestion_id == suggestion_id


def test_a_collector_that_is_not_there_holds_nobody_up(tmp_path: Path) -> None:
    """Appending returns at once, and the process can leave."""
    target = Target(endpoint="http://127.0.0.1:9", interval_s=3600.0)
    ledger = TelemetryLedger(tmp_path / "ledger.sqlite3", target=target)
    suggestion_id = new_id()
    ledger.append_all([requested(suggestion_id), generated(suggestion_id)])
    assert ledger.flush()
    ledger.close()
    assert len(read_suggestions(tmp_path / "ledger.sqlite3")) == 1


def test_a_flood_is_dropped_and_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the exporting thread cannot take is counted; the ledger has it."""
    monkeypatch.setattr("ducktypist.telemetry.ledger.MAX_WAITING", 1)
    with Collector.listening() as collector:
        ledger = _ledger(tmp_path, collector)
        monkeypatch.setattr(ledger, "_export", lambda: time.sleep(0.01))
        for _ in range(5):
            ledger.append(requested(new_id()))
        assert ledger.n_unexported == 4
        assert ledger.flush()
        ledger.close()
    assert len(read_suggestions(tmp_path / "ledger.sqlite3")) == 5
