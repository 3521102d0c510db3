"""An OpenTelemetry collector for tests: a real HTTP server that keeps what it is sent."""

from __future__ import annotations

import gzip
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest


class Collector:
    """What came, decoded."""

    def __init__(self, *, status: int = 200, delay_s: float = 0.0) -> None:
        self.status = status
        self.delay_s = delay_s
        self.requests: list[tuple[str, dict[str, str], bytes]] = []
        """Path, headers and body of each request."""
        self.endpoint = ""

    @classmethod
    @contextmanager
    def listening(cls, *, status: int = 200, delay_s: float = 0.0) -> Iterator[Collector]:
        """Serve on a free port of the loopback."""
        collector = cls(status=status, delay_s=delay_s)

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                if self.headers.get("Content-Encoding") == "gzip":
                    body = gzip.decompress(body)
                headers = {name.lower(): value for name, value in self.headers.items()}
                collector.requests.append((self.path, headers, body))
                time.sleep(collector.delay_s)
                self.send_response(collector.status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        collector.endpoint = f"http://127.0.0.1:{server.server_address[1]}"
        try:
            yield collector
        finally:
            server.shutdown()
            server.server_close()

    def spans(self) -> list[Any]:
        """Return all spans that came."""
        found = []
        for path, _, body in self.requests:
            if path == "/v1/traces":
                message = ExportTraceServiceRequest.FromString(body)
                found += [
                    span
                    for resource in message.resource_spans
                    for scope in resource.scope_spans
                    for span in scope.spans
                ]
        return found

    def metrics(self) -> dict[str, Any]:
        """Return the metrics that came last, by name."""
        found = {}
        for path, _, body in self.requests:
            if path == "/v1/metrics":
                message = ExportMetricsServiceRequest.FromString(body)
                for resource in message.resource_metrics:
                    for scope in resource.scope_metrics:
                        found |= {metric.name: metric for metric in scope.metrics}
        return found


def attributes(item: Any) -> dict[str, Any]:
    """Return the attributes of a span, an event or a data point."""
    found = {}
    for pair in item.attributes:
        kind = pair.value.WhichOneof("value")
        found[pair.key] = getattr(pair.value, kind)
    return found
