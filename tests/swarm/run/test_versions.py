"""What a report names of the software."""

import sys

import simulator
from simulator.swarm.run.versions import VERSIONS_OF, versions


def test_every_library_that_decides_about_speed_is_named_with_its_version() -> None:
    found = versions()
    assert found["best-fleet"] == simulator.__version__
    assert found["python"] == sys.version.split()[0]
    assert set(found) == {"best-fleet", "python", *VERSIONS_OF}
    assert all(version[0].isdigit() for version in found.values())
