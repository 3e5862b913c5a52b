"""The address of a platform's dispatch service, as people give it: in a scenario's `target`, behind `--host`, in the
web page's form. One check for all of them, so that no device meets a URL that it cannot use.
"""

import ipaddress
import re
from typing import Final
from urllib.parse import SplitResult, urlsplit

from simulator.shown import detail
from simulator.texts.translation import _
from simulator.wide_marks import first_wide

_EXAMPLE: Final = "https://dispatch.example.com"
_LOOKUP: Final = "/v3/device"
_NO_URL: Final = re.compile(r"[\s\x00-\x20\x7f<>\"\\^`{|}]")
_LABEL: Final = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?")
_BRACKETED: Final = re.compile(r"\[[^][]+\](?::.*)?")
_SOCKET_SCHEMES: Final = {"ws": "http", "wss": "https", "mqtt": "http", "mqtts": "https"}
_BROKEN_SCHEME: Final = re.compile(r"(https?):?/{0,2}(?=[^/:])", re.IGNORECASE)
"""What is left of a scheme where a sign of it was forgotten."""
_MOST_SHOWN: Final = 200


class DispatchUrlError(ValueError):
    """A text that is no dispatch URL; says what is wrong with it and what would be right, and shows no password."""


def parse_dispatch_url(value: str) -> str:
    """The dispatch URL, what precedes `/v3/device/getBrokerServer`, without a slash at its end.

    Raises:
        DispatchUrlError: If it is no http or https URL of a host, or holds more than such a URL may.
    """
    value = value.strip()
    if not value:
        raise DispatchUrlError(_("is empty; give a URL like {example}", example=_EXAMPLE))
    if "@" in value:
        # Anywhere: a password may hold any character, and the messages below show the value.
        raise DispatchUrlError(_("must carry no user name or password: addresses stand in logs, pages and reports"))
    shown = detail(value, _MOST_SHOWN)
    if (wide := first_wide(value)) is not None:
        _at, mark, plain = wide
        raise DispatchUrlError(
            _("'{shown}' has the full-width mark {mark} where a URL has {plain}", shown=shown, mark=mark, plain=plain)
        )
    if _NO_URL.search(value):
        raise DispatchUrlError(
            _("'{shown}' holds characters that no URL may have; give one like {example}", shown=shown, example=_EXAMPLE)
        )
    scheme, separator, rest = value.partition("://")
    if not separator:
        if value.startswith("/") or ("." not in value and ":" not in value):
            raise DispatchUrlError(_("'{shown}' is no URL like {example}", shown=shown, example=_EXAMPLE))
        if value.lower().startswith(("http:", "http/", "https:", "https/")):
            right = _BROKEN_SCHEME.sub(r"\1://", detail(value, _MOST_SHOWN), count=1)
            raise DispatchUrlError(_("'{shown}' has no scheme; write {right}", shown=shown, right=right))
        raise DispatchUrlError(_("'{shown}' has no scheme; write http://{shown} or https://{shown}", shown=shown))
    if scheme.lower() in _SOCKET_SCHEMES:
        right = f"{_SOCKET_SCHEMES[scheme.lower()]}://{detail(rest, _MOST_SHOWN)}"
        raise DispatchUrlError(
            _("'{shown}' is a broker's scheme; the dispatch service is asked first: {right}", shown=shown, right=right)
        )
    if scheme.lower() not in ("http", "https"):
        raise DispatchUrlError(
            _("'{shown}' must begin with http:// or https://, as in {example}", shown=shown, example=_EXAMPLE)
        )
    try:
        parts = urlsplit(value)
    except ValueError:
        raise DispatchUrlError(
            _("'{shown}' has no IPv6 address between its brackets, as in http://[::1]:8080", shown=shown)
        ) from None
    _check_host(parts, shown)
    _check_port(parts, shown)
    if _LOOKUP in parts.path or "?" in value or "#" in value:
        base = value.partition(_LOOKUP)[0].partition("?")[0].partition("#")[0].rstrip("/")
        raise DispatchUrlError(_("give what precedes /v3/device/getBrokerServer: {base}", base=base))
    return f"{scheme.lower()}://{rest}".rstrip("/")


def _check_host(parts: SplitResult, shown: str) -> None:
    host = parts.hostname or ""
    if "[" in parts.netloc or "]" in parts.netloc:
        try:
            ipaddress.IPv6Address(host)
            whole = _BRACKETED.fullmatch(parts.netloc) is not None
        except ValueError:
            whole = False
        if not whole:
            raise DispatchUrlError(
                _("'{shown}' has no IPv6 address between its brackets, as in http://[::1]:8080", shown=shown)
            )
        return
    if parts.netloc.count(":") > 1:
        raise DispatchUrlError(_("'{shown}': an IPv6 address stands in brackets, as in http://[::1]:8080", shown=shown))
    if not host:
        raise DispatchUrlError(_("'{shown}' names no host; give a URL like {example}", shown=shown, example=_EXAMPLE))
    try:
        ascii_host = host.encode("idna").decode() if not host.isascii() else host
    except UnicodeError:
        ascii_host = ""
    labels = ascii_host.removesuffix(".").split(".")
    if len(ascii_host) > 253 or not all(map(_LABEL.fullmatch, labels)):
        raise DispatchUrlError(
            _("'{shown}' names no valid host; give a URL like {example}", shown=shown, example=_EXAMPLE)
        )
    if labels[-1].isdigit():
        try:
            ipaddress.IPv4Address(ascii_host)
        except ValueError:
            raise DispatchUrlError(
                _("'{shown}' has no valid IPv4 address, which is four numbers up to 255", shown=shown)
            ) from None


def _check_port(parts: SplitResult, shown: str) -> None:
    try:
        usable = parts.port != 0
    except ValueError:
        usable = False
    if not usable or parts.netloc.endswith(":"):
        raise DispatchUrlError(_("'{shown}' has a port that is no number from 1 to 65535", shown=shown))
