"""What a report names of the software that a run was made with."""

import functools
import importlib.metadata
import platform

import simulator

VERSIONS_OF = ("locust", "gevent", "uvloop", "websockets", "cryptography")


@functools.cache  # asked for once a second, and looking it up takes milliseconds
def versions() -> dict[str, str]:
    """This program, Python and the libraries that decide about speed, with their versions."""
    found = {"best-fleet": simulator.__version__, "python": platform.python_version()}
    for name in VERSIONS_OF:
        found[name] = importlib.metadata.version(name)
    return found
