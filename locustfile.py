"""What Locust loads in a clone: as `best-fleet run`, which has its locustfile where the package is."""

from simulator.swarm.locustfile import MeetingDevice

__all__ = ["MeetingDevice"]
