"""The only file that imports OpenTelemetry: events in, metrics and spans out.

A suggestion is one trace whose id is its ULID, so that what is verified days later is found beside
it. It belongs to one thread. The SDK's own threads send; what they cannot send they drop.
"""

from __future__ import annotations

import logging
from collections import OrderedDict
from dataclasses import dataclass

from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.metrics.view import ExplicitBucketHistogramAggregation, View
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.id_generator import RandomIdGenerator
from opentelemetry.trace import (
    NonRecordingSpan,
    SpanContext,
    SpanKind,
    Status,
    StatusCode,
    TraceFlags,
    set_span_in_context,
)
from ulid import ULID

from ducktypist import __version__
from ducktypist.ledger.events import (
    Accepted,
    Dismissed,
    Event,
    Generated,
    Requested,
    Shown,
    Verified,
)
from ducktypist.telemetry import attributes as words
from ducktypist.telemetry.settings import Target

MAX_REMEMBERED = 2000
"""Suggestions whose request is remembered, for what is learned of them later."""
TIMEOUT_S = 5.0
_NS_PER_MS = 1_000_000
_LIFE = {Shown: "shown", Accepted: "accepted", Dismissed: "dismissed"}


@dataclass(slots=True)
class _Known:
    request: Requested
    span: SpanContext | None = None


class _Ids(RandomIdGenerator):
    """Random ids, and for a new trace the one that was asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.wanted = 0

    def generate_trace_id(self) -> int:
        return self.wanted or super().generate_trace_id()


class Exporter:
    """Metrics and spans to one collector."""

    def __init__(self, target: Target, *, session_id: str) -> None:
        """Start the SDK's threads; nothing is sent before there is something.

        Args:
            target: The collector.
            session_id: One per run of the language server.
        """
        # Its warnings repeat with every interval, and go where the server's own messages go.
        logging.getLogger("opentelemetry").setLevel(logging.ERROR)
        resource = Resource(
            {
                "service.name": "ducktypist",
                "service.version": __version__,
                "service.instance.id": session_id,
                "telemetry.sdk.language": "python",
            }
        )
        headers = dict(target.headers)
        self._ids = _Ids()
        self._traces = TracerProvider(
            resource=resource, shutdown_on_exit=False, id_generator=self._ids
        )
        self._traces.add_span_processor(
            BatchSpanProcessor(
                OTLPSpanExporter(
                    endpoint=f"{target.endpoint}/v1/traces", headers=headers, timeout=TIMEOUT_S
                ),
                schedule_delay_millis=target.interval_s * 1000,
            )
        )
        self._metrics = MeterProvider(
            resource=resource,
            shutdown_on_exit=False,
            views=[
                _view(words.OPERATION_DURATION, words.SECONDS_BUCKETS),
                _view(words.TIME_TO_FIRST_CHUNK, words.FIRST_TOKEN_BUCKETS),
                _view(words.TIME_TO_FIRST_TOKEN, words.FIRST_TOKEN_BUCKETS),
                _view(words.TOKEN_USAGE, words.TOKEN_BUCKETS),
            ],
            metric_readers=[
                PeriodicExportingMetricReader(
                    OTLPMetricExporter(
                        endpoint=f"{target.endpoint}/v1/metrics", headers=headers, timeout=TIMEOUT_S
                    ),
                    export_interval_millis=target.interval_s * 1000,
                )
            ],
        )
        self._tracer = self._traces.get_tracer("ducktypist", __version__)
        meter = self._metrics.get_meter("ducktypist", __version__)
        self._duration = meter.create_histogram(
            words.OPERATION_DURATION, unit="s", description="From the request to the last token."
        )
        self._first_chunk = meter.create_histogram(
            words.TIME_TO_FIRST_CHUNK,
            unit="s",
            description="From the request to the first token, as the editor's server sees it.",
        )
        self._first_token = meter.create_histogram(
            words.TIME_TO_FIRST_TOKEN,
            unit="s",
            description="Waiting and reading the prompt, as the engine says.",
        )
        self._tokens = meter.create_histogram(
            words.TOKEN_USAGE, unit="{token}", description="Tokens read and written."
        )
        self._verdicts = meter.create_counter(
            words.VERDICTS, unit="{verdict}", description="Checks of suggestions, by outcome."
        )
        self._life = meter.create_counter(
            words.LIFE, unit="{suggestion}", description="Suggestions shown, accepted, dismissed."
        )
        self._known: OrderedDict[str, _Known] = OrderedDict()

    def take(self, event: Event, together: tuple[Event, ...], *, at_ns: int) -> None:
        """Export one event.

        Args:
            event: It.
            together: The events that were logged at once with it; verdicts among them go on the
                answer's own span.
            at_ns: When, nanoseconds since the epoch.
        """
        if isinstance(event, Requested):
            self._known[event.suggestion_id] = _Known(event)
            while len(self._known) > MAX_REMEMBERED:
                self._known.popitem(last=False)
            return
        known = self._known.get(getattr(event, "suggestion_id", ""))
        if known is None:
            return
        if isinstance(event, Generated):
            verdicts = [
                item
                for item in together
                if isinstance(item, Verified) and item.suggestion_id == event.suggestion_id
            ]
            self._answer(known, event, verdicts, at_ns=at_ns)
        elif isinstance(event, Verified):
            self._verdict(known, event, at_ns=at_ns, is_new=not _has_answer(together, event))
        elif (name := _LIFE.get(type(event))) is not None:
            self._life.add(1, words.of_request(known.request) | {words.LIFE_EVENT: name})

    def close(self, timeout_s: float) -> None:
        """Send what is left, and stop.

        Args:
            timeout_s: How long the collector may take, for each of the two.
        """
        for provider in (self._traces, self._metrics):
            provider.force_flush(int(timeout_s * 1000))
        self._traces.shutdown()
        self._metrics.shutdown(timeout_s * 1000)

    def _answer(
        self, known: _Known, event: Generated, verdicts: list[Verified], *, at_ns: int
    ) -> None:
        common, timings = words.of_request(known.request), event.timings
        failed = words.error_type(event)
        told = common | ({"error.type": failed} if failed else {})
        self._duration.record(timings.total_ms / 1000, told)
        if not failed:
            self._first_chunk.record(timings.ttft_ms / 1000, common)
            self._first_token.record((timings.queue_ms + timings.prefill_ms) / 1000, common)
        for kind, n_tokens in (
            ("input", timings.prompt_tokens),
            ("output", timings.completion_tokens),
        ):
            self._tokens.record(n_tokens, common | {"gen_ai.token.type": kind})
        self._ids.wanted = int(ULID.from_str(event.suggestion_id))
        try:
            span = self._tracer.start_span(
                f"{common['gen_ai.operation.name']} {common['gen_ai.request.model']}",
                kind=SpanKind.CLIENT,
                start_time=at_ns - int(timings.total_ms * _NS_PER_MS),
                attributes=told | words.of_answer(known.request, event),
            )
        finally:
            self._ids.wanted = 0
        for verdict in verdicts:
            span.add_event(words.EVALUATION_RESULT, words.of_verdict(verdict), timestamp=at_ns)
        if verdicts:
            # The last one decided.
            span.set_attributes(words.of_verdict(verdicts[-1]))
        if failed:
            span.set_status(Status(StatusCode.ERROR, failed))
        known.span = span.get_span_context()
        span.end(at_ns)

    def _verdict(self, known: _Known, event: Verified, *, at_ns: int, is_new: bool) -> None:
        common = words.of_request(known.request)
        self._verdicts.add(1, common | words.counted(event))
        if not is_new:
            return
        parent = known.span or SpanContext(
            trace_id=int(ULID.from_str(event.suggestion_id)),
            span_id=self._ids.generate_span_id(),
            is_remote=True,
            trace_flags=TraceFlags(TraceFlags.SAMPLED),
        )
        span = self._tracer.start_span(
            f"verify {event.verifier.value}",
            context=set_span_in_context(NonRecordingSpan(parent)),
            start_time=at_ns - int((event.duration_ms or 0) * _NS_PER_MS),
            attributes=common | words.of_verdict(event),
        )
        span.end(at_ns)


def _has_answer(together: tuple[Event, ...], verdict: Verified) -> bool:
    return any(
        isinstance(item, Generated) and item.suggestion_id == verdict.suggestion_id
        for item in together
    )


def _view(name: str, boundaries: tuple[float, ...]) -> View:
    return View(instrument_name=name, aggregation=ExplicitBucketHistogramAggregation(boundaries))
