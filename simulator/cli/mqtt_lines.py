"""What `best-fleet check` tells of a group over MQTT: its profile, what of it is assumed, its topics. No secret."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from simulator.texts.translation import _, listed

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
    return (
        _("{described} over WebSocket, {over_mqtt} over MQTT", described=channel.described(), over_mqtt=over_mqtt)
        if False in over
        else over_mqtt
    )


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
    parts = [_("profile {name} ({title})", name=profile.name, title=_(shipped(profile.name).title))]
    parts += [_("the scenario's own: {own}", own=listed(own))] if own else []
    parts += [_("assumed: {assumed}", assumed=listed(assumed))] if assumed else [_("nothing assumed")]
    yield "mqtt", _("; ").join(parts)
    values = _example(source, first)
    yield (
        _("topics"),
        _("up {up}, down {down}", up=_filled(profile.up, values), down=_filled(profile.down, values)),
    )
    values["clientId"] = _filled(profile.client_id, values)
    name = _("none") if profile.username is None else _filled(profile.username, values)
    yield (
        _("login"),
        _(
            "client id {client_id}, user name {name}, password: {password}",
            client_id=values["clientId"],
            name=name,
            password=profile.password.described(),
        ),
    )
    yield (
        _("session"),
        _(
            "QoS {qos}, {kept}, keep-alive {keep_alive}, payloads up to {max_packet}{alpn}",
            qos=profile.qos,
            kept=_("clean") if profile.clean_session else _("persistent"),
            keep_alive=format_duration(profile.keep_alive),
            max_packet=format_size(profile.max_packet),
            alpn=_alpn(profile),
        ),
    )


def _alpn(profile: "Profile") -> str:
    if profile.alpn is None:
        return ""
    ports = sorted(profile.limits.alpn_ports or ())
    return _(", ALPN {alpn}", alpn=profile.alpn) + (
        _(" at port {names}", names=listed(map(str, ports))) if ports else ""
    )


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
