"""The exit codes of every command of this project, in one place (a contract that CI jobs script against)."""

import errno
from enum import IntEnum
from typing import Final


class ExitCode(IntEnum):
    """What a run's exit code says; see the README's table."""

    PASSED = 0
    """No request failed, or thresholds were given and none was crossed."""
    FAILED = 1
    """Requests failed and there are no thresholds, no device came online, no request was made, records are missing."""
    USAGE = 2
    """Wrong command line or scenario; every error is listed with file, line and field."""
    THRESHOLD_CROSSED = 3
    """A threshold was crossed, its abort fired, or it could not be judged; a comparison found a regression."""
    INVALID = 4
    """The figures are not valid: the generator, a worker, the embedded platform or this program itself failed."""
    INTERRUPTED = 5
    """Stopped by Ctrl-C or SIGTERM, or by hand in the web UI, before the planned end."""


PRECEDENCE: Final = (
    ExitCode.USAGE,
    ExitCode.INVALID,
    ExitCode.THRESHOLD_CROSSED,
    ExitCode.FAILED,
    ExitCode.INTERRUPTED,
    ExitCode.PASSED,
)
"""The first that holds is the run's."""

DISK_FAULTS: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO})
"""What no other command line would mend: a full disk, a used-up quota, a limit of the file size, a broken disk."""


def of_os_error(error: OSError) -> ExitCode:
    """The code of a command that the system refuses a file: the disk's fault, or a path that the user can mend."""
    return ExitCode.INVALID if error.errno in DISK_FAULTS else ExitCode.USAGE


def precedence(code: int) -> int:
    """The place of an exit code, the one that counts first; codes of others (`--exit-code-on-error`) rank as failed."""
    known = code in PRECEDENCE
    return PRECEDENCE.index(ExitCode(code) if known else ExitCode.FAILED)
