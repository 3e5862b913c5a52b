"""What a user can mend, as opposed to a fault of this program: shown as a message, without a traceback, exit code 2."""

from pathlib import Path

from simulator.exit_codes import ExitCode, of_os_error
from simulator.texts.translation import _


class UsageError(Exception):
    """A wrong command line, file or scenario; the text is what the user reads and may have several lines.

    Args:
        code: what the command ends with.
    """

    def __init__(self, text: str, code: ExitCode = ExitCode.USAGE) -> None:
        super().__init__(text)
        self.code = code


class ScenarioProblemsError(UsageError):
    """What is wrong with scenarios or identities: a line each that begins with the file, as editors and CI parse it."""


def unwritable(command: str, path: Path, error: OSError) -> UsageError:
    """What to tell of a file that cannot be written: where and why; a full disk is no wrong command line."""
    named, problem = error.filename or path, error.strerror or error
    return UsageError(
        _(
            "{command}: {named} cannot be written: {problem}",
            command=command,
            named=named,
            problem=problem,
        ),
        of_os_error(error),
    )
