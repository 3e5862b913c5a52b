"""Ties a process' current run to whoever watches it: the web page's route, the port for scrapes, OpenTelemetry."""

import logging
from argparse import Namespace
from typing import Any, Final, Protocol

from simulator.swarm.metrics.metered import MeteredRun
from simulator.swarm.metrics.prometheus import application
from simulator.swarm.metrics.readings import Readings
from simulator.swarm.metrics.server import MetricsServer, add_route
from simulator.swarm.security.access import Access
from simulator.texts.translation import _

logger = logging.getLogger("simulator.swarm")

REQUEST_NAMES: Final = 200
"""The protocol has 37 messages and 21 commands; a run's own vocabulary bounds what a platform makes up beside them."""


class Watched(Protocol):
    """The process that coordinates runs."""

    options: Namespace

    @property
    def run(self) -> MeteredRun | None:
        """The newest run; None before the first, and while one opens."""


class Monitoring:
    """Everything that shows a process' runs to other programs."""

    def __init__(self, role: Watched) -> None:
        self._options = role.options
        self._readings = Readings(lambda: role.run)
        self._application = application(self._readings)
        self._server: MetricsServer | None = None

    def show(self, web_ui: Any, prefix: str) -> None:
        """Serve the metrics beside Locust's web page."""
        add_route(web_ui, self._application, prefix)

    def listen(self, options: Namespace, access: Access) -> None:
        """Serve them on a port of their own.

        Raises:
            OSError: If it cannot be listened there.
        """
        tls = (options.tls_cert, options.tls_key) if options.tls_cert and options.tls_key else None
        self._server = MetricsServer(options.metrics_host, options.metrics_port, self._application, access, tls)
        logger.info("%s", _("metrics for Prometheus: {url}", url=self._server.url))

    def export(self) -> None:
        """Have OpenTelemetry's meter, which Locust has set up for `--otel`, export them as well."""
        # Whoever does without has no need of its libraries.
        from simulator.swarm.metrics.instruments import instrument

        instrument(self._readings)

    def close(self) -> None:
        """The process ends: let the last figures out."""
        if self._server is not None:
            if self._options.headless:
                self._server.await_scrape(self._options.metrics_wait)
            self._server.stop()


def name_all_requests() -> None:
    """Have Locust's own histogram tell every funcId: its bound is 20 names, the rest would be one."""
    from locust import opentelemetry

    opentelemetry.MAX_REQUEST_NAMES = REQUEST_NAMES
