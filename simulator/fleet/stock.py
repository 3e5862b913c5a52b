"""What a process needs before its first device and takes a second to make: key pairs, people, pictures.

Made once a process: a master makes it before it forks its workers, which have it from there, and the web page's next
run finds it.
"""

from collections.abc import Iterable, Sequence

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from simulator.device.people import People
from simulator.device.photos import PhotoStudio
from simulator.device.settings import DeviceSettings
from simulator.protocol.channel.base import ChannelSuite
from simulator.protocol.channel.context import UNKNOWN_DEVICE
from simulator.protocol.channel.keys import KeyRing, generate_key
from simulator.protocol.channel.registry import channel_suite
from simulator.scenario.scenario import Scenario

_keys: dict[int, list[RSAPrivateKey]] = {}
"""By bits."""


def lay_in(scenario: Scenario, devices: int) -> None:
    """Make all that devices of this scenario need, for the processes that are forked from this one.

    Args:
        devices: how many the fleet has.
    """
    settings = scenario.group_settings()
    prepare_people(settings)
    PhotoStudio().prepare()
    suites = [suite_of(scenario, mqtt=each.mqtt is not None) for each in settings]
    for count in key_counts(scenario, suites, devices):
        key_pairs(scenario.document.channel.device_key_bits, count)


def suite_of(scenario: Scenario, *, mqtt: bool) -> ChannelSuite:
    """What devices over MQTT speak, or those over WebSocket."""
    channel = scenario.document.channel
    name = channel.suite_over(mqtt=mqtt)
    return channel_suite(name, channel.suite_options(name))


def prepare_people(settings: Iterable[DeviceSettings]) -> None:
    """Make the people of all places that devices of these groups draw from."""
    people = People()
    for each in settings:
        people.pool(each.user_locale)
        for behaviour in each.behaviours:
            for locale in behaviour.locales:
                people.pool(locale)


def key_counts(scenario: Scenario, suites: Iterable[ChannelSuite], devices: int) -> range:
    """How many key pairs there are to be, one more at a time: as many as the scenario says, and no more than devices;
    one where no channel exchanges anything."""
    channel = scenario.document.channel
    one = KeyRing(key_pairs(channel.device_key_bits, 1))
    needed = any(suite.device_side(one, UNKNOWN_DEVICE).has_exchange for suite in set(suites))
    return range(1, max(1, min(channel.key_pool, devices) if needed else 1) + 1)


def key_pairs(bits: int, count: int) -> Sequence[RSAPrivateKey]:
    """The first `count` of this process; what is missing is made, which takes tens of milliseconds each."""
    made = _keys.setdefault(bits, [])
    while len(made) < count:
        made.append(generate_key(bits))
    return made[:count]
