"""`python -m simulator.swarm` is `python -m locust`, with which Ctrl-C also does well while that is being imported."""

import os
import runpy
import sys

from simulator.swarm import early_signals
from simulator.texts.language import speak, wanted

if __name__ == "__main__":
    early_signals.take()
    speak(wanted(sys.argv[1:], os.environ))
    runpy.run_module("locust", run_name="__main__", alter_sys=True)
