"""What a key of a verdict or of a remark means."""

from dataclasses import dataclass

from simulator.exit_codes import ExitCode


@dataclass(frozen=True, slots=True)
class Cause:
    """What a key means."""

    key: str
    code: ExitCode
    """The exit code that it makes; a remark (`PASSED`) leaves the verdict alone."""
    text: str
    """Half a sentence that can stand behind the verdict and a colon."""
    cut_short: bool = False
    """Whether the run ended before its plan because of it."""
    last: bool = False
    """Whether it decides only where no other reason does: what failed stays failed, whatever became of its files."""
