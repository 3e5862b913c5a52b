"""The list of a run's outputs: whoever adds one writes its class in a file of its own and names it here."""

from pathlib import Path

from reports.output import Output
from simulator.swarm.locust.locust_files import LocustFiles
from simulator.swarm.run.abort_thresholds import AbortThresholds
from simulator.swarm.run.attendance_file import AttendanceFile
from simulator.swarm.run.checkpoints import Checkpoints
from simulator.swarm.run.first_failures import FirstFailures
from simulator.swarm.run.page_history import PageHistory
from simulator.swarm.run.platform_watch import PlatformWatch
from simulator.swarm.run.report_files import ReportFiles
from simulator.swarm.run.terminal_line import TerminalLine


def outputs_of(directory: Path, locust_files: LocustFiles, *, web_page: bool) -> list[Output]:
    """The outputs of a run, in the order in which they start, tick and finish.

    Args:
        directory: the run's own.
        web_page: the run is watched in the web UI, else on the terminal.
    """
    return [
        PageHistory() if web_page else TerminalLine(),
        # Behind the line, which makes way for what is logged.
        FirstFailures(),
        # Before the checkpoints, which tell of no row that is not in it.
        AttendanceFile(directory),
        Checkpoints(directory),
        AbortThresholds(),
        PlatformWatch(),
        locust_files,
        # The last: what the others found by then is in the verdict.
        ReportFiles(directory, told=web_page),
    ]
