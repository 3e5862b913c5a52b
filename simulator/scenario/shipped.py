"""The scenarios that come along, and what a word on a command line means: one of them by its name, or a file.

In a checkout they are its `scenarios`; an installed package holds them as data. Imports nothing heavy: the shell's
completion asks here.
"""

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

import simulator
from simulator.closest import closest
from simulator.texts.translation import N_

SHIPPED: Mapping[str, str] = MappingProxyType(
    {
        "smoke": N_("20 devices through the main flow, under 90 s; for CI"),
        "smoke-certificates": N_("20 devices that show the certificates of their look-ups, half a minute"),
        "smoke-mqtt": N_("the smoke over MQTT, through the built-in broker or another one"),
        "morning-rush": N_("300 rooms; the members of each come just before its meeting"),
        "attendance": N_("40 rooms and a day of back-to-back meetings in six minutes, with attendance.csv"),
        "mixed-firmware": N_("three generations of firmware in one fleet: each lists, sends and accepts less"),
        "mixed": N_("half of the devices over WebSocket, half over MQTT by two profiles, in one run"),
        "full-protocol": N_("every funcId of the protocol, sent and answered"),
        "scale-20k": N_("20,000 devices in one process"),
        "scale-250k": N_("250,000 devices on one machine"),
        "scale-mqtt": N_("thousands of devices over MQTT in one process"),
        "reconnect-storm": N_("a thousand devices come back at once, after a restart and after a silent outage"),
        "bad-weather": N_("60 devices through every kind of fault and of misbehaviour in four minutes"),
        "soak": N_("hours of weather that comes again and again: nothing must grow"),
    }
)
"""Name -> what it does, not yet translated. The template `staging` is no run: `best-fleet init` writes it."""

TEMPLATE = "staging"
SUFFIXES = (".yaml", ".yml")


def directory() -> Path:
    """Where the shipped files are: in the installed package, or those of the checkout."""
    package = Path(simulator.__file__).parent
    inside = package / "shipped_scenarios"
    return inside if inside.is_dir() else package.parent / "scenarios"


def scenario_file(word: str) -> Path:
    """The file that a word of a command line means; it may not be there.

    A shipped name is that scenario. A path, and what ends in .yaml, is a file: `./smoke` or `smoke.yaml` for one that
    is called as a shipped scenario. (A `Path` has lost its `./`: hand in what was typed.)
    """
    return directory() / f"{word}{SUFFIXES[0]}" if word in SHIPPED else Path(word)


def shown(path: Path) -> str:
    """How people call a file of `scenario_file`: a shipped scenario by its name."""
    return path.stem if path.stem in SHIPPED and path == scenario_file(path.stem) else str(path)


def meant(path: Path) -> str | None:
    """What somebody most likely meant who named a file that is not there; None if nothing is near."""
    if path.stem in SHIPPED:
        return path.stem
    try:
        own = {each.stem: str(path.with_name(each.name)) for each in path.parent.iterdir() if each.suffix in SUFFIXES}
    except OSError:
        own = {}
    if path.name == TEMPLATE and TEMPLATE not in own:
        return "best-fleet init"
    known = {name: name for name in SHIPPED} | own
    near = closest(path.stem if path.suffix in SUFFIXES else path.name, known)
    return None if near is None else known[near]
