"""The parameters of dev.report: valid, true to the memory, and not at odds with themselves."""

from typing import Any

import pytest

from simulator.device.addresses import Addresses
from simulator.device.memory import Memory, photo_key
from simulator.device.reporting import report_params
from simulator.protocol.catalogue import CATALOGUE
from simulator.protocol.catalogue.spec import Direction
from simulator.protocol.catalogue.validation import validate_request
from tests.device.harness import PEOPLE, World, device_settings, verification


def params(sn: str = "SN1", transactions: int = 0, memory: Memory | None = None, **settings: Any) -> dict[str, Any]:
    held = memory or Memory(PEOPLE, 1, users=10, locale="en_US", max_users=99, max_bio_photos=9)
    return report_params(device_settings(**settings), sn, held, transactions)


def check(report: dict[str, Any]) -> None:
    message = {"funcId": "dev.report", "sn": "S", "mid": "1", "payload": {"params": report}}
    assert validate_request(message) is None


def test_every_parameter_of_the_documents_table_is_there() -> None:
    report = params()
    check(report)
    rooms = {"meetRoomName", "meetRoomManager", "meetRoomLocation", "meetRoomCapacity", "meetRoomManagerPin"}
    declared = {field.name for field in CATALOGUE["dev.report"].params.fields}
    assert set(report) == declared - rooms


def test_addresses_are_those_of_the_serial_number() -> None:
    report = params("CGXH1")
    assert (report["ip"], report["mac"]) == (Addresses.of("CGXH1").ip, Addresses.of("CGXH1").mac)
    assert (report["netmask"], report["gateway"]) == (Addresses.of("CGXH1").netmask, Addresses.of("CGXH1").gateway)


def test_func_ids_hold_everything_a_device_does_and_obeys() -> None:
    listed = params()["funcIds"]
    assert len(set(listed)) == len(listed)
    wanted = {
        name
        for name, spec in CATALOGUE.items()
        if spec.direction is not Direction.LOOKUP and not name.startswith("device.exchange") and not spec.extension
    }
    assert set(listed) == wanted | {"cmd.dev.response"}


def test_counts_are_those_of_the_memory() -> None:
    memory = Memory(PEOPLE, 1, users=9, locale="en_US", max_users=50, max_bio_photos=7)
    memory.put_bio_photos([(photo_key("1", "9", "0", "0"), 5)])
    report = params(memory=memory, transactions=17, max_users=50, max_bio_photos=7, max_transactions=400)
    assert report["userCount"] == "9"
    assert report["maxUserCount"] == "50"
    assert report["transactionCount"] == "17"
    assert report["maxTransactionCount"] == "400"
    assert report["multiBioDataCount"] == "0:3:0:0:0:0:0:0:0:0"
    assert report["multiBioPhotoCount"] == "0:0:0:0:0:0:0:0:0:4"
    assert report["maxMultiBioPhotoCount"] == "0:0:0:0:0:0:0:0:0:7"


@pytest.mark.parametrize("name", ["multiBioDataCount", "multiBioPhotoCount", "multiBioVer", "maxMultiBioDataCount"])
def test_what_is_not_supported_is_not_counted(name: str) -> None:
    report = params()
    supported = report["multiBioPhotoSupport" if "Photo" in name else "multiBioDataSupport"].split(":")
    for flag, value in zip(supported, report[name].split(":"), strict=True):
        assert flag == "1" or value == "0"


def test_the_documents_own_user_is_counted_within_what_is_reported() -> None:
    """The template of its example of cmd.data.update.user is a near-infrared face."""
    memory = Memory(PEOPLE, 1, users=0, locale="en_US", max_users=50, max_bio_photos=7)
    memory.put_users([{"pin": "2956", "bioDatas": [{"type": "2", "majorVer": "10", "minorVer": "1", "fmt": "0"}]}])
    report = params(memory=memory)
    assert report["multiBioDataCount"].split(":")[2] == "1"
    assert report["multiBioDataSupport"].split(":")[2] == "1"
    assert int(report["maxMultiBioDataCount"].split(":")[2]) >= 1


BITS = {"face": 1, "fingerprint": 4, "password": 9, "PIN": 10, "card": 11, "QR": 12}


def test_verify_styles_name_what_the_device_has() -> None:
    """Bit 0 is the rightmost (protocol/README.md 3.4)."""
    styles = params()["verifyStyles"]
    expected = sum(1 << bit for bit in BITS.values())
    assert int(styles, 2) == expected
    used = {"15": "face", "1": "fingerprint", "4": "card"}
    for style in verification(rate=1).styles:
        assert int(styles, 2) >> BITS[used[str(style)]] & 1


def test_a_scenario_overrides_single_parameters() -> None:
    report = params(options={"volume": "80", "meetRoomName": "Red"}, max_package_kb=32, max_pending_commands=3)
    check(report)
    assert (report["volume"], report["meetRoomName"]) == ("80", "Red")
    assert (report["maxPackageSize"], report["maxPendingCmdCount"]) == ("32", "3")


@pytest.mark.parametrize("told", [True, False])
async def test_what_was_set_of_the_room_is_in_later_reports_where_the_group_says_so(world: World, told: bool) -> None:
    await world.online(keys={"report_room": told, "options": {"meetRoomLocation": "here"}})
    option = {"meetRoomName": "Red", "meetRoomCapacity": "8", "meetRoomLocation": "there"}
    world.platform.link.command("cmd.option.set", option=option)
    await world.settle()
    world.platform.link.close(1001)
    await world.advance(10)
    first, second = (seen.params for seen in world.platform.sent("dev.report"))
    rooms = {name: value for name, value in second.items() if name.startswith("meetRoom")}
    # What the scenario says of a parameter goes before what the platform set.
    assert rooms == {"meetRoomLocation": "here"} | ({"meetRoomName": "Red", "meetRoomCapacity": "8"} if told else {})
    assert "meetRoomName" not in first
