"""Which of Locust's options have a meaning for fleets, and which values can be meant; all else is refused in words.

An option that is taken and has no effect is worse than none: whoever gave `--tags` believes that something was left
out. Options that are not named here work as Locust describes them.
"""

import math
from argparse import Namespace
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from types import MappingProxyType
from typing import Any, Final

from locust.util.timespan import parse_timespan

from simulator.fields.limits import LONGEST_RUN, MOST_DEVICES
from simulator.fields.units import parse_duration
from simulator.texts.told import Told, said
from simulator.texts.translation import N_, _

USER_CLASS: Final = "MeetingDevice"
_GROUPS: Final = N_("what devices do stands in the scenario's groups (a group with `count: 0` is left out)")

WITHOUT_MEANING: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(
    {
        "tags": ("--tags", Told("devices have no tagged tasks: {where}", where=_GROUPS)),
        "exclude_tags": ("--exclude-tags", Told("devices have no tagged tasks: {where}", where=_GROUPS)),
        "config_users": ("--config-users", Told("there is one class of users: {where}", where=_GROUPS)),
        "equal_weights": (
            "--equal-weights",
            N_("groups have no weights: their `count` says how many devices each has"),
        ),
        "class_picker": (
            "--class-picker",
            N_("there is one class of users, and the scenario's ramp is the load shape"),
        ),
        "show_task_ratio": (
            "--show-task-ratio",
            Told("devices have no tasks: {where}; `best-fleet check` lists them", where=_GROUPS),
        ),
        "show_task_ratio_json": (
            "--show-task-ratio-json",
            Told("devices have no tasks: {where}; `best-fleet check` lists them", where=_GROUPS),
        ),
        "reset_stats": (
            "--reset-stats",
            N_("the report counts the whole run; a threshold leaves the ramp out of account with `after 30s`"),
        ),
    }
)
"""Name in Locust's namespace -> the option, and why it is refused."""

LONGEST_DRAIN_S: Final = 3600
FASTEST_SPAWN: Final = 100_000.0
MOST_PROCESSES: Final = 1024
_LONGEST_RUN_S: Final = round(parse_duration(LONGEST_RUN))


def problems_of(options: Namespace) -> list[str]:
    """Everything that is wrong with Locust's options for a fleet, a sentence each."""
    return [*_without_meaning(options), *_values_out_of_range(options), *_pairs(options)]


def form_problems(form: Mapping[str, str]) -> list[str]:
    """The same for the numbers of the web page's form; those that are no numbers Locust refuses itself."""
    values: dict[str, float] = {}
    readers: tuple[tuple[str, str, Callable[[str], Any]], ...] = (
        ("user_count", "num_users", int),
        ("spawn_rate", "spawn_rate", float),
        ("run_time", "run_time", parse_timespan),
    )
    for field, name, read in readers:
        with suppress(ValueError):
            try:
                values[name] = read(form.get(field, "").strip())
            except OverflowError:
                values[name] = math.inf
    return problems_of(Namespace(**values))


def _without_meaning(options: Namespace) -> Iterator[str]:
    for name, (option, reason) in WITHOUT_MEANING.items():
        if getattr(options, name, None):
            yield _("{option} is not supported: {reason}", option=option, reason=said(reason))
    others = [name for name in getattr(options, "user_classes", None) or () if name != USER_CLASS]
    if others:
        yield _(
            "{others}: there is no such class of users (and no option goes without dashes): {groups}",
            others=" ".join(others),
            groups=_(_GROUPS),
        )


def _values_out_of_range(options: Namespace) -> Iterator[str]:
    def given(name: str) -> float | None:
        value = getattr(options, name, None)
        return value if isinstance(value, int | float) and not isinstance(value, bool) else None

    def outside(name: str, least: float, most: float) -> bool:
        value = given(name)
        return value is not None and not (math.isfinite(value) and least <= value <= most)

    if outside("num_users", 1, MOST_DEVICES):
        yield _("-u: a fleet has at least one device and at most {most_devices:,}", most_devices=MOST_DEVICES)
    if outside("spawn_rate", 1e-6, FASTEST_SPAWN):
        yield _(
            "-r: devices start at more than 0 and at most {fastest_spawn:,.0f} a second", fastest_spawn=FASTEST_SPAWN
        )
    if outside("run_time", 0, _LONGEST_RUN_S):
        yield _(
            "-t: a run takes at most {longest_run}, or 0 for one that ends when it is stopped", longest_run=LONGEST_RUN
        )
    if outside("stop_timeout", 0, LONGEST_DRAIN_S):
        yield _(
            "--stop-timeout: devices may take at most {longest_drain_s} s to deliver their records",
            longest_drain_s=LONGEST_DRAIN_S,
        )
    if given("processes") != -1 and outside("processes", 1, MOST_PROCESSES):
        yield _("--processes: from 1 to {most_processes}, or -1 for one a core", most_processes=MOST_PROCESSES)
    for name in ("web_port", "master_port", "master_bind_port"):
        # A master at port 0 takes a free one: for programs that start workers themselves.
        if outside(name, 0 if name == "master_bind_port" else 1, 65_535):
            yield _("--{option}: a port is a number from 1 to 65535", option=name.replace("_", "-"))
    if given("autoquit") != -1 and outside("autoquit", 0, _LONGEST_RUN_S):
        yield _("--autoquit: from 0 seconds to {longest_run}", longest_run=LONGEST_RUN)
    if outside("expect_workers_max_wait", 0, _LONGEST_RUN_S):
        yield _("--expect-workers-max-wait: from 0 seconds (for ever) to {longest_run}", longest_run=LONGEST_RUN)
    if outside("expect_workers", 1, MOST_PROCESSES):
        yield _("--expect-workers: from 1 to {most_processes}", most_processes=MOST_PROCESSES)
    if outside("exit_code_on_error", 0, 255):
        yield _(
            "--exit-code-on-error: an exit code is a number from 0 to 255; of others the system keeps the lowest byte"
        )


def _pairs(options: Namespace) -> Iterator[str]:
    def given(name: str) -> bool:
        return bool(getattr(options, name, None))

    if given("tls_cert") != given("tls_key"):
        yield _("--tls-cert and --tls-key go together: with one of them the web page would be served without TLS")
    if given("master") and given("worker"):
        yield _("--master and --worker: a process is one or the other")
    if given("master") and given("processes"):
        yield _("--processes makes the master itself: leave out --master")
    if given("processes") and getattr(options, "master_bind_port", None) == 0:
        yield _(
            "--master-bind-port 0: the forked workers would not find it; leave it out, --processes takes a free one"
        )
    if given("enable_rebalancing") and not (given("master") or given("processes")):
        yield _("--enable-rebalancing moves devices between workers: it needs --master or --processes")
    base = getattr(options, "web_base_path", None)
    if base and not base.startswith("/"):
        yield _("--web-base-path: begins with a slash")
