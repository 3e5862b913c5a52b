"""What Locust loads: hands over to `simulator.swarm`."""

from simulator.garbage import all_to_stay
from simulator.systems import require_supported

require_supported()

with all_to_stay(for_good=True):
    # What these import, Windows has not.
    from simulator.swarm.hooks import install
    from simulator.swarm.locust.users import MeetingDevice

__all__ = ["MeetingDevice"]

install()
