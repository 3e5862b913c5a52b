"""Which settings are named beside a refusal."""

import pytest

from simulator.device.hints import told
from simulator.measurements.names import INIT
from tests.device.answers import refuse
from tests.device.harness import World, group

READING = group().reading


@pytest.mark.parametrize(
    ("func_id", "code", "text", "shown"),
    [
        (
            *("dev.register", "E0000004", "no"),
            "no; settings of this step: protocol_version, device_type, broker_type",
        ),
        ("dev.register", "E0000004", "wants 1.1.0: protocol_version", "wants 1.1.0: protocol_version"),
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


async def test_they_stand_in_the_details_of_request_and_flow(world: World) -> None:
    world.platform.script("dev.register", refuse("E0000004"))
    await world.start()
    for name in ("dev.register", INIT.tag):
        [detail] = [text for (step, _), text in world.recorder.details.items() if step == name]
        assert detail.endswith("settings of this step: protocol_version, device_type, broker_type")
