"""Ctrl-C and SIGTERM before a run has begun, while everything is imported: one line and an exit code, no traceback.

From Locust's `init` on `signals.OrderlyStop` has them.
"""

import os
import signal
import sys
from types import FrameType

from simulator.exit_codes import ExitCode
from simulator.texts.translation import _


def take() -> None:
    """Take both signals over, unless they are ignored: then whoever started this process does not want them heard."""
    first = os.getpid()

    def end(number: int, frame: FrameType | None) -> None:
        # A terminal sends it to forked workers too, of which nobody wants to hear.
        if os.getpid() == first:
            name = signal.Signals(number).name
            sys.stderr.write(_("best-fleet: {name}: ended before the run had begun\n", name=name))
            sys.stderr.flush()
        os._exit(ExitCode.INTERRUPTED)

    for number in (signal.SIGINT, signal.SIGTERM):
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, end)
