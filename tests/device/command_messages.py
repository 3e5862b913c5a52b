"""What the tests of commands send, and how they send it."""

from typing import Any

from tests.device.harness import World

DONE = "00000000"
USER = {"pin": "77", "role": "1", "firstName": "伟", "funSwitch": "0", "disable": "0"}
MEETING = {
    "name": "Monday",
    "lastSignOutTime": "2024-06-26T12:00:00+08:00",
    "id": "m1",
    "startTime": "2024-06-26T09:00:00+08:00",
    "endTime": "2024-06-26T11:00:00+08:00",
    "applicant": "Li",
}
TEMPLATE = {"type": "1", "majorVer": "10", "minorVer": "0", "fmt": "0", "tmp": "AAAA"}


async def done(world: World, func_id: str, **params: Any) -> str | None:
    """Send a command; the code of its answer."""
    cmd_id = world.platform.link.command(func_id, **params)
    await world.advance(1)
    answers = world.platform.answers_to(cmd_id)
    assert len(answers) == 1
    return world.platform.code_of(cmd_id)
