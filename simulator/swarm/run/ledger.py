"""At the end of a run on the embedded platform: is in its ledger what it acknowledged, and nothing else?"""

from collections.abc import Callable, Collection

from reports.causes import cause_of
from reports.figures import photo_counts, record_counts
from simulator.exit_codes import ExitCode
from simulator.fleet.platform_process import EmbeddedPlatform
from simulator.measurements.findings import Finding
from simulator.measurements.ledger import LedgerFigures, findings_of, held_against
from simulator.measurements.run import RunMeasurements

_GONE = frozenset(("platform_died", "platform_not_back", "platform_failed_to_start", "start_failed"))
"""The platform gives no account, and that is known."""
_TOLD_ALL = frozenset((ExitCode.PASSED, ExitCode.FAILED, ExitCode.THRESHOLD_CROSSED))


def look_into_ledger(
    platform: EmbeddedPlatform | None,
    measurements: RunMeasurements,
    findings: Collection[Finding],
    find: Callable[..., None],
) -> LedgerFigures | None:
    """Compare the account that a stopped platform gave with what its devices were told; None where it gave none.

    Args:
        platform: None where the run has another target.
        findings: what the run has found out about itself.
        find: `Run.find`, called for what is wrong, also where there is no account.
    """
    if platform is None:
        return None
    kept = platform.kept
    if kept is None:
        if not any(finding.key in _GONE for finding in findings):
            find("ledger_unread")
        return None
    figures = held_against(
        kept,
        record_counts(measurements.records),
        photo_counts(measurements.records),
        all_told=_all_told(measurements, findings),
    )
    for finding in findings_of(figures):
        find(finding.key, **finding.values)
    return figures


def _all_told(measurements: RunMeasurements, findings: Collection[Finding]) -> bool:
    """Whether no process may have counted what it did not tell: one that was lost, or was made to end at once."""
    return (
        all(cause_of(finding.key).code in _TOLD_ALL for finding in findings)
        and not measurements.missing_deltas()
        and not measurements.internal_errors.total
    )
