"""The options by which other monitoring gets a run's figures: where Prometheus scrapes them, and Locust's `--otel`.

What OpenTelemetry's own variables do not say is preset here, before Locust reads them.
"""

from argparse import Namespace
from collections.abc import Iterator, MutableMapping
from importlib.util import find_spec
from typing import Any, Final

from simulator.swarm.security.access import LOOPBACK
from simulator.texts.translation import _

WAIT_S = 15.0
"""How long most servers are at most from one scrape to the next."""
_LONGEST_WAIT_S = 600.0
OTEL_PRESETS: Final = {
    # What its specification says; Locust's own default is gRPC, for which gevent has no use.
    "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
    "OTEL_SERVICE_NAME": "best-fleet",
}
_PROTOCOLS: Final = tuple(f"OTEL_EXPORTER_OTLP_{signal}PROTOCOL" for signal in ("", "METRICS_", "TRACES_", "LOGS_"))
_OTEL_MODULES: Final = ("opentelemetry.sdk", "opentelemetry.exporter.otlp.proto.http")


def add_arguments(group: Any) -> None:
    """Declare the options."""
    group.add_argument(
        "--metrics-port",
        type=int,
        metavar="<port>",
        env_var="BEST_FLEET_METRICS_PORT",
        help=_(
            "Serve the run's figures for Prometheus at http://127.0.0.1:<port>/metrics; 0 takes a free port and says "
            "which. For headless runs: with the web page they are at its own /metrics. See docs/metrics.md."
        ),
    )
    group.add_argument(
        "--metrics-host",
        default=LOOPBACK,
        metavar="<address>",
        env_var="BEST_FLEET_METRICS_HOST",
        help=_("Address on which --metrics-port listens. Default: {address}", address=LOOPBACK),
    )
    group.add_argument(
        "--metrics-wait",
        type=float,
        default=WAIT_S,
        metavar="<seconds>",
        env_var="BEST_FLEET_METRICS_WAIT",
        help=_(
            "At the end of a headless run that was scraped, wait at most that long for one more scrape, which gets the "
            "final figures and the verdict. Default: {seconds:g}",
            seconds=WAIT_S,
        ),
    )


def problems_of(known: Namespace, environment: MutableMapping[str, str]) -> Iterator[str]:
    """What is wrong with them, a sentence each; presets in the environment what `--otel` needs."""
    port = known.metrics_port
    if port is not None and not 0 <= port <= 65_535:
        yield _("--metrics-port: a port is a number from 1 to 65535, or 0 for a free one")
    if port is not None and known.worker:
        yield _("--metrics-port: a worker's figures are served by its master: give it there")
    if not 0 <= known.metrics_wait <= _LONGEST_WAIT_S:
        yield _("--metrics-wait: from 0 to {seconds:g} seconds", seconds=_LONGEST_WAIT_S)
    if known.otel:
        yield from _otel_problems(environment)


def _otel_problems(environment: MutableMapping[str, str]) -> Iterator[str]:
    if not all(map(_is_installed, _OTEL_MODULES)):
        yield _("--otel: OpenTelemetry is not installed. Try: pip install 'best-fleet[otel]'")
        return
    for name, value in OTEL_PRESETS.items():
        environment.setdefault(name, value)
    for name in _PROTOCOLS:
        if environment.get(name, "").strip().lower() == "grpc":
            yield _(
                "{name}=grpc: gRPC would hold up the whole process while it sends. Use http/protobuf, which collectors "
                "take at port 4318",
                name=name,
            )


def _is_installed(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:
        return False
