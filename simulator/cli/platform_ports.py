"""Ports and processes of `best-fleet platform`: what they are read from, and whether they go together."""

import argparse

from simulator.cli.errors import UsageError
from simulator.platform.split import MOST_PROCESSES
from simulator.texts.translation import _


def port(text: str) -> int:
    """A port number of the command line; 0 takes a free one.

    Raises:
        argparse.ArgumentTypeError: If it is none: the operating system would take its lower 16 bits.
    """
    if not (text.isascii() and text.isdigit() and len(text) <= 5 and int(text) <= 65_535):
        raise argparse.ArgumentTypeError(_("{text!r} is no port: 0 to 65535", text=text))
    return int(text)


def process_count(text: str) -> int:
    """A number of processes of the command line.

    Raises:
        argparse.ArgumentTypeError: If it is none.
    """
    if not (text.isascii() and text.isdigit() and len(text) <= 5 and 1 <= int(text) <= MOST_PROCESSES):
        raise argparse.ArgumentTypeError(
            _("{text!r} is no number of processes: 1 to {most}", text=text, most=MOST_PROCESSES)
        )
    return int(text)


def check_ports(options: argparse.Namespace, processes: int, mqtt_broker: str | None) -> None:
    """See that a platform in several processes has room for its brokers.

    Raises:
        UsageError: If ports overlap or do not exist, or an MQTT broker is named that is not its own.
    """
    if mqtt_broker is not None:
        raise UsageError(
            _("platform: --processes goes with the platform's own broker for MQTT, and platform.mqtt.broker names one")
        )
    taken = {options.port: "--port"} if options.port else {}
    for name, first in (("--broker-port", options.broker_port), ("--mqtt-port", options.mqtt_port)):
        for number in range(first, first + processes) if first else ():
            if number > 65_535 or number in taken:
                raise UsageError(
                    _(
                        "platform: {name} {first} with --processes {processes} takes the ports {first} to {last}, and "
                        "{number} cannot be had",
                        name=name,
                        first=first,
                        processes=processes,
                        last=first + processes - 1,
                        number=number,
                    )
                )
            taken[number] = name
