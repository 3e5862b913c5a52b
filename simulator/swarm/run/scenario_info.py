"""What reports say of a run that its scenario and its order tell: names, fleet, limits."""

from reports.run_info import RunInfo
from simulator.fields.targets import EMBEDDED
from simulator.fleet.groups import group_devices
from simulator.scenario.scenario import Scenario
from simulator.swarm.generator.health import limits_of
from simulator.swarm.run.order import RunOrder
from simulator.swarm.run.versions import versions


def scenario_info(scenario: Scenario, order: RunOrder | None, started: float, ended: float) -> RunInfo:
    """The beginning of a run's `RunInfo`; the run itself adds what happened.

    Args:
        order: None where the run ended before there was one.
        started, ended: epoch seconds.
    """
    devices = order.total if order is not None else scenario.devices
    limits = limits_of(scenario)
    return RunInfo(
        scenario=scenario.name,
        started=started,
        ended=ended,
        devices=devices,
        groups=group_devices(scenario, devices),
        thresholds=scenario.thresholds,
        target=EMBEDDED if order is None or order.embedded else ", ".join(order.dispatch_urls),
        scenario_text=scenario.text,
        transports=tuple(sorted({group.broker_type for group in scenario.groups if group.count})),
        versions=versions(),
        lag_limit_ms=limits.lag_ms,
        stall_limit_ms=limits.stall_ms,
        attendance=scenario.document.report.attendance,
    )
