"""Runs with faults, made from events as the engine queues them."""

from collections.abc import Iterable

from simulator.measurements import weather
from simulator.measurements.events import Event, QueueRecorder
from simulator.measurements.run import RunMeasurements
from simulator.measurements.weather import PlannedFault
from tests.reports.conftest import STARTED


def planned(number: int, at: float = 20.0, lasts: float = 10.0, what: str = "outage", devices: int = 4) -> PlannedFault:
    text = f"{what} (reset), 20% of the devices"
    return PlannedFault(number=number, what=what, at=at, lasts=lasts, devices=devices, text=text)


def strike(
    measurements: RunMeasurements,
    fault: PlannedFault,
    back: Iterable[float] = (0.5, 1.0, 2.0, 3.0),
    *,
    hit: int | None = None,
    overtaken: int = 0,
    ended: int = 0,
    delivered: bool = True,
) -> None:
    """Let `fault` come: `back` are seconds after its end at which devices were online again."""
    events: list[Event] = []
    recorder = QueueRecorder(events.append)
    at, end = STARTED + fault.at, STARTED + fault.at + fault.lasts
    recorder.fault(fault.number, weather.BEGUN, at)
    for index in range(fault.devices if hit is None else hit):
        recorder.fault(fault.number, weather.HIT, at, name="online")
        recorder.fault(fault.number, weather.CUT, at, name="dev.heartbeat", code="disconnected")
        recorder.fault(fault.number, weather.DISCONNECTED, at, name="connection lost")
        recorder.fault(fault.number, weather.BACKLOG, at + 1 + index, amount=3)
    for seconds in back:
        recorder.fault(fault.number, weather.BACK, end + seconds, amount=seconds)
        recorder.request("connect", end + seconds - 0.01, 0.01, "00000000", 200, 100, 0.0)
        recorder.fault(fault.number, weather.REFUSED, end + seconds, name="dev.login", code="E0000003")
        recorder.fault(fault.number, weather.DELAYED, end + seconds, name="dev.data.upload.verifyLog", amount=9.0)
        recorder.fault(fault.number, weather.DELAYED, end + seconds, name="flow:record_delivery", amount=10.0)
        if delivered:
            recorder.fault(fault.number, weather.BACKLOG, end + seconds + 1, amount=-3)
            recorder.fault(fault.number, weather.DELIVERED, end + seconds + 1, amount=seconds + 1)
    for event, count in ((weather.OVERTAKEN, overtaken), (weather.ENDED, ended)):
        for _ in range(count):
            recorder.fault(fault.number, event, STARTED + 60)
    measurements.apply(events)
