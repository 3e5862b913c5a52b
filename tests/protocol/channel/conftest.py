"""Keys for the channel's tests: made once, since making them is the slow part."""

from collections.abc import Callable

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from simulator.protocol.channel.base import ChannelSuite, DeviceChannel, PlatformChannel
from simulator.protocol.channel.keys import KeyRing, generate_key

Ends = tuple[DeviceChannel, PlatformChannel]


@pytest.fixture(scope="session")
def device_key() -> RSAPrivateKey:
    return generate_key(1024)


@pytest.fixture(scope="session")
def server_key() -> RSAPrivateKey:
    return generate_key(2048)


@pytest.fixture(scope="session")
def device_keys(device_key: RSAPrivateKey) -> KeyRing:
    return KeyRing([device_key])


@pytest.fixture(scope="session")
def server_keys(server_key: RSAPrivateKey) -> KeyRing:
    return KeyRing([server_key])


@pytest.fixture(scope="session")
def connect(device_keys: KeyRing, server_keys: KeyRing) -> Callable[..., Ends]:
    """Two ends of a new connection; a second suite, where given, is the platform's."""

    def ends(suite: ChannelSuite, platform_suite: ChannelSuite | None = None) -> Ends:
        return suite.device_side(device_keys), (platform_suite or suite).platform_side(server_keys)

    return ends


@pytest.fixture(scope="session")
def establish(connect: Callable[..., Ends]) -> Callable[..., Ends]:
    """Two ends that have made their exchange."""

    def ends(suite: ChannelSuite, platform_suite: ChannelSuite | None = None) -> Ends:
        device, platform = connect(suite, platform_suite)
        device.accept_public_key(platform.answer_public_key(device.public_key_params()))
        device.accept_factor(platform.answer_factor(device.factor_params()))
        platform.established()
        return device, platform

    return ends
