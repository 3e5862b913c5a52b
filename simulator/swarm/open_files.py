"""As many open files as a fleet needs: one a connection."""

from simulator.wire.files import raise_open_file_limit

SPARE_FILES = 200
"""Files besides the devices' connections: libraries, logs, Locust's web UI and its workers."""


class OpenFilesError(Exception):
    """The system does not allow so many open files; the text says what to do."""


def allow_open_files(devices: int) -> None:
    """Raise the limit to what `devices` connections need. Never lowers it.

    Raises:
        OpenFilesError: If the hard limit is lower.
    """
    limit = raise_open_file_limit(devices + SPARE_FILES)
    if not limit.enough:
        most = max(limit.soft - SPARE_FILES, 0)
        raise OpenFilesError(
            f"{devices} devices: {limit.advice()}; as it is, a process carries {most} devices: "
            f"fewer of them (-u {most}) or more processes (--processes, --worker) need no change"
        )
