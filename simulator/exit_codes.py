"""The exit codes of every command of this project, in one place (a contract that CI jobs script against)."""

from enum import IntEnum


class ExitCode(IntEnum):
    """What a run's exit code says; see the README's table."""

    PASSED = 0
    """No request failed, or thresholds were given and none was crossed."""
    REQUESTS_FAILED = 1
    """Requests failed and the scenario gives no thresholds that would judge them (Locust's own meaning)."""
    USAGE = 2
    """Wrong command line or scenario; every error is listed with file, line and field."""
    THRESHOLD_CROSSED = 3
    """A threshold was crossed, or names a funcId that never occurred; a comparison found a regression."""
    GENERATOR_OVERLOADED = 4
    """The generator itself was the bottleneck: the figures are not valid."""
