"""The commands that style B pushes, with contents as the documents describe them."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from .checks import key_digest
from .requests import local_time
from .style import COMMANDS

PICTURE = base64.b64decode(
    "/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDACgcHiMeGSgjISMtKygwPGRBPDc3PHtYXUlkkYCZlo+AjIqgtObDoKrarYqMyP/L2u71"
    "////m8H////6/+b9//j/2wBDASstLTw1PHZBQXb4pYyl+Pj4+Pj4+Pj4+Pj4+Pj4+Pj4+Pj4+Pj4+Pj4+Pj4+Pj4+Pj4+Pj4+Pj4"
    "+Pj4+Pj4+Pj/wAARCAFAAPADASIAAhEBAxEB/8QAFQABAQAAAAAAAAAAAAAAAAAAAAP/xAAUEAEAAAAAAAAAAAAAAAAAAAAA/8QA"
    "FgEBAQEAAAAAAAAAAAAAAAAAAAID/8QAFBEBAAAAAAAAAAAAAAAAAAAAAP/aAAwDAQACEQMRAD8AsAhoAAAAAAAAAAAAAAAAAAAA"
    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA//2Q=="
)
"""A JPEG of 240 by 320 points."""
PINS = ("7001", "7002", "7003", "A-7004", "007005")
NAMES = ("Li Lei", "李雷", "Zoë O'Neil", "\U0001f600 韩梅梅", 'Ann "the" \\Boss/')


class Contents:
    """Right params for each command."""

    def __init__(self, random: Random, offset: str, pictures: str, types: Sequence[str]) -> None:
        self.random, self.offset, self.pictures = random, offset, pictures
        self.types = types
        """Of the templates that the device supports."""

    def _time(self, **distance: float) -> str:
        return local_time(self.offset, datetime.now(UTC) + timedelta(**distance))

    def _some_pins(self) -> list[str]:
        return self.random.sample(PINS, self.random.randint(1, len(PINS)))

    def user(self, pin: str) -> dict[str, Any]:
        salt = f"{self.random.getrandbits(128):032x}"
        user: dict[str, Any] = {
            "pin": pin,
            "role": self.random.choice(("0", "1", "2")),
            "firstName": self.random.choice(NAMES),
            "funSwitch": self.random.choice("0123"),
            "disable": self.random.choice("001"),
        }
        optional: dict[str, Any] = {
            "password": key_digest("123456", bytes.fromhex(salt)),
            "startTime": self._time(days=-30),
            "endTime": self._time(days=300),
            "lastName": self.random.choice(("", "林", "Smith")),
            "ruleType": self.random.choice("123"),
            "bioDatas": [self._bio_data() for _ in range(self.random.randint(0, 2) if self.types else 0)],
        }
        user |= {name: value for name, value in optional.items() if self.random.random() < 0.7}
        if "password" in user:
            user["passwordSalt"] = salt
        return user

    def _bio_data(self) -> dict[str, str]:
        data = {"type": self.random.choice(self.types), "majorVer": "10", "minorVer": "1", "fmt": "0"}
        data["tmp"] = base64.b64encode(self.random.randbytes(300)).decode()
        if self.random.random() < 0.5:
            data |= {"no": "0", "index": "0", "valid": "1", "duress": "0"}
        return data

    def meeting(self, number: str) -> dict[str, str]:
        meeting = {
            "name": self.random.choice(("周会", 'Weekly "sync"', "会议/\U0001f4c5")),
            "id": number,
            "startTime": self._time(minutes=-5),
            "endTime": self._time(minutes=55),
            "lastSignOutTime": self._time(minutes=65),
            "applicant": "会议申请人",
        }
        optional = {
            "startSignInTime": self._time(minutes=-20),
            "lastSignInTime": self._time(minutes=10),
            "earSignOutTime": self._time(minutes=50),
        }
        if self.random.random() < 0.3:
            del optional[self.random.choice(list(optional))]
        return {**meeting, **optional}

    def params(self, func_id: str) -> dict[str, Any]:
        pick = self.random.choice
        match func_id.removeprefix("cmd.").removeprefix("data."):
            case "update.user":
                return {"users": [self.user(pin) for pin in self._some_pins()]}
            case "update.meeting":
                return {"meeting": [self.meeting(number) for number in pick((("123",), ("123", "124")))]}
            case "update.meetingMember":
                return {"members": [{"meetingId": "123", "pins": self._some_pins()}]}
            case "update.multiCard":
                card = str(self.random.randint(1, 2**40))
                return {"multiCards": [{"pin": pick(PINS), "card": card, "type": pick("01"), "lossFlag": pick("01")}]}
            case "update.bioPhoto":
                photo = {"pin": pick(PINS), "type": "9", "url": f"{self.pictures}/face.jpg"}
                return {"bioPhotos": [pick((photo, {**photo, "no": "0", "index": "0"}))]}
            case "delete.user" | "delete.multiCard" | "delete.userPhoto":
                return {"pins": self._some_pins()}
            case "delete.bioPhoto":
                whole = {"pin": pick(PINS), "type": "9", "no": "0"}
                return {"bioPhotos": [pick((whole, {"pin": pick(PINS)}, {"type": "9"}, {}))]}
            case "delete.meeting":
                return {"meetings": pick((["124"], ["123", "124"]))}
            case "delete.meetingMember":
                return {"meetingId": "123", "pins": self._some_pins()}
            case "query.user":
                return pick(({}, {"pin": ""}, {"pin": pick(PINS)}, {"pin": "nobody"}))
            case "option.set":
                option = {"meetRoomName": pick(("1", "红房间")), "meetRoomCapacity": "12"}
                more = {"meetRoomManager": "张三", "meetRoomLocation": "3/F", "meetRoomManagerPin": "7001"}
                return {"option": pick((option, {**option, **more}))}
            case "control.reboot":
                return {"operator": "luther"}
            case _:
                return {}


def pushed_commands(
    random: Random, offset: str, pictures: str, types: Sequence[str], absent_picture: bool = False
) -> Iterator[tuple[str, dict[str, Any], bool]]:
    """(funcId, params, whether it must fail): each command twice; at last users and a meeting."""
    contents = Contents(random, offset, pictures, types)
    if absent_picture:
        photo = {"pin": PINS[0], "no": "0", "index": "0", "type": "9", "url": f"{pictures}/absent.jpg"}
        yield "cmd.data.update.bioPhoto", {"bioPhotos": [photo]}, True
    for number in range(2):
        order = [name for name in COMMANDS if name != "cmd.control.reboot"]
        if number:
            random.shuffle(order)
        for name in order:
            yield name, contents.params(name), False
    yield "cmd.data.update.user", {"users": [contents.user(pin) for pin in PINS]}, False
    yield "cmd.data.update.meeting", {"meeting": [contents.meeting("123")]}, False
    yield "cmd.data.update.meetingMember", {"members": [{"meetingId": "123", "pins": list(PINS)}]}, False
    yield "cmd.control.reboot", contents.params("cmd.control.reboot"), False
