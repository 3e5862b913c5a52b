"""What Locust loads for `best-fleet run`: hands over to `simulator.swarm`."""

from simulator.swarm.hooks import install
from simulator.swarm.locust.users import MeetingDevice

__all__ = ["MeetingDevice"]

install()
