"""From the engine's queue to Locust's `request` event and the measurements, with nothing lost."""

from typing import Any

from simulator.measurements.events import QueueRecorder
from simulator.measurements.run import RunMeasurements
from simulator.swarm.pump import BATCH, Pump


def pumped(*codes: str) -> tuple[list[dict[str, Any]], RunMeasurements]:
    fired: list[dict[str, Any]] = []
    measurements = RunMeasurements()
    pump = Pump(lambda **arguments: fired.append(arguments), measurements, lambda *_: None)
    recorder = QueueRecorder(pump.events.append)
    recorder.state(0, "", "online", 1_700_000_000.0)
    for code in codes:
        recorder.request("dev.heartbeat", 1_700_000_000.0, 0.0123, code, 120, 100, 0.0)
    recorder.record("generated", 2)
    pump.start()
    pump.stop()
    measurements.settle()
    return fired, measurements


def test_requests_reach_locust_and_the_measurements() -> None:
    fired, measurements = pumped("00000000")
    assert len(fired) == 1
    event = fired[0]
    assert (event["request_type"], event["name"], event["response_length"]) == ("BEST", "dev.heartbeat", 100)
    assert abs(event["response_time"] - 12.3) < 1e-9
    assert event["exception"] is None
    assert measurements.totals["dev.heartbeat"].count == 1
    assert measurements.records["generated"] == 2
    assert measurements.devices.online_now() == 1


def test_failures_carry_their_code_in_few_words() -> None:
    fired, _ = pumped("timeout", "E0000003", "E9999999", "timeout")
    texts = [repr(event["exception"]) for event in fired]
    assert texts[0] == "timeout (no reply in time)"
    assert texts[1] == "E0000003 (bad sign, time or nonce)"
    assert texts[2] == "E9999999"
    assert fired[0]["exception"] is fired[3]["exception"]


def test_more_than_a_batch_is_moved_whole() -> None:
    fired, _ = pumped(*["00000000"] * (3 * BATCH + 7))
    assert len(fired) == 3 * BATCH + 7


def test_a_listener_that_fails_stops_nothing() -> None:
    measurements = RunMeasurements()

    def fire(**_: Any) -> None:
        raise RuntimeError("a third party's mistake")

    errors: list[str] = []
    pump = Pump(fire, measurements, lambda rule, detail: errors.append(f"{rule}: {detail}"))
    recorder = QueueRecorder(pump.events.append)
    for _ in range(3):
        recorder.request("dev.heartbeat", 1.0, 0.01, "00000000", 1, 1, 0.0)
    pump.stop()
    measurements.settle()
    assert measurements.totals["dev.heartbeat"].count == 3
    assert len(errors) == 3
    assert errors[0].startswith("listener.exception: RuntimeError: a third party's mistake (")


def test_an_event_that_cannot_be_counted_does_not_stop_the_others() -> None:
    measurements = RunMeasurements()
    errors: list[str] = []
    pump = Pump(lambda **_: None, measurements, lambda rule, detail: errors.append(rule))
    pump.events.append((99, "no such kind"))
    pump.events.extend([(99,)] * BATCH)
    QueueRecorder(pump.events.append).request("dev.heartbeat", 1.0, 0.01, "00000000", 1, 1, 0.0)
    pump.stop()
    measurements.settle()
    assert errors == ["background.pump"] * 2
