"""What a platform demands because it reads the document in another way."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import orjson
import pytest

from simulator.platform.reading import Demands, Refused
from simulator.protocol.reading import LookupAgain, MeetCode
from tests.platform.parts import platform_settings

SN = "SN0001"
USUAL = platform_settings().reading


class Given:
    """The commands that devices were given."""

    def __init__(self) -> None:
        self.params: dict[tuple[str, str], list[dict[str, Any]]] = {}
        self.asked = 0

    def __call__(self, sn: str, func_id: str) -> Iterable[str]:
        self.asked += 1
        return [orjson.dumps(each).decode() for each in self.params.get((sn, func_id), ())]


def demands(given: Given | None = None, **changes: Any) -> Demands:
    return Demands(replace(USUAL, **changes), given or Given())


def refusal(call: Any, *args: Any) -> tuple[str, str]:
    with pytest.raises(Refused) as caught:
        call(*args)
    return caught.value.code, caught.value.text


def test_a_usual_platform_demands_nothing() -> None:
    usual = demands()
    usual.logged_in(SN)
    usual.rebooted(SN)
    usual.login(SN)
    usual.registration({"protVer": "7"})
    usual.report(SN, {})
    usual.meet_codes(SN, [{"meetCode": "anything"}])
    assert usual.shapes == {}


def test_the_version() -> None:
    wants = demands(protocol_version="1.1.0")
    wants.registration({"protVer": "1.1.0"})
    assert refusal(wants.registration, {"protVer": "1.0.0"}) == (
        "E0000004",
        "the platform wants protVer 1.1.0, the device has 1.0.0: protocol_version",
    )


@pytest.mark.parametrize(
    ("changes", "params", "code", "text"),
    [
        ({"sn_in_params": True}, {}, "E0000002", "the platform wants sn among the parameters: report.sn_in_params"),
        ({"sn_in_params": True}, {"sn": "SN2"}, "E0000004", "sn among the parameters is another device's"),
        ({"report_fields": frozenset("ab")}, {"a": ""}, "E0000002", "the platform wants a, b: report.fields"),
        ({"report_without": frozenset("ab")}, {"b": ""}, "E0000004", "the platform does not take b: report.without"),
    ],
)
def test_the_report(changes: dict[str, Any], params: dict[str, str], code: str, text: str) -> None:
    assert refusal(demands(**changes).report, SN, params) == (code, text)
    demands(**changes).report(SN, {"sn": SN, "a": "1", "b": "2"} if "report_without" not in changes else {})


def test_what_is_left_out_of_the_report_is_not_demanded() -> None:
    [(func_id, shape)] = demands(report_without=frozenset({"lockCount"})).shapes.items()
    assert func_id == "dev.report"
    names = [field.name for field in shape.fields]
    assert "lockCount" not in names
    assert "fwVer" in names


@pytest.mark.parametrize("again", list(LookupAgain))
def test_when_the_address_has_to_be_asked_for_again(again: LookupAgain) -> None:
    each, reboots = again is LookupAgain.EACH_CONNECT, again is LookupAgain.AFTER_REBOOT
    one = demands(lookup_again=again)
    one.login(SN)
    one.logged_in(SN)
    one.login("another")
    for done, owes in ((lambda: None, each), (lambda: one.rebooted(SN), each or reboots)):
        done()
        if owes:
            code, text = refusal(one.login, SN)
            assert code == "E0000003"
            assert text.endswith(f"{again.value}: lookup.again")
            one.looked_up(SN)
        one.login(SN)
        one.logged_in(SN)


# --- meetCode ---

MEETING, OPTION = "cmd.data.update.meeting", "cmd.option.set"


def records(*codes: str) -> list[dict[str, str]]:
    return [{"meetCode": code} for code in codes]


@pytest.mark.parametrize(
    ("wanted", "taken", "refused"),
    [
        (MeetCode.MEETING, ["m1", "m2", "own", "0"], ["R1", "R2", "m3", "of-another"]),
        (MeetCode.ROOM, ["R1", "R2", "0"], ["m1", "own", "R3"]),
    ],
)
def test_a_meet_code_is_what_the_device_was_given(wanted: MeetCode, taken: list[str], refused: list[str]) -> None:
    given = Given()
    given.params[SN, MEETING] = [{"meeting": [{"id": "m1"}]}, {"meeting": [{"id": "m2"}]}]
    given.params[SN, OPTION] = [{"option": {"meetRoomName": name}} for name in ("R1", "R2")]
    given.params["SN0002", MEETING] = [{"meeting": [{"id": "of-another"}]}]
    one = demands(given, meet_code=wanted, own_meetings=frozenset({"own"}))
    one.meet_codes(SN, records(*taken))
    for code in refused:
        assert refusal(one.meet_codes, SN, records("0", code))[1].startswith(f"meetCode {code} is no ")


def test_what_was_given_later_is_known_and_no_record_asks_the_ledger_twice() -> None:
    given = Given()
    one = demands(given, meet_code=MeetCode.MEETING)
    refusal(one.meet_codes, SN, records("m1"))
    given.params[SN, MEETING] = [{"meeting": [{"id": "m1"}]}]
    one.meet_codes(SN, records("m1"))
    asked = given.asked
    for _ in range(3):
        one.meet_codes(SN, records("m1", "0"))
    assert given.asked == asked


@pytest.mark.parametrize("params", [{}, {"meeting": None}, {"meeting": ["m1"]}, {"option": "R1"}, {"option": {}}])
def test_pushed_nonsense_gives_no_codes(params: dict[str, Any]) -> None:
    given = Given()
    given.params[SN, MEETING] = given.params[SN, OPTION] = [params]
    for wanted in MeetCode:
        refusal(demands(given, meet_code=wanted).meet_codes, SN, records("m1"))
