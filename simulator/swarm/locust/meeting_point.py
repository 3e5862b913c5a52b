"""Where a master and the workers that it forks meet: at one port, which nobody has to name.

Locust's own is one for the whole machine, and two runs on it would want the same. Of the two options that set it, one
says where the master listens and the other where workers look for it.
"""

import socket
from argparse import Namespace
from collections.abc import Mapping
from typing import Any, Final

from simulator.swarm.security.token import Token

_EVERYWHERE: Final = frozenset(("*", "0.0.0.0", "::", ""))
_kept: list[socket.socket] = []
"""Bound until the process ends, and never listening."""


def meeting_point(known: Namespace, token: Token | None, defaults: Mapping[str, Any]) -> dict[str, Any]:
    """What both sides take for Locust's options that the command line leaves as they are.

    Args:
        known: the command line as far as it is read.
        token: the swarm's. Who has one that nobody else knows is joined by nobody else.
        defaults: Locust's `master_port`, `master_bind_port` and `master_host`.
    """
    if not known.processes or known.worker:
        return {}
    found: dict[str, Any] = {}
    host = known.master_bind_host
    if known.master_host == defaults["master_host"] and host not in _EVERYWHERE:
        found["master_host"] = host
    ports = [getattr(known, name) for name in ("master_bind_port", "master_port")]
    named = [
        port for port, name in zip(ports, ("master_bind_port", "master_port"), strict=True) if port != defaults[name]
    ]
    port = named[0] if named else _free_port(host) if token is not None and token.of_this_run else None
    if port is not None:
        found |= {"master_bind_port": port, "master_port": port}
    return found


def _free_port(host: str) -> int | None:
    """A port that nobody else is given from now on; None where there is none, which the master will say.

    It stays bound by a socket that does not listen: who asks for any port does not get it, and the master, which asks
    for this one, does.
    """
    sock = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((host, 0))
    except OSError:
        sock.close()
        return None
    _kept.append(sock)
    port: int = sock.getsockname()[1]
    return port
