"""What people are told of things that have a key beside those of the measurements: kinds of faults, what a process
holds, and the processes themselves.

FuncIds, commands, flows, codes and rules have no label: they stand as they are in every language.
"""

import re
from typing import Final

from simulator.texts.translation import _, pgettext

_OF_LOCUST: Final = re.compile(r"(_[0-9a-f]{6})[0-9a-f]{26}\Z")
"""Locust calls a worker by its machine's name and 32 random hexadecimals."""


def labels() -> dict[str, dict[str, str]]:
    """All of them in the language that is spoken now, by kind of thing; whatever is missing is shown as its key."""
    return {"faults": faults(), "held": held(), "connects": connects()}


def faults() -> dict[str, str]:
    """Of kinds of faults."""
    return {
        "outage": pgettext("fault", "outage"),
        "flapping": pgettext("fault", "flapping"),
        "slow_link": pgettext("fault", "slow link"),
        "power_cut": pgettext("fault", "power cut"),
        "clock_jump": pgettext("fault", "clock jump"),
        "reboot_wave": pgettext("fault", "wave of reboots"),
        "platform_restart": pgettext("fault", "restart of the platform"),
        "misbehave": pgettext("fault", "misbehaviour"),
    }


def held() -> dict[str, str]:
    """Of what processes hold, and what waits in them."""
    return {
        "open files": _("open files"),
        "tasks": _("tasks"),
        "samples": _("measured, not counted yet"),
        "connects": _("connects that wait for their turn"),
    }


def connects() -> dict[str, str]:
    """Of the chart of connects."""
    return {
        "connects/s": _("connects per second"),
        "busiest second": _("busiest second"),
        "mean": _("mean"),
    }


def short_name(process: str) -> str:
    """A process' name for people: the machine's, and as much of Locust's random hexadecimals as tells it apart.

    Fields that machines read hold the whole name.
    """
    return _OF_LOCUST.sub(r"\1", process)
