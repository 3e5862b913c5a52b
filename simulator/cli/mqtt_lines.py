"""What `best-fleet check` tells of a group over MQTT: its profile, what of it is assumed, its topics. No secret."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from simulator.fleet.identities import IdentitySource
    from simulator.pubsub.profile import Profile
    from simulator.scenario.scenario import Scenario
    from simulator.scenario.sections.group import GroupSection


def channel_of(scenario: "Scenario") -> str:
    """The channel of the devices over WebSocket and of those over MQTT, where there are such and it is another."""
    channel = scenario.document.channel
    over = {group.profile() is not None for group in scenario.groups if group.count}
    if True not in over or channel.suite_over(mqtt=True) == channel.suite:
        return channel.described()
    over_mqtt = channel.suite_over(mqtt=True)
    return f"{channel.described()} over WebSocket, {over_mqtt} over MQTT" if False in over else over_mqtt


def mqtt_lines(group: "GroupSection", source: "IdentitySource | None", first: int | None) -> Iterator[tuple[str, str]]:
    """The name and the text of each line; none for a group that does not go over MQTT.

    Args:
        source: who the fleet's devices are; None where that is not known yet.
        first: index of the group's first device, the example; None where it has none.
    """
    from simulator.fields.units import format_duration, format_size
    from simulator.pubsub.keys import ProfileKeys
    from simulator.pubsub.shipped import shipped
    from simulator.scenario.sections.mqtt import MqttSection

    profile = group.profile()
    if profile is None:
        return
    assumed = [key for key in ProfileKeys.model_fields if key in profile.assumed]
    own = [key for key in MqttSection.model_fields if key in group.mqtt.model_fields_set and key != "profile"]
    parts = [f"profile {profile.name} ({shipped(profile.name).title})"]
    parts += [f"the scenario's own: {', '.join(own)}"] if own else []
    parts += [f"assumed: {', '.join(assumed)}"] if assumed else ["nothing assumed"]
    yield "mqtt", "; ".join(parts)
    values = _example(source, first)
    yield "topics", f"up {_filled(profile.up, values)}, down {_filled(profile.down, values)}"
    values["clientId"] = _filled(profile.client_id, values)
    name = "none" if profile.username is None else _filled(profile.username, values)
    yield "login", f"client id {values['clientId']}, user name {name}, password: {profile.password.described()}"
    yield (
        "session",
        (
            f"QoS {profile.qos}, {'clean' if profile.clean_session else 'persistent'}, "
            f"keep-alive {format_duration(profile.keep_alive)}, payloads up to {format_size(profile.max_packet)}"
            f"{_alpn(profile)}"
        ),
    )


def _alpn(profile: "Profile") -> str:
    if profile.alpn is None:
        return ""
    ports = sorted(profile.limits.alpn_ports or ())
    return f", ALPN {profile.alpn}" + (f" at port {', '.join(map(str, ports))}" if ports else "")


def _example(source: "IdentitySource | None", first: int | None) -> dict[str, str]:
    if source is None or first is None:
        return {}
    try:
        one = source.at(first)
    except IndexError:
        return {}
    return {"sn": one.sn, "deviceName": one.sn, "productId": one.product_id}


def _filled(template: str, values: dict[str, str]) -> str:
    """The template with what is known; what the look-up will say, or a connect will make, stays as it is."""
    from simulator.pubsub.login import SDK_APP_ID
    from simulator.pubsub.templates import fill, placeholders

    known = {name: f"{{{name}}}" for name in placeholders(template)} | {"sdkappid": SDK_APP_ID} | values
    return fill(template, known)
