"""A receiver of OpenTelemetry's protocol over HTTP, which keeps the metrics that it is sent."""

import gzip
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
    ExportMetricsServiceResponse,
)

Point = tuple[dict[str, str], Any]


class Received:
    """What came in, the newest of each metric."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.services: set[str] = set()
        self.exports = 0
        self.metrics: dict[str, Any] = {}

    def take(self, body: bytes) -> None:
        request = ExportMetricsServiceRequest.FromString(body)
        self.exports += 1
        for resource in request.resource_metrics:
            self.services |= {
                pair.value.string_value for pair in resource.resource.attributes if pair.key == "service.name"
            }
            for scope in resource.scope_metrics:
                self.metrics.update({metric.name: metric for metric in scope.metrics})

    def points(self, name: str) -> list[Point]:
        """Attributes and point of each series of a metric."""
        metric = self.metrics.get(name)
        if metric is None:
            return []
        data = getattr(metric, metric.WhichOneof("data"))
        return [({pair.key: pair.value.string_value for pair in point.attributes}, point) for point in data.data_points]

    def value(self, name: str, **attributes: str) -> float | None:
        """The newest value of one series."""
        found = (point for labels, point in self.points(name) if labels == attributes)
        return next((point.as_double or float(point.as_int) for point in found), None)


@contextmanager
def receiving() -> Iterator[Received]:
    """A receiver that listens until the end of the block."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if self.headers.get("Content-Encoding") == "gzip":
                body = gzip.decompress(body)
            if self.path == "/v1/metrics":
                received.take(body)
            answer = ExportMetricsServiceResponse().SerializeToString()
            self.send_response(200)
            self.send_header("Content-Type", "application/x-protobuf")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    received = Received(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield received
    finally:
        server.shutdown()
        server.server_close()
