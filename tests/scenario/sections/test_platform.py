"""The `platform` section: what the embedded platform does where a file is silent, and where it says everything."""

from dataclasses import replace

import pytest

from simulator.platform.reading import PlatformReading
from simulator.platform.settings import (
    AnswerRule,
    BrokerTrust,
    ExponentialDelay,
    FixedDelay,
    LognormalDelay,
    MeetingPlan,
    MqttSettings,
    PlatformSettings,
    PlatformTls,
    PushMoment,
    PushRule,
    UniformDelay,
)
from simulator.protocol.reading import LookupAgain, SyncTime
from simulator.pubsub.shipped import profile_of
from simulator.scenario.problems import ScenarioError
from simulator.scenario.scenario import parse_scenario
from simulator.wire.strangers import StrangerLimits

PLAN = MeetingPlan(
    count=1,
    starts_in=600,
    duration=3600,
    gap=900,
    sign_in_before=900,
    sign_in_after=600,
    sign_out_before=600,
    sign_out_after=900,
    members=10,
)
READING = PlatformReading(
    login_refusal="E0010004",
    lookup_again=LookupAgain.AFTER_FAILURES,
    protocol_version=None,
    report_fields=frozenset(),
    report_without=frozenset(),
    sn_in_params=False,
    sync_time=SyncTime("time", epoch_ms=False),
    meet_code=None,
    own_meetings=frozenset(),
)
MQTT = MqttSettings(
    of_groups=(),
    company_id=None,
    site_id=None,
    profiles={"best-m": profile_of("best-m"), "best-t": profile_of("tencent"), "best-a": profile_of("aws")},
    channel="plain",
    channel_options={},
    broker=None,
    client_id=None,
    username=None,
    password_file=None,
    trust=BrokerTrust(ca=None, client_cert=None, client_key=None, verify=True),
)
PLATFORM = PlatformSettings(
    channel="rsa-aes",
    channel_options={},
    tls=None,
    supports_heartbeat=True,
    heartbeat_interval=60,
    before_login=StrangerLimits(deadline=60, connections=10_000, held_bytes=32 * 1024 * 1024),
    timezone="+08:00",
    func_ids=None,
    multi_bio_data_support="0:1:1:0:0:0:0:0:1:1",
    multi_bio_photo_support="0:0:0:0:0:0:0:0:0:1",
    max_package_kb=None,
    users=20,
    meetings=PLAN,
    pushes=(),
    answers=(),
    reading=READING,
    mqtt=MQTT,
    wrong=(),
)
PUSH = PushRule(
    command="cmd.data.query.user",
    moment=PushMoment.ONLINE,
    seconds=0,
    count=1,
    share=1,
    times=None,
    urgent=False,
    unknown=False,
    meeting=None,
    moved=0,
    longer=0,
    params={},
)
ANSWER = AnswerRule(func_id="*", delay=None, error_share=0, error_code="E0000006", silence_share=0)


def platform_settings(text: str) -> PlatformSettings:
    return parse_scenario(f"groups: [{{name: a, count: 1}}]\n{text}").platform_settings()


def test_what_holds_where_a_file_is_silent() -> None:
    assert platform_settings("") == PLATFORM


def test_the_platforms_settings_are_what_the_file_says() -> None:
    settings = platform_settings(
        "channel: {suite: plain}\n"
        "platform:\n"
        "  heartbeat: {supported: false, interval: 5s}\n"
        "  timezone: -05:00\n"
        "  func_ids: [dev.heartbeat]\n"
        "  multi_bio_data: 0:0:0:0:0:0:0:0:0:1\n"
        "  multi_bio_photo: 0:1:0:0:0:0:0:0:0:1\n"
        "  max_package: 128KB\n"
        "  users: 3\n"
        "  members: 2\n"
        "  meetings: {count: 2, starts_in: -5min, duration: 10min, gap: 1min}\n"
        "  tls: {}\n"
        "  pushes:\n"
        "    - {command: cmd.data.query.user, params: {pin: '1'}}\n"
        "    - {command: cmd.data.query.user, on: online, after: 3s, times: 1}\n"
        "    - {command: cmd.data.update.user, every: 10s, count: 5, share: 10%}\n"
        "    - {command: cmd.nothing.such, at: 10s, imme: true, unknown: true}\n"
        "  answers:\n"
        "    - {func_id: dev.heartbeat, delay: {fixed: 1s}, silence: 1%}\n"
        "    - {func_id: dev.*, delay: {uniform: {low: 1s, high: 2s}}}\n"
        "    - {func_id: getBrokerServer, delay: {exponential: 1s}}\n"
        "    - {func_id: '*', delay: {lognormal: {median: 1s, p99: 3s}}, errors: {share: 2%, code: E9}}\n"
    )
    assert settings == replace(
        PLATFORM,
        channel="plain",
        tls=PlatformTls(certificate=None, key=None, client_ca=None, device_certificates=False, algorithm="ecdsa"),
        supports_heartbeat=False,
        heartbeat_interval=5,
        timezone="-05:00",
        func_ids=("dev.heartbeat",),
        multi_bio_data_support="0:0:0:0:0:0:0:0:0:1",
        multi_bio_photo_support="0:1:0:0:0:0:0:0:0:1",
        max_package_kb=128,
        users=3,
        meetings=replace(PLAN, count=2, starts_in=-300, duration=600, gap=60, members=2),
        pushes=(
            replace(PUSH, command="cmd.data.query.user", params={"pin": "1"}),
            replace(PUSH, command="cmd.data.query.user", moment=PushMoment.ONLINE, seconds=3, times=1),
            replace(PUSH, command="cmd.data.update.user", moment=PushMoment.EVERY, seconds=10, count=5, share=0.1),
            replace(PUSH, command="cmd.nothing.such", moment=PushMoment.AT, seconds=10, urgent=True, unknown=True),
        ),
        answers=(
            replace(ANSWER, func_id="dev.heartbeat", delay=FixedDelay(seconds=1), silence_share=0.01),
            replace(ANSWER, func_id="dev.*", delay=UniformDelay(low=1, high=2)),
            replace(ANSWER, func_id="getBrokerServer", delay=ExponentialDelay(mean=1)),
            replace(ANSWER, func_id="*", delay=LognormalDelay(median=1, p99=3), error_share=0.02, error_code="E9"),
        ),
    )


def test_no_users_or_meetings_can_be_wanted() -> None:
    settings = platform_settings("platform: {users: 0, meetings: {count: 0}}\n")
    assert (settings.users, settings.meetings.count) == (0, 0)
    assert platform_settings("platform: {users: 3}\n").meetings == replace(PLAN, members=3)


def test_mistakes_are_known_by_name() -> None:
    assert platform_settings("platform: {wrong: [reply.late, reply.doubled, reply.late]}").wrong == (
        "reply.late",
        "reply.doubled",
    )


def test_an_unknown_mistake_suggests_the_nearest() -> None:
    with pytest.raises(ScenarioError, match=r"reply\.doubled"):
        platform_settings("platform: {wrong: [reply.doubeld]}")
