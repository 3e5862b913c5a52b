"""What goes between devices and platform is told as the summary tells it."""

from pathlib import Path

from tests.swarm.metrics.runs import Scraped, busy_run, scraped


def test_requests_are_told_by_funcid_and_code_as_in_the_summary(tmp_path: Path) -> None:
    made = busy_run(tmp_path)
    told = Scraped(scraped(lambda: made.run))
    assert told("requests_total", func_id="dev.heartbeat", code="00000000") == 6
    assert told("requests_total", func_id="dev.login", code="E0010004") == 1
    assert told("requests_total", func_id="dev.login", code="timeout") == 1
    assert told("requests_total", func_id="dev.login", code="00000000") is None
    assert told("request_bytes_total", func_id="dev.heartbeat", direction="sent") == 501
    assert told("request_bytes_total", func_id="dev.heartbeat", direction="received") == 251
    assert told("missed_requests_total", func_id="dev.heartbeat") == 2
    summary = made.end(at=50.0)
    told = Scraped(scraped(lambda: made.run))
    for func_id, row in summary["requests"].items():
        for code, count in row["codes"].items():
            assert told("requests_total", func_id=func_id, code=code) == count


def test_a_histogram_agrees_with_itself_and_with_the_counts_by_code(tmp_path: Path) -> None:
    made = busy_run(tmp_path)
    told = Scraped(scraped(lambda: made.run))

    def at_most(bound: str) -> float | None:
        return told("request_duration_seconds_bucket", func_id="dev.heartbeat", le=bound)

    assert [at_most(bound) for bound in ("0.001", "0.005", "0.03", "0.05", "0.5", "3.0", "5.0", "+Inf")] == [
        *(1, 2, 3, 4, 5, 5, 6, 6),
    ]
    assert told("request_duration_seconds_count", func_id="dev.heartbeat") == 6
    assert told("request_duration_seconds_sum", func_id="dev.heartbeat") == 4.4544
    assert told("request_duration_seconds_count", func_id="dev.login") == 2, "failed ones as well"


def test_flows_and_commands_stand_apart_from_requests(tmp_path: Path) -> None:
    made = busy_run(tmp_path)
    told = Scraped(scraped(lambda: made.run))
    assert told("flows_total", flow="record_delivery", code="00000000") == 1
    assert told("flow_duration_seconds_sum", flow="record_delivery") == 0.25
    assert told("commands_total", func_id="cmd.control.reboot", code="00000000") == 1
    assert told("command_duration_seconds_count", func_id="cmd.control.reboot") == 1
    refused = {"func_id": "cmd.data.update.user", "code": "E0020001"}
    assert told("expected_refusals_total", **refused) == 1
    assert told("commands_total", **refused) is None, "what is expected is no outcome to be counted"
    assert set(told.of("requests_total", "func_id")) == {"dev.heartbeat", "dev.login", "dev.option.upload"}


def test_records_and_their_pictures_are_told_by_what_happened_to_them(tmp_path: Path) -> None:
    made = busy_run(tmp_path)
    told = Scraped(scraped(lambda: made.run))
    assert told("records_total", event="generated") == 3
    assert told("records_total", event="acknowledged") == 1
    assert told("records_total", event="lost") == 0, "told of before the first"
    assert told("records_total", event="kept") is None, "it goes down again: no counter"
    assert told("records_waiting") == 2
    assert told("photos_total", event="generated") == 2
    assert told("photos_waiting") == 2


def test_ends_of_connections_and_broken_rules_are_told_by_name(tmp_path: Path) -> None:
    made = busy_run(tmp_path)
    made.run.internal_error("output.odd", "KeyError")
    told = Scraped(scraped(lambda: made.run))
    assert told("disconnects_total", reason="closed by the broker") == 2
    assert told("violations_total", rule="reply.code_missing") == 1
    assert told("internal_errors_total", rule="output.odd") == 1
    assert "KeyError" not in told.text


def test_faults_are_told_by_kind(tmp_path: Path) -> None:
    made = busy_run(tmp_path)
    told = Scraped(scraped(lambda: made.run))
    assert told("faults_under_way", fault="outage") == 0
    assert told("fault_devices_hit_total", fault="outage") == 1
    assert told("fault_devices_not_back", fault="outage") == 0
    assert told("fault_recovery_seconds_count", fault="outage") == 1
    assert told("fault_recovery_seconds_sum", fault="outage") == 1.5
    assert told("fault_requests_cut_total", fault="outage") == 1
    assert told("misbehaviour_total", way="oversize", outcome="sent") == 1


def test_a_platform_that_makes_up_names_makes_no_more_series_than_the_vocabulary_has(tmp_path: Path) -> None:
    made = busy_run(tmp_path)
    measurements = made.run.measurements
    now = made.time.wall()
    measurements.apply((0, f"made.up.{n}", now, 0.01, f"C{n}", 1, 1, 0.0, "") for n in range(500))  # type: ignore[misc]
    told = Scraped(scraped(lambda: made.run))
    assert len(told.of("requests_total", "func_id")) <= 45
    assert len(told.of("requests_total", "code")) <= 45
    assert told.of("requests_total", "func_id")["others"] > 0
