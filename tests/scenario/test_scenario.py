"""What a valid scenario becomes; the shipped scenarios; the schema and the page of the format."""

import json
import re
from pathlib import Path

import jsonschema
import pytest

from simulator.device.behaviours.arrivals import Arrival, Wave
from simulator.device.behaviours.enrolment import EnrolmentSettings
from simulator.device.behaviours.heartbeat import HeartbeatSettings
from simulator.device.behaviours.keep_alive import KeepAliveSettings
from simulator.device.behaviours.verification import VerificationSettings
from simulator.device.settings import DeviceSettings, OnTimeout, OwnMeeting, Start
from simulator.fields.range import Range
from simulator.platform.settings import (
    PlatformTls,
)
from simulator.protocol.catalogue import COMMAND_FUNC_IDS
from simulator.scenario.problems import ScenarioError
from simulator.scenario.reference import scenario_markdown, scenario_schema
from simulator.scenario.scenario import load_scenario, parse_scenario
from simulator.scenario.yaml_source import read_yaml

ROOT = Path(__file__).parents[2]
SHIPPED = sorted((ROOT / "scenarios").glob("*.yaml"))


def group_settings(text: str) -> DeviceSettings:
    scenario = parse_scenario(f"groups:\n  - name: rooms\n    count: 5\n{text}")
    return scenario.group_settings()[0]


def streams(settings: DeviceSettings) -> list[VerificationSettings]:
    return [each for each in settings.behaviours if isinstance(each, VerificationSettings)]


def test_five_lines_are_a_scenario() -> None:
    scenario = parse_scenario("name: first\ngroups:\n  - name: rooms\n    count: 5\n")
    assert (scenario.name, scenario.devices, scenario.duration, scenario.embedded) == ("first", 5, 60, True)
    [settings] = scenario.group_settings()
    assert settings.group == "rooms"
    assert scenario.document.channel.suite == "rsa-aes"
    assert settings.users == 50
    assert [stream.rate for stream in streams(settings)] == [pytest.approx(1 / 60)]
    assert settings.start is Start.LISTED
    assert scenario.ramp_plan().target_at(0).devices == 5  # type: ignore[union-attr]


def test_the_files_name_names_a_scenario_without_one(tmp_path: Path) -> None:
    path = tmp_path / "night-shift.yaml"
    path.write_text("groups: [{name: a, count: 1}]\n")
    assert load_scenario(path).name == "night-shift"


def test_a_groups_settings_are_what_the_file_says() -> None:
    settings = group_settings(
        "    model: M\n"
        "    firmware: F\n"
        "    device_type: acc\n"
        "    users: 7\n"
        "    user_locale: en_US\n"
        "    broker_type: best-m\n"
        "    request_timeout: 3s\n"
        "    on_timeout: retry\n"
        "    heartbeat: 15s\n"
        "    reconnect: {first: 1s, max: 20s}\n"
        "    reboot: 2s..4s\n"
        "    drain: 1s\n"
        "    max_package: 32KB\n"
        "    max_pending_commands: 3\n"
        "    capacities: {users: 8, records: 9, photos: 10, bio_photos: 11}\n"
        "    handling: {cmd.data.update: 10ms..50ms, cmd.option: 1s}\n"
        "    options: {volume: '80'}\n"
        "    verifications:\n"
        "      - {rate: 6/min, arrival: fixed, photo_share: 50%, photo_size: 10KB, styles: [4], visitor_share: 0,\n"
        "         batch: 3}\n"
        "      - {rate: 1/min, wave: {at: 30s, width: 10s, peak: 1/s}}\n"
        "      - {rate: 0/s}\n"
        "    enrolments:\n"
        "      - {rate: 1/h, portrait_size: 15KB, bio_photo_size: 70KB..80KB, locale: en_GB}\n"
        "    meetings:\n"
        "      - {id: '9', name: N, starts: 1s, ends: 1h, sign_in_closes: 2s}\n"
    )
    assert (settings.model, settings.firmware, settings.device_type) == ("M", "F", "acc")
    assert (settings.users, settings.user_locale, settings.broker_type) == (7, "en_US", "best-m")
    assert (settings.request_timeout, settings.on_timeout) == (3, OnTimeout.RETRY)
    assert settings.drain == 1
    assert settings.reconnect_delay == Range(low=1, high=20)
    assert settings.reboot == Range(low=2, high=4)
    assert (settings.max_package_kb, settings.max_pending_commands) == (32, 3)
    assert (settings.max_users, settings.max_transactions) == (8, 9)
    assert (settings.max_photos, settings.max_bio_photos) == (10, 11)
    assert settings.handling == {"cmd.data.update": Range(low=0.01, high=0.05), "cmd.option": Range(low=1, high=1)}
    assert settings.options == {"volume": "80"}
    heartbeat, keep_alive, first, second, enrolment = settings.behaviours
    assert heartbeat == HeartbeatSettings(interval=15)
    assert keep_alive == KeepAliveSettings(interval=None)
    assert isinstance(first, VerificationSettings)
    assert isinstance(second, VerificationSettings)
    assert isinstance(enrolment, EnrolmentSettings)
    assert (first.rate, first.arrival, first.photo_share) == (pytest.approx(0.1), Arrival.FIXED, 0.5)
    assert first.photo_bytes == Range(low=10240, high=10240)
    assert (first.styles, first.visitor_share, first.batch, first.wave) == ((4,), 0, 3, None)
    assert second.wave == Wave(at=30, width=10, peak_rate=1)
    assert (enrolment.rate, enrolment.locale) == (pytest.approx(1 / 3600), "en_GB")
    assert enrolment.bio_photo_bytes == Range(low=71680, high=81920)
    [meeting] = settings.meetings
    assert meeting == OwnMeeting(
        id="9",
        name="N",
        starts=1,
        ends=3600,
        sign_in_opens=None,
        sign_in_closes=2,
        sign_out_opens=None,
        sign_out_closes=None,
        members=0,
    )


def test_defaults_lie_under_every_group_and_a_groups_own_key_replaces_them_whole() -> None:
    scenario = parse_scenario(
        "defaults: {users: 7, options: {volume: '1', sipOn: '1'}, verifications: []}\n"
        "groups:\n"
        "  - {name: a, count: 1}\n"
        "  - {name: b, count: 1, users: 8, options: {volume: '2'}}\n"
    )
    first, second = scenario.group_settings()
    assert (first.users, first.options, streams(first)) == (7, {"volume": "1", "sipOn": "1"}, [])
    assert (second.users, second.options, streams(second)) == (8, {"volume": "2"}, [])


def test_limits_and_how_long_a_silent_worker_keeps_its_devices() -> None:
    document = parse_scenario("groups: [{name: a, count: 1}]").document
    assert (document.workers.lease, document.workers.quarantine) == (12.0, 60.0)
    assert (document.limits.loop_lag, document.limits.stall, document.limits.cpu) == (0.05, 1.0, 0.9)
    text = "groups: [{name: a, count: 1}]\nworkers: {lease: 2s, quarantine: 0s}\nlimits: {stall: 300ms}"
    document = parse_scenario(text).document
    assert (document.workers.lease, document.workers.quarantine, document.limits.stall) == (2.0, 0.0, 0.3)
    with pytest.raises(ScenarioError, match=r"workers.lease: .*2s"):
        parse_scenario(text.replace("lease: 2s", "lease: 1900ms"))


@pytest.mark.parametrize(
    ("text", "targets"),
    [
        ("", ()),
        ("target: embedded\n", ()),
        ("target: https://a.example/x/\n", ("https://a.example/x",)),
        ("target: [http://a:1, 'http://[::1]:2']\n", ("http://a:1", "http://[::1]:2")),
    ],
)
def test_targets(text: str, targets: tuple[str, ...]) -> None:
    scenario = parse_scenario(f"groups: [{{name: a, count: 1}}]\n{text}")
    assert (scenario.targets, scenario.embedded) == (targets, not targets)


@pytest.mark.parametrize(
    ("text", "addresses"),
    [
        ("10.0.0.5", ("10.0.0.5",)),
        ("10.0.0.0/30", ("10.0.0.1", "10.0.0.2")),
        ("[127.0.0.1, 127.0.1.0/31, '::1']", ("127.0.0.1", "127.0.1.0", "127.0.1.1", "::1")),
    ],
)
def test_source_addresses(text: str, addresses: tuple[str, ...]) -> None:
    scenario = parse_scenario(f"groups: [{{name: a, count: 1}}]\nnetwork: {{source_ips: {text}}}\n")
    assert scenario.document.network.source_ips == addresses


def test_files_are_looked_for_beside_the_scenario(tmp_path: Path) -> None:
    path = tmp_path / "s.yaml"
    path.write_text(
        "groups: [{name: a, count: 1, start: warm}]\n"
        "identities: {csv: a.csv}\n"
        "tls: {ca: ca.pem, client_cert: c.pem, client_key: c.key}\n"
        "platform: {tls: {certificate: p.pem, key: p.key}}\n"
        "state_file: nowhere/s.sqlite\n"
    )
    with pytest.raises(ScenarioError) as caught:
        load_scenario(path)
    assert [problem.field for problem in caught.value.problems] == [
        "identities.csv",
        "tls.ca",
        "tls.client_cert",
        "tls.client_key",
        "platform.tls.certificate",
        "platform.tls.key",
        "state_file",
    ]
    for name in ("a.csv", "ca.pem", "c.pem", "c.key", "p.pem", "p.key"):
        (tmp_path / name).touch()
    (tmp_path / "nowhere").mkdir()
    scenario = load_scenario(path)
    assert scenario.identities_file == tmp_path / "a.csv"
    assert scenario.tls.ca == tmp_path / "ca.pem"
    assert scenario.state_file == tmp_path / "nowhere/s.sqlite"
    assert scenario.platform_settings().tls == PlatformTls(
        certificate=tmp_path / "p.pem",
        key=tmp_path / "p.key",
        client_ca=None,
        device_certificates=False,
        algorithm="ecdsa",
    )


def test_a_warm_start_takes_its_logins_from_the_command_lines_csv(tmp_path: Path) -> None:
    path = tmp_path / "s.yaml"
    path.write_text("groups: [{name: a, count: 1, start: warm}]\n")
    assert load_scenario(path, identities_given=True).devices == 1
    with pytest.raises(ScenarioError, match="a warm start takes logins from"):
        load_scenario(path)


def test_a_workers_copy_does_not_need_the_files() -> None:
    text = "groups: [{name: a, count: 1}]\nidentities: {csv: a.csv}\n"
    assert parse_scenario(text, "masters/s.yaml").name == "s"


@pytest.mark.parametrize(
    ("content", "says"), [(None, "there is no such file"), (b"a: \xff\n", ":1: is not UTF-8 text"), (b"", "is empty")]
)
def test_a_file_that_cannot_be_read_is_a_problem(tmp_path: Path, content: bytes | None, says: str) -> None:
    path = tmp_path / "s.yaml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ScenarioError, match=says):
        load_scenario(path)
    with pytest.raises(ScenarioError, match="cannot be read"):
        load_scenario(tmp_path)


def test_a_byte_order_mark_is_skipped(tmp_path: Path) -> None:
    path = tmp_path / "s.yaml"
    path.write_bytes(b"\xef\xbb\xbfgroups: [{name: a, count: 1}]\n")
    assert load_scenario(path).devices == 1


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.name)
def test_the_shipped_scenarios_limit_nothing_twice(path: Path) -> None:
    limits = [
        re.split("(?<=[<>=]) ", expression)[0]
        for expression in parse_scenario(path.read_text("utf-8"), path.name).thresholds
    ]
    assert len(limits) == len(set(limits)), limits


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.name)
def test_a_shipped_scenario_is_valid_and_has_a_description(path: Path) -> None:
    scenario = parse_scenario(path.read_text("utf-8"), path.name)
    assert scenario.name == path.stem
    assert scenario.document.description
    assert scenario.thresholds


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.name)
def test_a_shipped_scenario_fits_the_json_schema(path: Path) -> None:
    jsonschema.validate(read_yaml(path.read_text("utf-8"), path.name).data, scenario_schema())


def test_the_full_protocol_scenario_has_every_command() -> None:
    settings = parse_scenario((ROOT / "scenarios/full-protocol.yaml").read_text("utf-8")).platform_settings()
    pushed = {rule.command for rule in settings.pushes if not rule.unknown}
    assert settings.users
    assert settings.meetings is not None
    assert settings.meetings.members
    by_itself = {"cmd.data.update.user", "cmd.data.update.meeting", "cmd.data.update.meetingMember"}
    assert pushed | by_itself == set(COMMAND_FUNC_IDS)


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"groups": []},
        {"groups": [{"name": "a"}]},
        {"groups": [{"name": "a", "count": 1}], "duration": 10},
        {"groups": [{"name": "a", "count": 1}], "duration": "10"},
        {"groups": [{"name": "a", "count": 1, "heartbet": "10s"}]},
        {"groups": [{"name": "a", "count": 1, "verifications": [{"rate": "6"}]}]},
        {"groups": [{"name": "a", "count": 1, "reboot": "5..6"}]},
        {"groups": [{"name": "a", "count": 1, "start": "hot"}]},
        {"groups": [{"name": "a", "count": 1}], "target": "ftp://x"},
    ],
)
def test_the_json_schema_refuses_what_the_models_refuse(data: object) -> None:
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(data, scenario_schema())
    with pytest.raises(ScenarioError):
        parse_scenario(json.dumps(data))


def test_the_schemas_own_defaults_and_examples_are_right() -> None:
    schema = scenario_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    for section in (schema, *schema["$defs"].values()):
        for entry in section["properties"].values():
            validator = jsonschema.Draft202012Validator({"$defs": schema["$defs"], **entry})
            for value in (*entry.get("examples", ()), *([entry["default"]] if "default" in entry else ())):
                validator.validate(value)


def test_the_schema_file_is_up_to_date() -> None:
    stored = json.loads((ROOT / "scenarios/scenario.schema.json").read_text("utf-8"))
    assert stored == scenario_schema(), "run `python -m simulator.scenario.reference`"


def test_the_formats_page_is_up_to_date() -> None:
    assert (ROOT / "docs/scenario.md").read_text("utf-8") == scenario_markdown(), (
        "run `python -m simulator.scenario.reference`"
    )


def test_every_key_of_the_format_is_described() -> None:
    schema = scenario_schema()
    for name, section in {"top level": schema, **schema["$defs"]}.items():
        assert section["description"], name
        for key, entry in section["properties"].items():
            assert entry["description"], f"{name}.{key}"


def test_a_csv_of_the_command_line_makes_the_scenarios_own_unnecessary(tmp_path: Path) -> None:
    path = tmp_path / "staging.yaml"
    path.write_text("name: staging\ngroups: [{name: a, count: 1}]\nidentities: {csv: missing.csv}\n")
    with pytest.raises(ScenarioError, match=r"missing\.csv"):
        load_scenario(path)
    assert load_scenario(path, identities_given=True).devices == 1


def test_what_is_pushed_as_unknown_and_what_is_only_listed_is_to_be_refused() -> None:
    settings = group_settings(
        "    functions: {extra: [cmd.data.update.palm]}\n"
        "platform:\n"
        "  pushes:\n"
        "    - {command: cmd.firmware.upgrade, at: 1s, unknown: true}\n"
        "    - {command: cmd.data.clear.user, at: 2s}\n"
    )
    assert settings.refused_commands == {"cmd.firmware.upgrade", "cmd.data.update.palm"}
    assert group_settings("").refused_commands == frozenset()
