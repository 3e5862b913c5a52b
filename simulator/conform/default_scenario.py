"""What `best-fleet conform` does without a scenario: three devices, and an embedded platform with things to push."""

from typing import Final

_TEXT: Final = """\
name: conform
description: Three devices that judge a platform.
seed: 12
duration: 10min
groups:
  - {{name: testers, count: 3, broker_type: {broker_type}}}
platform:
  heartbeat: {{interval: 2s}}   # three missed ones fit into the listening
  users: 3
  members: 2
  meetings: {{count: 1}}
  pushes:                     # one of each command, to every device that comes online
    - {{command: cmd.data.update.multiCard, count: 2}}
    - {{command: cmd.data.update.bioPhoto, count: 1}}
    - {{command: cmd.data.query.user}}
    - {{command: cmd.option.set}}
    - {{command: cmd.system.sync.time}}
    - {{command: cmd.data.delete.bioPhoto, count: 1}}
    - {{command: cmd.data.delete.userPhoto, count: 1}}
    - {{command: cmd.data.delete.multiCard, count: 1}}
    - {{command: cmd.data.delete.meetingMember, count: 1}}
    - {{command: cmd.data.delete.meeting, count: 1}}
    - {{command: cmd.data.delete.user, count: 1}}
    - {{command: cmd.data.clear.multiCard}}
    - {{command: cmd.data.clear.user}}
    - {{command: cmd.data.clear.all}}
    - {{command: cmd.control.reboot}}
"""


def default_scenario(broker_type: str) -> str:
    """The scenario's text.

    Args:
        broker_type: of the devices; a platform serves a profile without passwords only where a group uses it.
    """
    return _TEXT.format(broker_type=broker_type)
