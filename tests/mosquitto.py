"""The reference broker: Debian's mosquitto, as a process of a test's own."""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest

from tests.ports import free_port

PROGRAM = shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin")
needed = pytest.mark.skipif(
    PROGRAM is None and not os.environ.get("CI"),
    reason="mosquitto is not installed (Debian: apt-get install mosquitto)",
)
"""In CI it has to be there."""


class Mosquitto:
    """One broker, which can be killed and started again at the same port.

    Args:
        directory: for its configuration and log.
        more: lines of its configuration beside the listener.
    """

    def __init__(self, directory: Path, more: str = "allow_anonymous true") -> None:
        self.port = free_port()
        self._log = directory / "mosquitto.log"
        self._config = directory / "mosquitto.conf"
        user = "user root\n" if os.getuid() == 0 else ""
        self._config.write_text(
            f"{user}listener {self.port} 127.0.0.1\npersistence false\nlog_dest stderr\nlog_type all\n{more}\n"
        )
        self._process: asyncio.subprocess.Process | None = None

    def url(self, scheme: str = "mqtt") -> str:
        return f"{scheme}://127.0.0.1:{self.port}"

    @property
    def log(self) -> str:
        return self._log.read_text("utf-8", "replace")

    async def start(self) -> None:
        """Returns when it listens."""
        assert PROGRAM is not None, "mosquitto is to be installed by CI"
        with self._log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(PROGRAM, "-c", self._config, stdout=log, stderr=log)
        async with asyncio.timeout(15):
            while True:
                assert self._process.returncode is None, self.log
                with suppress(OSError):
                    _, writer = await asyncio.open_connection("127.0.0.1", self.port)
                    writer.close()
                    return
                await asyncio.sleep(0.05)

    async def kill(self) -> None:
        """As a crash."""
        assert self._process is not None
        with suppress(ProcessLookupError):
            self._process.kill()
        await self._process.wait()


@asynccontextmanager
async def mosquitto(directory: Path, more: str = "allow_anonymous true") -> AsyncIterator[Mosquitto]:
    """A broker that runs; it lets everybody in unless `more` says otherwise."""
    broker = Mosquitto(directory, more)
    await broker.start()
    try:
        yield broker
    finally:
        await broker.kill()
