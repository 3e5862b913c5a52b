"""How a process ended, for people: an exit code, or the name of the signal that ended it."""

import signal

from simulator.texts.told import Told


def ending(code: int) -> Told:
    """What `code` means: an exit code, or minus a signal's number, as `subprocess` has it."""
    return Told("signal {signal}", signal=_name(-code)) if code < 0 else Told("exit code {code}", code=code)


def _name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        # Only the first and the last of the real-time signals have one.
        return str(number)
