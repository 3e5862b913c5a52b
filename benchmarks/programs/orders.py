"""What a child is told, and how it leaves its result."""

import json
import os
import signal
from pathlib import Path
from typing import Any


def read_order() -> dict[str, Any]:
    """The order of the parent; also sets the alarm that ends this process when its time is over.

    Raises:
        KeyError: If this program was not started by a benchmark.
    """
    order: dict[str, Any] = json.loads(os.environ["BENCHMARK_ORDER"])
    # The default action ends the process, whatever it hangs in.
    signal.alarm(int(order["limit_s"]) + 1)
    return order


def leave(path: str, result: dict[str, Any]) -> None:
    """Write a result so that the parent sees all of it or nothing."""
    unfinished = Path(f"{path}.part")
    unfinished.write_text(json.dumps(result))
    unfinished.rename(path)
