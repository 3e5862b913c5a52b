"""An exception as text for people: what is wrong, and where, when nobody expected it."""

import traceback
from pathlib import PurePath

from simulator.shown import detail


def describe(error: BaseException) -> str:
    """The error for the user, with the place where an unexpected one was raised; no traceback, no path of a machine."""
    text = str(error) or type(error).__name__
    if isinstance(error, OSError) or type(error).__module__.startswith("simulator."):
        # Made for people: a TLS file that is not there, a state file of another version.
        return text
    frames = traceback.extract_tb(error.__traceback__)
    place = f" ({'/'.join(PurePath(frames[-1].filename).parts[-2:])}:{frames[-1].lineno})" if frames else ""
    # It may hold what a platform sent.
    return f"{type(error).__name__}: {detail(text)}{place}"
