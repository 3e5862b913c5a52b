"""The page about MQTT: every value of every profile is there, and what is assumed is marked."""

from simulator.pubsub.keys import ProfileKeys
from simulator.pubsub.reference import mqtt_page
from simulator.pubsub.shipped import NAMES, shipped
from simulator.pubsub.templates import IDENTITY, OF_PASSWORD


def cells(key: str) -> list[str]:
    [row] = [line for line in mqtt_page().splitlines() if line.startswith(f"| `{key}` |")]
    return [cell.strip() for cell in row.strip("|").split(" | ")][1:]


def test_every_key_of_every_profile_is_there_and_marked_where_it_is_assumed() -> None:
    for key in ProfileKeys.model_fields:
        for name, cell in zip(NAMES, cells(key), strict=True):
            assert ("*assumed*" in cell) is (key in shipped(name).profile.assumed), (key, name)


def test_values_are_written_as_in_a_scenario() -> None:
    assert cells("up") == [
        "`best/{productId}/{sn}/up` *assumed*",
        "`{productId}/{deviceName}/event` *assumed*",
        "`best/{productId}/{sn}/up` *assumed*",
    ]
    assert cells("username")[1:] == ["`{clientId};{sdkappid};{connid};{expiry}`", "`null`"]
    assert cells("clean_session") == ["`false` *assumed*", "`true` *assumed*", "`true` *assumed*"]
    assert cells("max_packet") == ["`64KB` *assumed*", "`16KB`", "`128KB`"]


def test_every_placeholder_and_note_is_there() -> None:
    page = mqtt_page()
    for name in {*IDENTITY, *OF_PASSWORD}:
        assert f"`{{{name}}}`" in page
    for name in NAMES:
        for note in shipped(name).notes:
            assert f"- {note}\n" in page
