"""Which settings are named beside a refusal."""

import pytest

from simulator.device.hints import broker_refused, cut_off, of_identity, silence, told
from simulator.measurements.names import INIT, OWN_CODES
from simulator.protocol.channel.plain import PlainDeviceChannel
from tests.device.answers import refuse
from tests.device.harness import World, group

READING = group().reading


@pytest.mark.parametrize(
    ("func_id", "code", "text", "shown"),
    [
        (
            *("dev.register", "E0000004", "no"),
            "no; does the identity hold what the platform knows: productId, devKey; "
            "settings of this step: protocol_version, device_type, broker_type",
        ),
        (
            *("dev.register", "E0000004", "wants 1.1.0: protocol_version"),
            "wants 1.1.0: protocol_version; does the identity hold what the platform knows: productId, devKey",
        ),
        ("dev.register", "E0000006", "internal fault", "internal fault"),
        (
            *("dev.report", "E1", ""),
            "settings of this step: report.fields, report.without, report.sn_in_params, options",
        ),
        ("dev.data.upload.verifyLog", "E0000004", "bad value", "bad value; settings of this step: meet_code"),
        ("dev.data.upload.verifyLog", "E0000006", "internal fault", "internal fault"),
        ("dev.heartbeat", "E0000004", "bad value", "bad value"),
        ("dev.login", "E0010004", "not authorised", "not authorised"),
        ("dev.login", "E9", "", "refused with E9, credentials kept: login.register_again_on"),
        ("dev.login", "malformed reply", "code is missing", "code is missing"),
    ],
)
def test_the_settings_of_a_step(func_id: str, code: str, text: str, shown: str) -> None:
    assert told(READING, func_id, code, text) == shown


@pytest.mark.parametrize(
    ("code", "shown"),
    [
        ("not authorized", "no; settings of this step: mqtt.client_id, mqtt.username, mqtt.password"),
        ("identifier rejected", "no; settings of this step: mqtt.client_id"),
        ("subscription refused", "no; settings of this step: mqtt.down"),
        ("server unavailable", "no"),
        ("refused", "no"),
    ],
)
def test_the_settings_of_a_profile_that_a_broker_may_refuse(code: str, shown: str) -> None:
    assert broker_refused(code, "no") == shown
    assert code in OWN_CODES


@pytest.mark.parametrize(
    ("func_id", "over_mqtt", "named"),
    [
        ("dev.register", True, True),
        ("device.exchange.publicKey", True, True),
        ("dev.register", False, False),
        ("dev.accredit", True, False),
        ("dev.heartbeat", True, False),
    ],
)
def test_a_first_message_over_mqtt_that_nobody_answers_names_the_topics(
    func_id: str, over_mqtt: bool, named: bool
) -> None:
    told_of_it = silence(PlainDeviceChannel(), func_id, over_mqtt)
    assert ("mqtt.up, mqtt.down" in told_of_it) is named
    assert named or not told_of_it


def test_a_look_up_that_is_refused_names_what_it_proves() -> None:
    named = "does the identity hold what the platform knows: sn, secretKey"
    assert of_identity("getBrokerServer", "E0000003", "bad sign") == named
    assert of_identity("getBrokerServer", "E0000003", "no such sn") == ""
    assert of_identity("dev.heartbeat", "E0000003", "") == ""


def test_an_exchange_that_the_platform_closes_names_the_suite() -> None:
    told_of_it = cut_off("device.exchange.publicKey", "closed 1008: no such message")
    assert told_of_it == "closed 1008: no such message; does the platform use another suite: channel.suite"
    assert cut_off("device.exchange.factor", "closed 1008: channel.cipher") == "closed 1008: channel.cipher"
    assert cut_off("device.exchange.factor", "stopped") == "stopped"
    assert cut_off("dev.login", "closed 1000") == "closed 1000"


async def test_they_stand_in_the_details_of_request_and_flow(world: World) -> None:
    world.platform.script("dev.register", refuse("E0000004"))
    await world.start()
    for name in ("dev.register", INIT.tag):
        [detail] = [text for (step, _), text in world.recorder.details.items() if step == name]
        assert detail.endswith("settings of this step: protocol_version, device_type, broker_type")
