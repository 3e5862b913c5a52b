"""Who may connect to the embedded broker, and to which topics: the directory's devices, by the profiles.

A device may publish to its own topic and subscribe to its own, and to no other.
"""

import hmac
from collections.abc import Callable, Iterator
from typing import NamedTuple

from simulator.clock import Clock
from simulator.mqtt.packets import ConnectReturn
from simulator.platform.mqtt.devices import DeviceTopics, TopicDirectory
from simulator.platform.mqtt.reading_back import ways_to_read
from simulator.pubsub.login import SDK_APP_ID, signed
from simulator.pubsub.profile import Identity, PasswordKind, Profile
from simulator.pubsub.templates import CONNECTION, CannotFill, fill, values_of

Digest = Callable[[Identity], str]
"""The digest of a device's devKey, as `dev.register` presents it."""


Proves = Callable[[str | None, str], bool]
"""Whether a certificate's common name (None for no certificate) proves that a client is this serial number."""


def names_it(peer_name: str | None, sn: str) -> bool:
    """A device shows its own."""
    return peer_name == sn


class _Claim(NamedTuple):
    """A device that a client says it is, by one profile."""

    profile: Profile
    identity: Identity
    client_id: str


class Clients:
    """The authority of the embedded broker.

    Args:
        digest: Computes what stands for devKey; asked once for each connect.
        certified: Whether a client must show the certificate of the device that it is.
        proves: Which certificate that is.
    """

    def __init__(
        self, directory: TopicDirectory, digest: Digest, clock: Clock, *, certified: bool, proves: Proves = names_it
    ) -> None:
        self._directory = directory
        self._digest = digest
        self._clock = clock
        self._certified = certified
        self._proves = proves
        self._devices: dict[str, DeviceTopics] = {}
        """By client id, of all that were let in."""
        self._client_ids: dict[str, str] = {}
        """By serial number."""
        self._by_topic: dict[str, DeviceTopics] = {}
        """By the topic that they publish to."""

    # --- What the broker asks ---

    def connect(
        self, client_id: str, username: str | None, password: bytes | None, peer_name: str | None
    ) -> ConnectReturn:
        """Whether a client is a device that the platform knows, and proves it."""
        code = ConnectReturn.IDENTIFIER_REJECTED
        for claim in self._claims(client_id, username):
            refusal = self._refusal(claim, username, password, peer_name)
            if refusal is None:
                return self._let_in(client_id, claim)
            code = refusal
        return code

    def may_publish(self, client_id: str, username: str | None, topic: str) -> bool:
        """Whether it is the device's own topic."""
        device = self._devices.get(client_id)
        return device is not None and topic == device.up

    def may_subscribe(self, client_id: str, username: str | None, topic_filter: str) -> bool:
        """Whether it is the device's own topic."""
        device = self._devices.get(client_id)
        return device is not None and topic_filter == device.down

    # --- What the platform asks ---

    def device(self, client_id: str) -> DeviceTopics | None:
        """The device that this client is; None for one that was never let in."""
        return self._devices.get(client_id)

    def by_topic(self, topic: str) -> DeviceTopics | None:
        """The device that was let in to publish to this topic."""
        return self._by_topic.get(topic)

    def client_id(self, sn: str) -> str | None:
        """The client that a device last was."""
        return self._client_ids.get(sn)

    # --- Inside ---

    def _claims(self, client_id: str, username: str | None) -> Iterator[_Claim]:
        known = self._directory.known_values()
        for profile in self._directory.profiles:
            ways = ways_to_read(profile.client_id, client_id, known)
            for values in ways:
                yield from self._named(profile, values, known, client_id, username)

    def _named(
        self, profile: Profile, values: dict[str, str], known: dict[str, str], client_id: str, username: str | None
    ) -> Iterator[_Claim]:
        """The devices of one way to read a client id, or of the user name where that names none."""
        if "sn" in values:
            identity = self._directory.identity(values["sn"])
            # What else stands there has to be the device's own, too.
            if identity is not None and values.items() <= {**values_of(identity), **_of_connection(values)}.items():
                yield _Claim(profile, identity, client_id)
        elif profile.username is not None and username is not None:
            for more in ways_to_read(profile.username, username, {**known, **values, "clientId": client_id}):
                if "sn" in more:
                    yield from self._named(profile, more, known, client_id, username)

    def _refusal(
        self, claim: _Claim, username: str | None, password: bytes | None, peer_name: str | None
    ) -> ConnectReturn | None:
        """Why the client is not that device; None where it is."""
        profile, identity = claim.profile, claim.identity
        if self._certified and not self._proves(peer_name, identity.sn):
            return ConnectReturn.NOT_AUTHORIZED
        if self._certified and profile.password.kind is PasswordKind.HMAC:
            # The certificate has logged it in: any password will do.
            return None
        for values in self._signatures(profile, identity, claim.client_id, username):
            try:
                expected = self._password(profile, identity, values, username)
            except CannotFill:
                continue
            if expected is None or hmac.compare_digest(password or b"", expected.encode()):
                return None
        return ConnectReturn.BAD_USER_NAME_OR_PASSWORD

    def _signatures(
        self, profile: Profile, identity: Identity, client_id: str, username: str | None
    ) -> Iterator[dict[str, str]]:
        """The values of a right user name, each way to read it."""
        own = {name: value for name, value in values_of(identity).items() if value}
        known = {**own, "clientId": client_id, "sdkappid": SDK_APP_ID}
        if profile.username is None:
            yield known
        elif username is not None:
            for values in ways_to_read(profile.username, username, known):
                expiry = values.get("expiry")
                if expiry is None or (expiry.isascii() and expiry.isdigit() and int(expiry) >= self._clock.wall()):
                    yield values

    def _password(
        self, profile: Profile, identity: Identity, values: dict[str, str], username: str | None
    ) -> str | None:
        """What the client has to present; None where the profile has no password."""
        password = profile.password
        match password.kind:
            case PasswordKind.NONE:
                return None
            case PasswordKind.TEXT:
                return fill(password.text, values, key="password")
            case PasswordKind.DEV_KEY_DIGEST:
                return self._digest(identity)
            case PasswordKind.HMAC:
                return signed(password, fill(password.key, values, key="password.hmac.key"), username)

    def _let_in(self, client_id: str, claim: _Claim) -> ConnectReturn:
        topics = self._directory.of(claim.profile, claim.identity)
        if topics is None:
            return ConnectReturn.SERVER_UNAVAILABLE
        self._devices[client_id] = topics
        self._client_ids[topics.sn] = client_id
        self._by_topic[topics.up] = topics
        return ConnectReturn.ACCEPTED


def _of_connection(values: dict[str, str]) -> dict[str, str]:
    """Those values that are made anew for each connect, and are no device's."""
    return {name: value for name, value in values.items() if name in CONNECTION}
