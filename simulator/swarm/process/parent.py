"""A worker that was forked from its master ends with it, however that ended: nobody else would end it.

Locust's own would go on until it has heard nothing of a master for a minute, with all its devices connected, and would
knock at whatever master has that port next.
"""

import logging
import os
from typing import Final

import gevent

from simulator.exit_codes import ExitCode
from simulator.texts.translation import _

logger = logging.getLogger("simulator.swarm")

LOOK_S: Final = 0.5


def end_with(parent: int) -> gevent.Greenlet:
    """End this process at once when `parent` is not its parent any more."""
    return gevent.spawn(_watch, parent)


def _watch(parent: int) -> None:
    while os.getppid() == parent:
        gevent.sleep(LOOK_S)
    logger.error(_("the master that forked this worker has ended, and this worker with it"))
    # In order would mean to wait for devices, whose figures nobody takes.
    os._exit(ExitCode.INVALID)
