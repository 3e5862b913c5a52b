"""On which systems this program runs: said in a sentence, before an import fails for want of what a system lacks."""

import sys

from simulator.exit_codes import ExitCode
from simulator.texts.translation import _


def unsupported(platform: str) -> str | None:
    """What to tell where it cannot run; None where it can.

    Args:
        platform: as `sys.platform` names it.
    """
    if platform == "win32":
        # No uvloop, no fork, no file locks of the kind that a report's directory needs.
        return _("Windows cannot run best-fleet: use WSL2 or a container (docs/installing.md)")
    return None


def require_supported() -> None:
    """End the process with exit code 2 where it cannot run. A locustfile calls it before its other imports."""
    if problem := unsupported(sys.platform):
        sys.stderr.write(f"best-fleet: {problem}\n")
        sys.exit(ExitCode.USAGE)
