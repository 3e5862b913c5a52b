"""What of the `mqtt` sections contradicts itself, the group, or what is known of such a broker."""

from collections.abc import Iterator, Sequence
from itertools import permutations

from simulator.fields.units import format_duration, format_size
from simulator.measurements.names import PUBACK
from simulator.protocol.broker import is_publish_subscribe
from simulator.protocol.catalogue import SUBSCRIBE
from simulator.pubsub.keys import ProfileKeys
from simulator.pubsub.profile import PasswordKind, Profile
from simulator.pubsub.shipped import shipped
from simulator.pubsub.templates import placeholders
from simulator.pubsub.topics import NAMES_THE_DEVICE, Topics
from simulator.scenario.sections.document import ScenarioDocument
from simulator.scenario.sections.group import GroupSection
from simulator.scenario.sections.mqtt import MqttSection
from simulator.scenario.yaml_source import Path
from simulator.texts.translation import _


def problems(document: ScenarioDocument, groups: Sequence[GroupSection]) -> Iterator[tuple[Path, str]]:
    """What is wrong: the path of the key, and why.

    Args:
        groups: with `defaults` and the top level laid under them.
    """
    over_mqtt = [is_publish_subscribe(group.broker_type) for group in groups]
    for number, (group, own) in enumerate(zip(groups, document.groups, strict=True)):
        if over_mqtt[number]:
            yield from _problems_of(group.mqtt, _written(document, own, number), group.broker_type)
        elif "mqtt" in own.model_fields_set:
            message = _(
                "is for groups of `broker_type` best-m, best-t or best-a, and this one is {broker_type}",
                broker_type=group.broker_type,
            )
            yield ("groups", number, "mqtt"), _("{message}: leave it out, or change that", message=message)
    if not any(over_mqtt) and "mqtt" in document.defaults.model_fields_set:
        message = _("no group has the `broker_type` best-m, best-t or best-a: give it to one, or leave this out")
        yield ("defaults", "mqtt"), message
    if "mqtt" in document.model_fields_set and all(
        "mqtt" in {*own.model_fields_set, *document.defaults.model_fields_set} or not over
        for own, over in zip(document.groups, over_mqtt, strict=True)
    ):
        # The embedded platform alone goes by it then.
        yield from _problems_of(document.mqtt, ("mqtt",), "best-m")


def notes(groups: Sequence[GroupSection], thresholds: Sequence[str]) -> Iterator[str]:
    """What may not have been meant."""
    profiles = [(group.name, profile) for group in groups if group.count and (profile := group.profile()) is not None]
    for name, possible in ((SUBSCRIBE, bool(profiles)), (PUBACK.name, any(profile.qos for _name, profile in profiles))):
        for text in thresholds:
            if not possible and text.split()[:1] == [name]:
                why = _("is over MQTT") if name == SUBSCRIBE else _("is over MQTT with qos 1")
                yield _(
                    "threshold `{text}`: no group {why}, so that {name} never occurs and the threshold is crossed",
                    text=text,
                    why=why,
                    name=name,
                )
    for (one, publishes), (other, subscribes) in permutations(profiles, 2):
        if Topics(publishes.up).filter == Topics(subscribes.down).filter:
            yield _(
                "group {one}: `mqtt.up` is the topic that devices of group {other} get their messages by (`down`)",
                one=one,
                other=other,
            )
    for group in groups:
        profile = group.profile()
        if profile is None:
            continue
        pause = profile.limits.connect_interval
        if pause is not None and group.reconnect.first < pause:
            title = _(shipped(profile.name).title)
            yield (
                _(
                    "group {name}: `reconnect.first` is {first}, and {title} takes one connect of a device in "
                    "{pause}: its devices wait so long",
                    name=group.name,
                    first=format_duration(group.reconnect.first),
                    title=title,
                    pause=format_duration(pause),
                )
            )


def assumed(groups: Sequence[GroupSection]) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """The profiles of groups over MQTT by name, each with the keys that are assumed in any group, in their order."""
    found: dict[str, set[str]] = {}
    for group in groups:
        profile = group.profile()
        if profile is not None and profile.assumed:
            found.setdefault(profile.name, set()).update(profile.assumed)
    return tuple((name, tuple(key for key in ProfileKeys.model_fields if key in keys)) for name, keys in found.items())


def _written(document: ScenarioDocument, own: GroupSection, number: int) -> Path:
    """Where the section stands that counts for a group."""
    if "mqtt" in own.model_fields_set:
        return ("groups", number, "mqtt")
    return ("defaults", "mqtt") if "mqtt" in document.defaults.model_fields_set else ("mqtt",)


def _problems_of(section: MqttSection, place: Path, broker_type: str) -> Iterator[tuple[Path, str]]:
    profile = section.profile_of(broker_type)
    for key, message in (*_beyond(profile), *_contradictions(profile)):
        yield (*place, key) if key in section.model_fields_set else place, message


def _beyond(profile: Profile) -> Iterator[tuple[str, str]]:
    """What such a broker is known not to take."""
    limits, title = profile.limits, _(shipped(profile.name).title)
    if limits.keep_alive is not None and not limits.keep_alive[0] <= profile.keep_alive <= limits.keep_alive[1]:
        bounds = " to ".join(format_duration(bound) for bound in limits.keep_alive)
        yield (
            "keep_alive",
            _(
                "{keep_alive} is out of what {title} takes: {bounds}",
                keep_alive=format_duration(profile.keep_alive),
                title=title,
                bounds=bounds,
            ),
        )
    if limits.max_packet is not None and profile.max_packet > limits.max_packet:
        most = format_size(limits.max_packet)
        yield (
            "max_packet",
            _(
                "{max_packet} is more than {title} takes: at most {most}",
                max_packet=format_size(profile.max_packet),
                title=title,
                most=most,
            ),
        )
    for key in ("up", "down"):
        slashes = getattr(profile, key).count("/")
        if limits.slashes is not None and slashes > limits.slashes:
            yield (
                key,
                _(
                    "has {slashes} slashes, and {title} takes {most} in a topic at most",
                    slashes=slashes,
                    title=title,
                    most=limits.slashes,
                ),
            )


def _contradictions(profile: Profile) -> Iterator[tuple[str, str]]:
    """What cannot work at any broker."""
    for key, else_ in (
        ("up", _("nobody could tell whose messages they are")),
        ("down", _("each device would get the commands of all")),
    ):
        if not Topics(getattr(profile, key)).placeholders & NAMES_THE_DEVICE:
            yield key, _("holds neither {{sn}} nor {{deviceName}}: {what}", what=else_)
    if profile.up == profile.down:
        yield "down", _("is the topic `up` too: each device would get its own messages")
    if not NAMES_THE_DEVICE & set(placeholders(profile.client_id)):
        yield "client_id", _("holds neither {sn} nor {deviceName}: each device would put another one off the broker")
    if profile.username is None and profile.password.kind is PasswordKind.HMAC:
        yield "password", _("`hmac` signs the user name, and `username` is null: give one, or another password")
    elif profile.username is None and profile.password.kind is not PasswordKind.NONE:
        yield "password", _("MQTT 3.1.1 has no password without a user name, and `username` is null: give one, or none")
