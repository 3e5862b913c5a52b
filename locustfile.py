"""What Locust loads: hands over to `simulator.swarm`."""

from simulator.swarm.session import install
from simulator.swarm.users import MeetingDevice

__all__ = ["MeetingDevice"]

install()
