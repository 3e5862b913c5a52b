"""Who may reach a process of the swarm: the token between master and workers, the web page's login and host names.

All that the command line and the environment say about it is read here, once, before Locust forks or opens a port.
"""

import re
from argparse import Namespace
from collections.abc import MutableMapping
from dataclasses import dataclass
from typing import Any

from simulator.swarm.security import token as tokens
from simulator.swarm.security import web_login
from simulator.swarm.security.secret_source import SecretError, is_loopback
from simulator.swarm.security.token import Token, token_for
from simulator.swarm.security.web_login import WebLogin, read_web_login
from simulator.texts.translation import _

LOOPBACK = "127.0.0.1"
_NAME = re.compile(r"(\[[0-9a-f:.]+\]|[a-z0-9._-]+)", re.ASCII)


class AccessError(Exception):
    """What the command line says about access cannot be; `problems` has everything that is wrong."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


@dataclass(frozen=True, slots=True)
class Access:
    """Who may reach this process."""

    token: Token | None = None
    """None where there are no workers."""
    login: WebLogin | None = None
    allowed_hosts: tuple[str, ...] = ()
    """Further names of the web page's server."""


def add_arguments(group: Any, parser: Any) -> None:
    """Declare the options, and let master and web page listen on the loopback address unless told otherwise."""
    group.add_argument(
        tokens.OPTION,
        metavar="<filename>",
        env_var=f"{tokens.VARIABLE}_FILE",
        help=_(
            "File with the token that master and workers share; without it {variable} holds the token itself. "
            "Needed as soon as they are on different machines.",
            variable=tokens.VARIABLE,
        ),
    )
    group.add_argument(
        web_login.OPTION,
        metavar="<filename>",
        env_var=f"{web_login.VARIABLE}_FILE",
        help=_(
            "File with user:password for --web-login; without it {variable} holds user:password itself. Either "
            "switches the login on.",
            variable=web_login.VARIABLE,
        ),
    )
    group.add_argument(
        "--web-allowed-hosts",
        metavar="<names>",
        default="",
        env_var="BEST_FLEET_WEB_ALLOWED_HOSTS",
        help=_(
            "Names, separated by commas, under which browsers may ask for the web page, beside its address and "
            "localhost: what a reverse proxy or the DNS calls this machine."
        ),
    )
    parser.set_defaults(web_host=LOOPBACK, master_bind_host=LOOPBACK)


def access_of(known: Namespace, environment: MutableMapping[str, str]) -> Access:
    """What the parsed command line and the environment say. Secrets are taken out of the environment.

    Raises:
        AccessError: If something is missing or cannot be used; everything is said.
    """
    problems: list[str] = []
    token: Token | None = None
    login: WebLogin | None = None
    if known.worker or known.master or known.processes:
        try:
            token = token_for(
                environment,
                known.token_file,
                peer=known.master_host if known.worker else known.master_bind_host,
                worker=known.worker,
                forks=bool(known.processes) and not known.worker,
            )
        except SecretError as error:
            problems.append(str(error))
    if not known.worker and (known.headful or not known.headless or known.metrics_port is not None):
        try:
            login = read_web_login(environment, known.web_login_file)
        except SecretError as error:
            problems.append(str(error))
        else:
            if known.web_login and login is None:
                problems.append(
                    _(
                        "--web-login: who may log in? Set {variable} to user:password, or put user:password into "
                        "a file and name it with {option}",
                        variable=web_login.VARIABLE,
                        option=web_login.OPTION,
                    )
                )
    hosts = tuple(name.strip().lower() for name in known.web_allowed_hosts.split(",") if name.strip())
    problems += [
        _("--web-allowed-hosts: '{name}' is no host name (give it without scheme, port and path)", name=name)
        for name in hosts
        if not _NAME.fullmatch(name)
    ]
    for variable in (tokens.VARIABLE, web_login.VARIABLE):
        # Not for the processes that are started from here, even where this one has no use for it.
        environment.pop(variable, None)
    if problems:
        raise AccessError(problems)
    return Access(token, login, hosts)


def open_to_others(web_host: str) -> bool:
    """Whether other machines reach a web page that is bound to this address."""
    return not is_loopback(web_host)
