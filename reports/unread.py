"""In words: how long replies lay unread in the kernel, which is the generator's doing and no latency."""

from collections.abc import Mapping
from typing import Any

from reports.text import milliseconds
from simulator.texts.translation import _


def waited(generator: Mapping[str, Any]) -> str:
    """How late replies were read, of the `generator` of a summary; empty where the kernel was not asked."""
    found = generator.get("reply_wait", {})
    if not found.get("count"):
        return ""
    return _(
        "replies lay unread p99 {p99} ms, max {max} ms (not in the latencies)",
        p99=milliseconds(found["ms"]["p99"]),
        max=milliseconds(found["ms"]["max"]),
    )
