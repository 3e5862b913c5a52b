"""What the cases about MQTT share: the profile, what it keeps, and how they are declared."""

from typing import Any, Final

from simulator.conform.bench import Bench
from simulator.conform.case import Case, Ended, Run, not_run
from simulator.conform.client import Client
from simulator.conform.declare import EITHER
from simulator.conform.stages import Stage
from simulator.protocol.channel.base import DeviceChannel
from simulator.pubsub.profile import Profile
from simulator.texts.told import Told

_SECTION: Final = "1 协议类型"
STANDARD: Final = "best-m: MQTT; MQTT 3.1.1, "


def profile_of(bench: Bench) -> Profile:
    profile = bench.site.terms.mqtt
    assert profile is not None, "of cases over MQTT alone"
    return profile


def needs_kept_sessions(bench: Bench) -> None:
    """
    Raises:
        Ended: As NOT-RUN, where the profile asks for clean sessions, or has nothing acknowledged.
    """
    profile = profile_of(bench)
    if not profile.keeps_session:
        told_so = "clean sessions" if profile.clean_session else Told("quality of service {qos}", qos=profile.qos)
        raise Ended(
            not_run(Told("the profile has {told_so}: nothing is kept for a device that is away", told_so=told_so))
        )


def needs_no_keys(channel: DeviceChannel) -> None:
    """
    Raises:
        Ended: As NOT-RUN, in a suite whose keys belong to one connection.
    """
    if channel.has_exchange:
        raise Ended(not_run("keys belong to one connection: nothing is kept for a device that is away"))


async def anew(client: Client) -> None:
    """The broker has nothing of this client, and keeps its next session."""
    device = await client.connect(Stage.OPENED, clean=True)
    await device.close()
    client.forget()


def mqtt_case(
    name: str, title: str, sends: str, run: Run, *, expects: str, why: str, required: bool = True, **rest: Any
) -> Case:
    """A case that has no meaning over WebSocket; `name` is what follows `mqtt.` in its id."""
    return Case(
        id=f"mqtt.{name}",
        section=_SECTION,
        title=title,
        sends=sends,
        expects=expects,
        why=why,
        run=run,
        required=required,
        only_mqtt=True,
        **rest,
    )


def open_case(name: str, title: str, sends: str, run: Run, *, why: str, **rest: Any) -> Case:
    return mqtt_case(name, title, sends, run, expects=EITHER, why=why, required=False, **rest)
