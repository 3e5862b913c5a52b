"""What Locust loads: hands over to `simulator.swarm`."""

from simulator.systems import require_supported

require_supported()

from simulator.swarm.hooks import install  # noqa: E402 - what it imports, Windows has not
from simulator.swarm.locust.users import MeetingDevice  # noqa: E402

__all__ = ["MeetingDevice"]

install()
