"""What Locust loads: one class of users, in the project's locustfile and in that of `best-fleet run`."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

import simulator.swarm
from tests.swarm.processes import ROOT

PROGRAM = """
import json, sys
from locust import events
from locust.util.load_locustfile import load_locustfile
users, shapes = load_locustfile(sys.argv[1])[:2]
names = [name for name, hook in vars(events).items() if any("Hooks" in str(one) for one in hook._handlers)]
print(json.dumps({"users": sorted(users), "shapes": len(shapes), "heard": sorted(names)}))
"""


@pytest.mark.parametrize("file", [ROOT / "locustfile.py", Path(simulator.swarm.__file__).with_name("locustfile.py")])
def test_locust_finds_the_device_as_its_only_user_and_our_hooks(file: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(file)], cwd=ROOT, capture_output=True, text=True, timeout=60, check=True
    )
    found = json.loads(done.stdout.splitlines()[-1])
    assert found["users"] == ["MeetingDevice"]
    assert found["shapes"] == 0, "the scenario's ramp becomes one when it is known"
    assert found["heard"] == ["init", "quit", "quitting", "test_start", "test_stop", "test_stopping"]
