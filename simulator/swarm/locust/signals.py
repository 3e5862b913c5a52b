"""Ctrl-C and SIGTERM: stop in order, so that no sample is lost.

Locust writes its HTML report on Ctrl-C before the last samples are in, and nothing at all on SIGTERM. Here both do
what the end of the run time does: the devices deliver their records and stop, the samples are counted, the reports are
written, and only then Locust shuts down. A second signal does not wait.
"""

import logging
import os
import shlex
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType

import gevent

from simulator.exit_codes import ExitCode
from simulator.texts.translation import _

logger = logging.getLogger("simulator.swarm")

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class OrderlyStop:
    """Runs `stop` in a greenlet on the first signal; the second ends the process at once.

    Args:
        stop: given the signal's name, stops the run in order and lets Locust's main greenlet end.
        kept: the directory in which a run that is ended at once leaves what a report can be made of; None for none.
    """

    def __init__(self, stop: Callable[[str], None], kept: Callable[[], Path | None] = lambda: None) -> None:
        self._stop = stop
        self._kept = kept
        self._asked = False

    def install(self) -> None:
        """Take over both signals.

        Plain Python handlers: Locust sets a gevent watcher for SIGTERM late, and the handler set last is the one that
        the kernel calls. So this is called again when a run starts.
        """
        for number in SIGNALS:
            signal.signal(number, self._on_signal)

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        # May run in any greenlet, even in the hub: nothing here may block.
        name = signal.Signals(number).name
        if self._asked:
            sys.stderr.write(_("\nbest-fleet: {name} again: ended without waiting for the devices\n", name=name))
            if (kept := self._kept()) is not None:
                command = f"best-fleet report {shlex.quote(str(kept))}"
                sys.stderr.write(_("{command} makes a report of what was measured until then\n", command=command))
            sys.stderr.flush()
            # The embedded platform reads the end of its pipe and stops by itself.
            os._exit(ExitCode.INTERRUPTED)
        self._asked = True
        gevent.spawn(self._begin, name)

    def _begin(self, name: str) -> None:
        logger.info(_("got %s: stopping the devices in order; a second signal ends at once"), name)
        try:
            self._stop(name)
        except Exception:
            # A greenlet's exception ends nothing, and the process would run on for ever.
            logger.exception(_("internal error: the run cannot be stopped in order"))
            os._exit(ExitCode.INVALID)
