"""How many users of each class there are, for Locust: their number, where they are all of one class.

Locust walks over all of them each time it wants to know, several times for each message by which users are spawned:
with 19,000 of them every worker would spend a twentieth of its time on that while a fleet comes online.
"""

from typing import Any

from locust.runners import Runner

_LOCUSTS: Any = Runner.user_classes_count


def install() -> None:
    """Answer Locust's question by counting. Harmless when done again."""
    Runner.user_classes_count = property(user_classes_count)  # type: ignore[method-assign, assignment]


def user_classes_count(runner: Any) -> dict[str, int]:
    """Users by the name of their class."""
    if len(runner.user_classes) != 1:
        counts: dict[str, int] = _LOCUSTS.fget(runner)
        return counts
    return {runner.user_classes[0].__name__: len(runner.user_greenlets)}
