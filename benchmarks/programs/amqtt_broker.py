"""amqtt's broker as a process: the port and the number of devices on the command line. Imports nothing of ours.

Its libraries are of other versions than the project's.
"""

import asyncio
import resource
import sys
from importlib import import_module
from typing import Any


async def serve(port: int, devices: int) -> None:
    """Serve, with what amqtt needs and nothing else."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, devices + 200), hard))
    config: dict[str, Any] = {
        "listeners": {"default": {"type": "tcp", "bind": f"127.0.0.1:{port}", "max_connections": devices + 100}},
        "plugins": {"amqtt.plugins.authentication.AnonymousAuthPlugin": {"allow_anonymous": True}},
    }
    await import_module("amqtt.broker").Broker(config).start()
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1]), int(sys.argv[2])))
