"""Child processes of a benchmark: pinned, bounded in time, and ended by their process id.

Each child also carries an alarm of its own (`programs.orders`) or watches its standard input, so that none outlives a
benchmark that was killed.
"""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

from benchmarks.cores import pin

ROOT = Path(__file__).resolve().parent.parent
POLL_S = 0.05
STOP_S = 20.0
"""How long a child may take to end in order: a fleet closes its connections, a platform commits its ledger."""
LOG_LINES = 25


class BenchmarkError(Exception):
    """A benchmark could not be measured; the text says why."""


class Child:
    """One child process, from `with` to its end.

    Args:
        arguments: what follows the interpreter.
        core: the core that it is kept on; None for all.
        directory: where its log goes.
        limit_s: seconds after which waiting for it is given up.
        order: handed to it as JSON (`programs.orders`).
    """

    def __init__(
        self,
        name: str,
        arguments: Sequence[str],
        *,
        core: int | None,
        directory: Path,
        limit_s: float,
        order: Mapping[str, Any] | None = None,
    ) -> None:
        self.name = name
        self._arguments = [sys.executable, *arguments]
        self._core = core
        self._log = directory / f"{name}.log"
        self._limit_s = limit_s
        self._order = order
        self._deadline = 0.0
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> "Child":
        # Locust takes options from its variables; whoever has some set for other runs must not measure with them.
        environment = {name: value for name, value in os.environ.items() if not name.startswith("LOCUST")}
        environment["PYTHONPATH"] = str(ROOT)
        if self._order is not None:
            environment["BENCHMARK_ORDER"] = json.dumps(dict(self._order))
        self._deadline = time.monotonic() + self._limit_s
        with self._log.open("wb") as log:
            # A session of its own: Ctrl-C reaches the benchmark alone, which then ends its children in order.
            self._process = subprocess.Popen(
                self._arguments,
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                env=environment,
                cwd=ROOT,
                start_new_session=True,
            )
        if self._core is not None:
            pin(self._process.pid, self._core)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def pid(self) -> int:
        if self._process is None:
            raise BenchmarkError(f"{self.name} has not been started")
        return self._process.pid

    def wait_for(self, done: Callable[[], bool], what: str) -> None:
        """Return when `done()` holds.

        Raises:
            BenchmarkError: If the child ends before, or takes too long.
        """
        while not done():
            code = self._process.poll() if self._process is not None else None
            if code is not None and not done():
                raise BenchmarkError(f"{self.name} ended with exit code {code} before {what}:\n{self.last_lines()}")
            if time.monotonic() > self._deadline:
                raise BenchmarkError(f"{self.name}: no {what} within {self._limit_s:g} s:\n{self.last_lines()}")
            time.sleep(POLL_S)

    def wait_for_file(self, path: Path) -> Any:
        """The JSON that the child leaves in `path`.

        Raises:
            BenchmarkError: As `wait_for`.
        """
        self.wait_for(path.exists, f"{path.stem}")
        return json.loads(path.read_bytes())

    def wait(self) -> int:
        """Its exit code.

        Raises:
            BenchmarkError: If it takes too long.
        """
        self.wait_for(lambda: self._process is None or self._process.poll() is not None, "end")
        return self._process.wait() if self._process is not None else 0

    def stop(self) -> None:
        """End it in order, or by force where it does not obey. Harmless when done again."""
        process, self._process = self._process, None
        if process is None:
            return
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(timeout=STOP_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        if process.stdin is not None:
            process.stdin.close()

    def last_lines(self) -> str:
        """The end of its log."""
        return "\n".join(self._log.read_text("utf-8", "replace").splitlines()[-LOG_LINES:])
