"""The largest runs that a scenario or the command line may ask for."""

from typing import Final

MOST_DEVICES: Final = 1_000_000
"""Of one run, over all its groups and processes."""
LONGEST_RUN: Final = "30d"
