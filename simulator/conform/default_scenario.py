"""What `best-fleet conform` does without a scenario: three devices, and an embedded platform with things to push."""

from typing import Final

TEXT: Final = """\
name: conform
description: Three devices that judge a platform.
seed: 12
duration: 10min
groups:
  - {name: testers, count: 3}
platform:
  heartbeat: {interval: 2s}   # three missed ones fit into the listening
  users: 3
  members: 2
  meetings: {count: 1}
"""
