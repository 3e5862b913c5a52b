"""What argparse says itself (`usage:`, `the following arguments are required`), in the language of the process.

argparse asks `gettext`, for a catalogue that the system does not have. The texts come from our catalogue instead; a
test sees that argparse still has them.
"""

import argparse
from typing import Final

from simulator.texts.translation import N_, _

TEXTS: Final = (
    N_("usage: "),
    N_("positional arguments"),
    N_("options"),
    N_("show this help message and exit"),
    N_("%(prog)s: error: %(message)s\n"),
    N_("argument %(argument_name)s: %(message)s"),
    N_("unrecognized arguments: %s"),
    N_("not allowed with argument %s"),
    N_("ignored explicit argument %r"),
    N_("the following arguments are required: %s"),
    N_("one of the arguments %s is required"),
    N_("expected one argument"),
    N_("expected at most one argument"),
    N_("expected at least one argument"),
    N_("invalid %(type)s value: %(value)r"),
    N_("invalid choice: %(value)r (choose from %(choices)s)"),
)
"""Those that our command lines can lead to."""


def install() -> None:
    """Let argparse speak our languages in this process. English stays as it is."""
    vars(argparse).update(_=_)
