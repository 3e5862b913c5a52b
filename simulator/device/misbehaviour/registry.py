"""Every way of misbehaving: what is done, what the document says of it, and how what comes of it is judged.

Each that was sent has one outcome, and both are counted when that is known: `sent`, and one of

- `refused_as_expected`: the platform did what the document says, which for some ways is an answer and no refusal;
- `accepted`: it took what it must not take;
- `silent`: neither. No answer came in time although the platform is there, it broke down (1011), or it answered in
  another way than the document says.

What cannot have an outcome is not counted at all: nothing is sent while the device is offline, or where what the way
needs is not there, and what an outage or a reboot cuts off says nothing about the platform. `expect: any` changes
nothing in this: an acceptance stays one, and it is the thresholds and the words of a report that do not hold it against
the platform.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from simulator.device.behaviours.attendance import AttendanceSettings
from simulator.device.behaviours.verification import VerificationSettings
from simulator.device.held_back import VERIFY_LOG
from simulator.device.misbehaviour.connections import business_before_login, counter_skip, garbage_frame
from simulator.device.misbehaviour.file_uploads import offset_gap, wrong_checksum
from simulator.device.misbehaviour.ground import Ground
from simulator.device.misbehaviour.look_ups import bad_sign, replay_nonce, stale_timestamp
from simulator.device.misbehaviour.messages import HEARTBEAT, duplicate_log, heartbeat_flood, oversize, repeat_mid
from simulator.device.settings import DeviceSettings
from simulator.device.uploads import FILE_FUNC_IDS
from simulator.measurements.misbehaviours import MISBEHAVIOURS
from simulator.protocol.broker import is_websocket
from simulator.protocol.channel.base import ChannelSuite
from simulator.texts.told import Told
from simulator.texts.translation import N_

Impossible = Callable[[DeviceSettings, ChannelSuite], str]

_LOOKUP: Final = "3.1 获取服务器地址"
_FILES: Final = "3.7 上传大文件"
_CHANNEL: Final = "通道安全握手; docs/deviations.md, Secure channel"
_REFUSED: Final = "any code but `00000000`, or a close: `refused_as_expected`; `00000000`: `accepted`"
_LOOK_UP_REFUSED: Final = (
    "any code but `00000000`, or an HTTP status that is neither 2xx nor 5xx: `refused_as_expected`; `00000000`: "
    "`accepted`"
)
_FRAMES: Final = (
    "Violations close the connection with 1008: a wrong tag or counter, a frame that is too short, a text frame where "
    "binary is due or the other way round, anything that is no JSON object"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """One way.

    Attributes:
        act: does it once. Returns the outcome, None where none can be known; raises `NotNow` where nothing was sent.
        sends: what exactly goes out.
        section: of the document, or of `docs/deviations.md` where that settles what the document leaves open.
        words: what stands there.
        must: what the platform is to do.
        judged: which answer is which outcome.
        impossible: why devices with these settings can never do it; empty where they can.
        not_done: by which devices it is never done, for people; empty where all can.
        alone: whether a device does it once at a time, because two would meet at the platform.
    """

    name: str
    act: Callable[[Ground], Awaitable[str | None]]
    sends: str
    section: str
    words: str
    must: str
    judged: str = _REFUSED
    impossible: Impossible = lambda settings, suite: ""
    not_done: str = ""
    alone: bool = False

    @property
    def text(self) -> str:
        """What the device does, in a few words."""
        return MISBEHAVIOURS[self.name]


def impossible(way: str, settings: DeviceSettings, suite: ChannelSuite) -> str:
    """Why devices with these settings can never misbehave in this way; empty where they can.

    Args:
        way: of `WAYS`.
        suite: the channel suite that they speak (`Environment.suite_of`).
    """
    if settings.mqtt is None and not is_websocket(settings.broker_type):
        return Told("the devices go no further than the look-up, and misbehave only while they are online")
    return WAYS[way].impossible(settings, suite)


# --- Why not ---


def _without(*func_ids: str) -> Impossible:
    def why(settings: DeviceSettings, suite: ChannelSuite) -> str:
        lacking = [name for name in func_ids if name in settings.functions.without]
        return Told("the devices' firmware is without {names}", names=", ".join(lacking)) if lacking else ""

    return why


def _no_records(settings: DeviceSettings, suite: ChannelSuite) -> str:
    if not any(isinstance(each, VerificationSettings | AttendanceSettings) for each in settings.behaviours):
        return Told("nobody verifies at the devices, so that there is no record to send twice")
    return _without(VERIFY_LOG)(settings, suite)


def _no_room(settings: DeviceSettings, suite: ChannelSuite) -> str:
    mqtt, package = settings.mqtt, settings.max_package_kb * 1024
    if mqtt is None or suite.room(mqtt.max_packet) > package:
        return ""
    return Told(
        "the MQTT profile carries no more than {most} bytes, and a package has {package}",
        most=mqtt.max_packet,
        package=package,
    )


def _over_mqtt(why: str) -> Impossible:
    return lambda settings, suite: "" if settings.mqtt is None else Told("over MQTT {why}", why=why)


def _no_counter(settings: DeviceSettings, suite: ChannelSuite) -> str:
    if settings.mqtt is not None:
        return _NO_SECOND(settings, suite)
    if suite.counts_frames:
        return ""
    return Told("frames of the channel suite {suite} have no counter as it is set", suite=suite.name)


def _no_flood(settings: DeviceSettings, suite: ChannelSuite) -> str:
    if settings.mqtt is not None and settings.mqtt.limits.publishes_per_second is not None:
        return Told("the broker of the MQTT profile takes only so many messages a second, whoever is behind it")
    return _without(HEARTBEAT)(settings, suite)


_NO_SECOND: Final = _over_mqtt(
    N_("a second connection of a device ends its own, and what is sent over that is its own")
)

# --- The ways ---

_ALL: Final = (
    Way(
        name="duplicate_log",
        act=duplicate_log,
        sends="dev.data.upload.verifyLog with a record that was acknowledged since the misbehaviour began: the same "
        "fields and logId, a new mid",
        section="3.12 上传验证记录; docs/deviations.md, Records and photos",
        words="The platform knows a record by sn and logId and drops what it has",
        must="Acknowledge it again, for a device whose answer was lost asks the same, and keep it once.",
        judged="`00000000`: `refused_as_expected`; anything else: `silent`, for a device would send it for ever. Never "
        "`accepted`: a device sees the reply alone, and that the record is kept once is shown by the embedded "
        "platform's ledger, which a run compares at its end with what was acknowledged",
        impossible=_no_records,
        not_done="by devices at which nobody verifies.",
    ),
    Way(
        name="replay_nonce",
        act=replay_nonce,
        sends="a right look-up, and once that is answered another one, with a right time and sign and the same nonce",
        section=_LOOKUP,
        words="nonce: 随机数, 不得超过32位, 随机数不得重复",
        must="Refuse it.",
        judged=_LOOK_UP_REFUSED,
    ),
    Way(
        name="stale_timestamp",
        act=stale_timestamp,
        sends="a look-up, rightly signed, whose timestamp is a day before the device's time",
        section=_LOOKUP,
        words="若时间戳与服务器时间戳误差较大(比如5分钟), 此请求就会被当作非法请求",
        must="Refuse it.",
        judged=_LOOK_UP_REFUSED,
    ),
    Way(
        name="oversize",
        act=oversize,
        sends="a heartbeat (dev.system.sync.time where none are wanted) with a field that fills it up to one byte more "
        "than maxPackageSize × 1,024",
        section="3.5 设备上报; docs/deviations.md, Package size",
        words="maxPackageSize: 通信最大数据包的大小, 默认值为64, 单位KB",
        must="Refuse it.",
        impossible=_no_room,
        not_done="over MQTT where the profile's `max_packet` is no larger than the package.",
    ),
    Way(
        name="wrong_checksum",
        act=wrong_checksum,
        sends="a file of 48 bytes that no message will name: dev.file.upload.start with the checksum of other bytes, "
        "the one package, dev.file.upload.end. The start and the package are right, the end is what is judged",
        section=_FILES,
        words="服务端根据checksum是否为空进行checksum校验文件完整性",
        must="Refuse the end, so that no such file is ever complete.",
        impossible=_without(*FILE_FUNC_IDS),
        not_done="by firmware without files.",
        alone=True,
    ),
    Way(
        name="offset_gap",
        act=offset_gap,
        sends="a file of 48 bytes that no message will name: dev.file.upload.start, the package at offset 0 with 12 "
        "bytes, then one at offset 24. The last is what is judged",
        section=f"{_FILES}; docs/deviations.md, Files",
        words="offset: 上次已传输文件偏移位置",
        must="Refuse the package that leaves a gap.",
        impossible=_without(*FILE_FUNC_IDS),
        not_done="by firmware without files.",
        alone=True,
    ),
    Way(
        name="repeat_mid",
        act=repeat_mid,
        sends="a right heartbeat (dev.system.sync.time where none are wanted), and once that is answered another one, "
        "urgent, under its mid",
        section="4.2.2 设备请求; docs/deviations.md, Envelope",
        words="mid: 消息id, 消息唯一标识, 保障同一台设备不重复即可, 最长为32位",
        must="Refuse it.",
        not_done="over MQTT, where a message may come twice and is passed over then.",
        impossible=_over_mqtt(
            N_("a message may be delivered twice, so that a platform passes over a mid that it has seen")
        ),
    ),
    Way(
        name="bad_sign",
        act=bad_sign,
        sends="a look-up that is right but for the first digit of its sign",
        section=_LOOKUP,
        words="sign: 数字签名, {SN}+{nonce}+{timestamp}+{secretKey} 经32位小写md5摘要之后得到的签名",
        must="Refuse it.",
        judged=_LOOK_UP_REFUSED,
    ),
    Way(
        name="business_before_login",
        act=business_before_login,
        sends="on a connection of its own, after the exchange where the channel has one: a record that the platform "
        "has already (dev.system.sync.time where there is none)",
        section="2 初始化流程; docs/deviations.md, Initial flow",
        words="Between login and the report's reply the platform refuses business with E0010004, as it does before "
        "the login",
        must="Refuse it. Nobody has said yet who speaks.",
        impossible=_NO_SECOND,
        not_done="over MQTT, where a second connection of a device ends its own.",
    ),
    Way(
        name="garbage_frame",
        act=garbage_frame,
        sends="on a connection of its own, after the exchange where the channel has one: noise, a frame without its "
        "last byte or with another one, or a message in the other kind of frame, in the clear where something sealed "
        "is due",
        section=_CHANNEL,
        words=_FRAMES,
        must="End the connection; the device's own one goes on.",
        judged="the end of the connection, whatever its code: `refused_as_expected`, and so is a code other than "
        "`00000000` in answer to noise or half a frame; any other answer: `accepted`",
        impossible=_NO_SECOND,
        not_done="over MQTT, where a second connection of a device ends its own.",
    ),
    Way(
        name="counter_skip",
        act=counter_skip,
        sends="on a connection of its own, after the exchange: a heartbeat, rightly sealed, under the counter after "
        "the next one",
        section=_CHANNEL,
        words=_FRAMES,
        must="End the connection; the device's own one goes on.",
        judged="the end of the connection, whatever its code: `refused_as_expected`; any answer, for then the frame "
        "was opened: `accepted`",
        impossible=_no_counter,
        not_done="over MQTT, and with channels whose frames have no counter (`plain`, `exchange-only`, `configurable` "
        "unless `iv` is `counter`).",
    ),
    Way(
        name="heartbeat_flood",
        act=heartbeat_flood,
        sends="a hundred right heartbeats at once, each under a mid of its own; they count as one",
        section="3.6 设备心跳",
        words="heartbeatInterval: 设备业务心跳间隔时间, 默认值为60, 单位为秒; nothing is said of more of them",
        must="Answer or refuse each of them, or turn the device away, and stay alive.",
        judged="every one answered, with whatever code, or the connection closed (not with 1011): "
        "`refused_as_expected`; one without an answer: `silent`. Never `accepted`: the document forbids nothing here",
        impossible=_no_flood,
        not_done="over MQTT where the profile's broker limits messages a second, and by firmware without heartbeats.",
    ),
)

WAYS: Final[Mapping[str, Way]] = MappingProxyType({way.name: way for way in _ALL})
"""Name -> way, in the order of `MISBEHAVIOURS`."""
