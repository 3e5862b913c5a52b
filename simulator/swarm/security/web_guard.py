"""Keeps foreign web pages away from the web UI: every route, Locust's and ours, before any of them is asked.

A tester's browser reaches this server, and so does every page that the browser has open. A page of another origin is
known by what the browser says of it (`Origin`, `Sec-Fetch-Site`); one that made its own name point here (DNS rebinding)
by the `Host` that it asks for. Programs that are no browser send neither and are served. Locust allows every origin in
its answers; those headers are taken out.
"""

import logging
import re
import socket
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from simulator.swarm.security.secret_source import is_loopback
from simulator.texts.translation import _

logger = logging.getLogger("simulator.swarm")

SAFE_METHODS = frozenset({"GET", "HEAD"})
OWN_SITES = frozenset({"same-origin", "none"})
"""`none`: typed into the address bar, or a bookmark."""
PAGES = ("", "/", "/fleet", "/login", "/stats/report")
"""Where a link on another page may lead. They show something and change nothing."""
_HOST = re.compile(r"(?P<name>\[[0-9a-f:.]+\]|[a-z0-9._-]+)(:(?P<port>\d{1,5}))?", re.ASCII)
_ADDED = (
    ("X-Frame-Options", "DENY"),
    ("Content-Security-Policy", "frame-ancestors 'none'"),
    ("X-Content-Type-Options", "nosniff"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
    ("Referrer-Policy", "same-origin"),
)
_DROPPED = "access-control-"

Environ = Mapping[str, Any]
StartResponse = Callable[..., Any]
Application = Callable[[Any, StartResponse], Iterable[bytes]]


@dataclass(frozen=True, slots=True)
class HostRule:
    """Under which names this server may be asked for.

    Attributes:
        bound: the address that it listens on; empty or `*` for all.
        named: further host names, without port, in lower case.
    """

    bound: str
    named: Collection[str] = ()

    def allows(self, name: str) -> bool:
        """Whether a `Host` without its port is this server's own."""
        if is_loopback(name) or name == self.bound.lower() or name in self.named:
            return True
        if is_loopback(self.bound):
            return False
        # Nobody can make somebody else's address point here, only names.
        return _is_address(name) or name == socket.gethostname().lower()


def _is_address(name: str) -> bool:
    try:
        ip_address(name.strip("[]"))
    except ValueError:
        return False
    return True


def refusal(request: Environ, rule: HostRule, prefix: str = "") -> str | None:
    """Why a request (a WSGI environment) is not served; None if it is.

    Args:
        prefix: the path under which the pages are (`--web-base-path`).
    """
    host = _host_of(str(request.get("HTTP_HOST", "")), 0)
    if host is None or not rule.allows(host[0]):
        return _(
            "this server does not answer under the host name that was asked for; --web-allowed-hosts names further ones"
        )
    origin = request.get("HTTP_ORIGIN")
    if origin is not None and not _same_origin(str(origin), request):
        return _("a page of another origin asked for this")
    site = request.get("HTTP_SEC_FETCH_SITE")
    if site is not None and site not in OWN_SITES and not _is_link(request, prefix):
        return _("a page of another site asked for this")
    if request["REQUEST_METHOD"] not in SAFE_METHODS and origin is None and site is None:
        referer = request.get("HTTP_REFERER")
        if referer is not None and not _same_origin(str(referer), request):
            return _("a page of another origin asked for this")
    return None


def _is_link(request: Environ, prefix: str) -> bool:
    """Whether somebody followed a link from another site to one of our pages."""
    path = str(request.get("PATH_INFO", ""))
    return (
        request["REQUEST_METHOD"] in SAFE_METHODS
        and request.get("HTTP_SEC_FETCH_MODE") == "navigate"
        and request.get("HTTP_SEC_FETCH_DEST") == "document"
        and path.startswith(prefix)
        and path[len(prefix) :] in PAGES
    )


def _host_of(text: str, default_port: int) -> tuple[str, int] | None:
    found = _HOST.fullmatch(text.lower())
    if found is None:
        return None
    return found["name"].removesuffix("."), int(found["port"] or default_port)


def _same_origin(url: str, request: Environ) -> bool:
    """Whether a page's origin (or address) is the server that the request asks for."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    default_port = {"http": 80, "https": 443}.get(parts.scheme)
    if default_port is None:
        return False
    theirs = _host_of(parts.netloc, default_port)
    return theirs is not None and theirs == _host_of(str(request["HTTP_HOST"]), default_port)


class WebGuard:
    """The WSGI application in front of Locust's.

    Args:
        prefix: see `refusal`.
    """

    def __init__(self, application: Application, rule: HostRule, prefix: str) -> None:
        self._application = application
        self._rule = rule
        self._prefix = prefix
        self._told: set[str] = set()

    def __call__(self, request: Any, start_response: StartResponse) -> Iterable[bytes]:
        reason = refusal(request, self._rule, self._prefix)
        if reason is not None:
            if reason not in self._told:
                self._told.add(reason)
                logger.warning(_("a request to the web page was refused (said once): %s"), reason)
            return _forbidden(reason, start_response)

        def start(status: str, headers: list[tuple[str, str]], *rest: Any) -> Any:
            kept = [(name, value) for name, value in headers if not name.lower().startswith(_DROPPED)]
            return start_response(status, [*kept, *_ADDED], *rest)

        return self._application(request, start)


def _forbidden(reason: str, start_response: StartResponse) -> Iterable[bytes]:
    body = _("best-fleet: {reason}\n", reason=reason).encode()
    headers = [("Content-Type", "text/plain; charset=utf-8"), ("Content-Length", str(len(body))), *_ADDED]
    start_response("403 FORBIDDEN", headers)
    return [body]
