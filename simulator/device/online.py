"""What being online is: a connection over which the platform took the login, and what it said about itself there."""

from dataclasses import dataclass

from simulator.device.session import Session
from simulator.device.terms import Terms


@dataclass(frozen=True, slots=True)
class Online:
    """One stay online, from the reply to dev.report until the connection ends.

    The lifecycle makes it and the device hands it to whatever works while it lasts; who holds None is offline.
    """

    session: Session
    terms: Terms
    """What the platform said in the reply to dev.report."""
