"""What a parsed command line says about access, for the tests that judge it."""

from argparse import Namespace
from typing import Any

import pytest

from simulator.swarm.security.access import AccessError, access_of

TOKEN = "a token of more than sixteen"


def known(**given: Any) -> Namespace:
    """A parsed command line: a local process that serves the web page, unless told otherwise."""
    said = {
        "worker": False,
        "master": False,
        "processes": None,
        "headless": False,
        "headful": False,
        "web_login": False,
        "token_file": None,
        "web_login_file": None,
        "web_allowed_hosts": "",
        "metrics_port": None,
        "master_host": "127.0.0.1",
        "master_bind_host": "127.0.0.1",
    }
    return Namespace(**said | given)


def problems(environment: dict[str, str], **given: Any) -> list[str]:
    with pytest.raises(AccessError) as caught:
        access_of(known(**given), environment)
    return caught.value.problems
