"""What a process needs of its machine for a fleet: an open file and a local port for each connection.

Both are looked at before a run: without them it would fail in the middle, and look as if the platform had.
"""

import math
import os
from collections.abc import Sequence

import psutil

from simulator.texts.translation import _, ngettext
from simulator.wire.files import raise_open_file_limit
from simulator.wire.local_ports import system_range

SPARE_FILES = 200
"""Files besides the devices' connections: libraries, logs, Locust's web UI and its workers."""
SPARE_PORTS = 200
"""Ports that other programs of the machine hold or have just given up."""
_WIDEST = 64_000


class OpenFilesError(Exception):
    """The system does not allow so many open files; the text says what to do."""


def open_files(process: psutil.Process, listed: str = "/proc/{pid}/fd") -> int:
    """How many files `process` has open.

    Raises:
        psutil.Error: If it has ended, or does not tell.
    """
    # Linux 6.2 and newer tell it as the directory's size, at once; before, and elsewhere, there is none.
    try:
        told = os.stat(listed.format(pid=process.pid)).st_size
    except OSError:
        told = 0
    return told or process.num_fds()


def allow_open_files(devices: int) -> None:
    """Raise the limit to what `devices` connections need. Never lowers it.

    Raises:
        OpenFilesError: If the hard limit is lower.
    """
    limit = raise_open_file_limit(devices + SPARE_FILES)
    if not limit.enough:
        most = limit.soft - SPARE_FILES
        if most < 1:
            room = _(
                "as it is, a process has files for itself ({spare_files}) and none for devices", spare_files=SPARE_FILES
            )
        else:
            processes = math.ceil(devices / most)
            room = _(
                "as it is, a process carries {most} devices: fewer of them (-u {most}), or {processes} "
                "processes or more (--processes {processes}, --worker) need no change",
                most=most,
                processes=processes,
            )
        raise OpenFilesError(
            _("{devices} devices: {advice}; {room}", devices=devices, advice=limit.advice(), room=room)
        )


def most_devices() -> int:
    """How many devices' connections this process has files for, at most; raises the limit as far as it goes."""
    return max(0, raise_open_file_limit(0).soft - SPARE_FILES)


def port_shortage(devices: int, source_ips: Sequence[str], ports: range | None = None) -> str | None:
    """What to do where a machine has fewer local ports than `devices` connections to one broker need; None if enough.

    Args:
        source_ips: the scenario's local addresses; none is one, the system's choice.
        ports: those that the system gives away; by default as it says itself.
    """
    ports = system_range() if ports is None else ports
    if ports is None:
        return None
    each = max(len(ports) - SPARE_PORTS, 1)
    addresses = max(len(source_ips), 1)
    if devices <= each * addresses:
        return None
    needed = math.ceil(devices / each)
    network = f"127.0.1.0/{32 - math.ceil(math.log2(needed + 2))}"
    remedies = [
        _(
            "give `network.source_ips` {needed} local addresses (the embedded platform takes {network})",
            needed=needed,
            network=network,
        )
    ]
    if len(ports) < _WIDEST:
        remedies.append(_("widen the range (sysctl net.ipv4.ip_local_port_range='1024 65535')"))
    remedies.append(_("use fewer devices (-u {each})", each=each * addresses))
    remedies.append(_("spread them over machines (--worker)"))
    has = ngettext(
        "{number} local address of this machine have {each:,}",
        "{number} local addresses of this machine have {each:,}",
        addresses,
        each=each * addresses,
    )
    return _(
        "{devices:,} devices need as many local ports towards their broker, and {has}: {remedies}",
        devices=devices,
        has=has,
        remedies=_(", or ").join(remedies),
    )
