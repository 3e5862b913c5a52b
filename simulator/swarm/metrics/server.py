"""Serves the metrics: on a port of their own, for runs without a web page, and as a route of the page."""

import logging
import signal
from collections.abc import Callable, Iterable
from types import FrameType
from typing import Any

import gevent.event
from flask import Blueprint, Response, request
from flask.typing import ResponseReturnValue
from gevent.pywsgi import WSGIServer

from simulator.swarm.locust.signals import SIGNALS
from simulator.swarm.metrics.prometheus import PATH
from simulator.swarm.security.access import Access, open_to_others
from simulator.swarm.security.web_guard import HostRule, WebGuard
from simulator.swarm.security.web_login import CHALLENGE, WRONG_DELAY_S
from simulator.texts.translation import _

logger = logging.getLogger("simulator.swarm")

Answer = Iterable[bytes]
StartResponse = Callable[..., Any]


def add_route(web_ui: Any, application: Any, prefix: str) -> None:
    """Add `/metrics` to Locust's Flask application: what guards its other routes guards this one.

    Args:
        application: the WSGI application that answers scrapes.
        prefix: `--web-base-path`, without a slash at its end.
    """
    blueprint = Blueprint("fleet_metrics", __name__, url_prefix=prefix or None)

    def metrics() -> ResponseReturnValue:
        return Response.from_app(application, request.environ)

    blueprint.add_url_rule(PATH, "metrics", metrics)
    web_ui.app.register_blueprint(blueprint)


class MetricsServer:
    """The port of a run's own for scrapes, in the hub of the process.

    Args:
        application: the WSGI application that answers them.
        access: names under which it may be asked for, and the login where one is set, by HTTP basic authentication.
        tls: certificate and key, as files.

    Raises:
        OSError: If it cannot listen there.
    """

    def __init__(
        self, host: str, port: int, application: Any, access: Access, tls: tuple[str, str] | None = None
    ) -> None:
        self._application = application
        self._login = access.login
        self._host = host
        self._scheme = "https" if tls else "http"
        self._scraped = False
        self._last = False
        """Whether the run is over, so that the scrape that begins now is the last one needed."""
        self._next = gevent.event.Event()
        self._came = False
        guarded = WebGuard(self._answer, HostRule(host, access.allowed_hosts), "")
        files = {"certfile": tls[0], "keyfile": tls[1]} if tls else {}
        self._server = WSGIServer((host, port), guarded, log=None, error_log=logger, **files)
        self._server.start()
        if access.login is None and open_to_others(host):
            logger.warning("%s", _("the metrics ask for no login, and other machines may reach them"))

    @property
    def url(self) -> str:
        """Where it is scraped."""
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"{self._scheme}://{host}:{self._server.server_port}{PATH}"

    def await_scrape(self, seconds: float) -> bool:
        """Wait until whoever has scraped it before does so again, `seconds` at most; whether they did.

        SIGINT and SIGTERM end the wait: the run is over and told, and nothing is lost but this scrape.
        """
        if not self._scraped or seconds <= 0:
            return False
        self._last = True
        logger.info("%s", _("waiting for a last scrape of the metrics, {seconds:g} s at most", seconds=seconds))
        # Ours for ending a run in order have nothing to end any more; Locust's are of no use to who waits here.
        former = {number: signal.signal(number, self._leave) for number in SIGNALS}
        try:
            self._next.wait(seconds)
        finally:
            for number, handler in former.items():
                signal.signal(number, handler)
        return self._came

    def _leave(self, number: int, frame: FrameType | None) -> None:
        # May run in any greenlet, even in the hub: nothing here may block.
        self._next.set()

    def stop(self) -> None:
        """Serve nobody any more."""
        self._server.stop(timeout=1)

    def _answer(self, environ: Any, start_response: StartResponse) -> Answer:
        if environ.get("PATH_INFO") != PATH:
            return _refused(start_response, "404 NOT FOUND", f"best-fleet: the metrics are at {PATH}\n")
        given = environ.get("HTTP_AUTHORIZATION")
        if self._login is not None and not (given and self._login.fits_header(given)):
            if given:
                gevent.sleep(WRONG_DELAY_S)
            return _refused(start_response, "401 UNAUTHORIZED", "best-fleet: log in first\n", CHALLENGE)
        return self._told(self._application(environ, start_response), self._last)

    def _told(self, parts: Answer, last: bool) -> Iterable[bytes]:
        yield from parts
        # The server asks for more once it has sent what it got.
        self._scraped = True
        if last:
            self._came = True
            self._next.set()


def _refused(start_response: StartResponse, status: str, text: str, *headers: tuple[str, str]) -> Answer:
    body = text.encode()
    start_response(
        status, [("Content-Type", "text/plain; charset=utf-8"), ("Content-Length", str(len(body))), *headers]
    )
    return [body]
