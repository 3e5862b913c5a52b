"""Users and their cards (document 3.8 and 3.11): names, validity, templates, and the values of their switches."""

from typing import Final

from simulator.conform.bench import Bench
from simulator.conform.case import Ended, not_run
from simulator.conform.generated import Message
from simulator.conform.tester import Device
from simulator.conform.upload_cases import Entries, accepts, each, left_open, one, takes
from simulator.conform.uploads import CARDS, USERS, entry
from simulator.texts.told import Told

_TIMES: Final = "startTime, endTime: yyyy-MM-ddTHH:mm:ss±HH:mm, 设备的本地时间, 偏移量"
_DIGEST: Final = "486bbe9335aca3878178a51542e4e919d1146a01bdd0f2ad5a68043e2289abf7"
_SALT: Final = "5d9b11e1a3f448ae81f9f920e976d852"


def _templates(count: int) -> Entries:
    """A user with so many templates of a type that the platform takes."""

    def made(bench: Bench, device: Device) -> list[Message]:
        user = entry(USERS, bench, device, complete=True)
        if "bioDatas" not in user:
            raise Ended(not_run("the platform takes no templates: its multiBioDataSupport is all 0"))
        template = user["bioDatas"][0]
        return [{**user, "bioDatas": [{**template, "no": str(place)} for place in range(count)]}]

    return made


def _same_card_twice(bench: Bench, device: Device) -> list[Message]:
    card = entry(CARDS, bench, device)
    return [card, card]


def _zeros_before(bench: Bench, device: Device) -> list[Message]:
    return [entry(CARDS, bench, device, change={"card": f"00{bench.log_id()}"})]


CASES = (
    takes(
        USERS,
        "name.chinese",
        "A Chinese name is accepted",
        Told("whose names are {first} and {last}", first="三丰", last="张"),
        "firstName, lastName: 用户姓名",
        accepts(USERS, one(USERS, firstName="三丰", lastName="张")),
    ),
    left_open(
        USERS,
        "name.beyond-bmp",
        "A name with a character beyond U+FFFF",
        Told("whose firstName is {name}", name="𠮷田"),
        accepts(USERS, one(USERS, firstName="𠮷田")),
    ),
    left_open(
        USERS,
        "name.long",
        "A name of 500 characters",
        "whose firstName has 500 characters",
        accepts(USERS, one(USERS, firstName="长" * 500)),
    ),
    takes(
        USERS,
        "bioDatas",
        "A user with templates is accepted",
        "with two templates of a type that the platform takes",
        "bioDatas: 指纹、面部、手掌等生物信息",
        accepts(USERS, _templates(2)),
    ),
    left_open(
        USERS,
        "bioDatas.none",
        "A user with an empty list of templates",
        'with "bioDatas": []',
        accepts(USERS, one(USERS, bioDatas=[])),
    ),
    takes(
        USERS,
        "password",
        "A user with a password's digest and salt is accepted",
        "with password and passwordSalt",
        "password: PBKDF2WithHmacSHA256, 密文长度:32字节, 迭代次数:1000",
        accepts(USERS, one(USERS, password=_DIGEST, passwordSalt=_SALT)),
    ),
    takes(
        USERS,
        "validity",
        "A user with a validity is accepted, whatever its offset",
        "with startTime and endTime with the offset -05:00",
        _TIMES,
        accepts(USERS, one(USERS, startTime="2020-01-01T00:00:00-05:00", endTime="2037-12-31T23:59:59-05:00")),
    ),
    left_open(
        USERS,
        "validity.reversed",
        "A validity that ends before it begins",
        "whose endTime is before its startTime",
        accepts(USERS, one(USERS, startTime="2030-01-01T00:00:00+08:00", endTime="2020-01-01T00:00:00+08:00")),
    ),
    takes(
        USERS,
        "empty-optional",
        "An optional field may be empty, as in the document's example",
        'with "threatLevelGroupNum": ""',
        'The document\'s example: "threatLevelGroupNum": ""',
        accepts(USERS, one(USERS, threatLevelGroupNum="")),
    ),
    takes(
        USERS,
        "funSwitch",
        "Every value of funSwitch and disable is accepted",
        "with funSwitch 0 to 3 and disable 0 and 1",
        "funSwitch: 0, 1, 2, 3; disable: 0:允许名单, 1:禁止名单",
        accepts(USERS, each(USERS, *({"funSwitch": code, "disable": str(int(code) % 2)} for code in "0123"))),
    ),
    takes(
        CARDS,
        "values",
        "Main and second cards, in use and lost, are accepted",
        "with type 0 and 1 and lossFlag 0 and 1",
        "type: 0:主卡(默认), 1:副卡; lossFlag: 0:正常使用卡(默认), 1:丢失卡",
        accepts(CARDS, each(CARDS, *({"type": kind, "lossFlag": lost} for kind in "01" for lost in "01"))),
    ),
    takes(
        CARDS,
        "leading-zeros",
        "A card number may begin with zeros",
        "with a card of 00 and digits",
        "card: 卡号为10进制字符串数据",
        accepts(CARDS, _zeros_before),
    ),
    left_open(
        CARDS,
        "same-twice",
        "The same card twice in one message",
        "with the same entry twice",
        accepts(CARDS, _same_card_twice),
    ),
)
