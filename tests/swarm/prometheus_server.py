"""A real Prometheus, from Debian's package, as a process of a test's own."""

import json
import os
import shutil
import subprocess
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.ports import free_port

PROGRAM = shutil.which("prometheus")
needed = pytest.mark.skipif(
    PROGRAM is None and not os.environ.get("CI"),
    reason="prometheus is not installed (Debian: apt-get install --no-install-recommends prometheus)",
)
"""In CI it has to be there."""

CONFIG = """\
global: {{scrape_interval: 1s, scrape_timeout: 1s}}
scrape_configs:
  - job_name: best-fleet
    static_configs: [{{targets: ['{target}']}}]
"""


class Prometheus:
    """One server, which scrapes one target each second."""

    def __init__(self, port: int) -> None:
        self._url = f"http://127.0.0.1:{port}/api/v1"

    def ask(self, path: str, **parameters: str) -> Any:
        """The data of an answer of its HTTP API."""
        url = f"{self._url}/{path}?{urllib.parse.urlencode(parameters)}"
        with urllib.request.urlopen(url, timeout=10) as answer:
            told = json.load(answer)
        assert told["status"] == "success"
        return told["data"]

    def query(self, query: str) -> list[tuple[dict[str, str], float]]:
        """Labels and value of each series now."""
        return [(found["metric"], float(found["value"][1])) for found in self.ask("query", query=query)["result"]]

    def last(self, name: str, **labels: str) -> float:
        """The newest value of one series, also of a target that is gone."""
        matchers = ",".join(f'{label}="{value}"' for label, value in labels.items())
        ((_, value),) = self.query(f"last_over_time({name}{{{matchers}}}[10m])")
        return value


@contextmanager
def scraping(target: str, directory: Path) -> Iterator[Prometheus]:
    """A server that scrapes `target` (host and port) until the end of the block."""
    assert PROGRAM is not None
    config = directory / "prometheus.yml"
    config.write_text(CONFIG.format(target=target))
    port = free_port()
    arguments = [f"--config.file={config}", f"--storage.tsdb.path={directory / 'tsdb'}"]
    with (directory / "prometheus.log").open("wb") as log:
        process = subprocess.Popen(
            [PROGRAM, *arguments, f"--web.listen-address=127.0.0.1:{port}"], stdout=log, stderr=log
        )
    try:
        yield Prometheus(port)
    finally:
        process.kill()
        process.wait()
