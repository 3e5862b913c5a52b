"""What all tests share: how hard hypothesis tries, here and on CI's slow shared machines, and their order."""

from __future__ import annotations

import gc
import itertools
import os

import pytest
from hypothesis import HealthCheck, settings

# No deadline for one example anywhere: the first one of a run pays for imports and key making.
settings.register_profile("default", deadline=None)
settings.register_profile(
    "ci", deadline=None, max_examples=50, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
# Tests read English, whatever the language of who runs them; those of other languages ask for theirs.
os.environ["BEST_FLEET_LANG"] = "en"
# How wide somebody's terminal is decides where lines break.
os.environ.pop("COLUMNS", None)

settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))

LONGEST = (
    *("test_soak", "test_full_protocol", "test_attendance_sheet", "test_certificates"),
    *("test_second_platform", "test_unsent_records", "test_distributed", "test_progress_line"),
    "test_device_command",
)
"""Modules whose tests take 10 s and more each, most of it waiting; the longest first."""


def waits(item: pytest.Item) -> tuple[int, str] | None:
    """Where a test that mostly waits belongs among such; None for the others."""
    module = item.nodeid.partition("::")[0].rpartition("/")[2].removesuffix(".py")
    if module in LONGEST:
        return LONGEST.index(module), ""
    # Who starts whole processes waits for them.
    if "locust" in getattr(item, "fixturenames", ()) or "verbose_style" in item.nodeid:
        return len(LONGEST), module
    return None


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Let some workers begin with the tests that wait, so that none of them is left for the end.

    Workers take equal parts of the list (`--dist worksteal`) and then help each other out.
    """
    places = {item: waits(item) for item in items}
    long = sorted((item for item in items if places[item] is not None), key=lambda item: places[item] or ())
    short = [item for item in items if places[item] is None]
    for item in long:
        if item.get_closest_marker("timeout") is None:
            # Several processes after each other: a busy machine needs more than the usual two minutes.
            item.add_marker(pytest.mark.timeout(300))
    workers = getattr(config, "workerinput", {}).get("workercount", 1)
    if workers == 1:
        return
    # Three of five: while these wait, the others compute, and no machine starts more processes than it bears.
    waiting = (workers + 1) // 2
    ends = [len(items) * number // workers for number in range(workers + 1)]
    items.clear()
    for number, (begin, end) in enumerate(itertools.pairwise(ends)):
        mine = long[number::waiting] if number < waiting else []
        room = max(0, end - begin - len(mine))
        items += mine + short[:room]
        short = short[room:]
    items += short


def pytest_collection_finish() -> None:
    """Ten thousand tests are not to be walked by each collection of garbage."""
    gc.freeze()
