"""The devices of the platform's directory, as topics name them."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from simulator.platform.directory import DeviceIdentity
from simulator.pubsub.profile import Identity, Profile
from simulator.pubsub.templates import CannotFill, fill, values_of
from simulator.pubsub.topics import Topics

Lookup = Callable[[str], DeviceIdentity | None]
"""Takes a serial number."""


class DeviceTopics(NamedTuple):
    """A device and its two topics."""

    sn: str
    product_id: str
    up: str
    """It publishes to this one."""
    down: str
    """It subscribes to this one."""
    qos: int
    """Of what is published to it."""
    most_payload: int
    """Bytes of it."""


class TopicDirectory:
    """Finds devices by their topics; profiles of several kinds may be served at a time.

    Args:
        lookup: Finds a device's identity.
        company_id: What `{companyId}` stands for; None where the platform has none.
        site_id: Likewise.

    Attributes:
        filters: What to subscribe to, to hear all devices.
    """

    def __init__(
        self, profiles: Sequence[Profile], lookup: Lookup, company_id: str | None = None, site_id: str | None = None
    ) -> None:
        self.profiles = tuple(profiles)
        self._lookup = lookup
        self._company_id = company_id
        self._site_id = site_id
        self._topics = tuple((profile, Topics(profile.up)) for profile in self.profiles)
        self.filters = tuple(dict.fromkeys(topics.filter for _, topics in self._topics))

    @property
    def most_payload(self) -> int:
        """Bytes of a PUBLISH that some profile allows."""
        return max(profile.max_packet for profile in self.profiles)

    def identity(self, sn: str) -> Identity | None:
        """What fills a device's templates in; None for an unknown one."""
        found = self._lookup(sn)
        if found is None:
            return None
        return Identity(
            sn=found.sn,
            product_id=found.product_id,
            dev_key=found.dev_key,
            device_secret=getattr(found, "device_secret", None),
            company_id=self._company_id,
            site_id=self._site_id,
        )

    def known_values(self) -> dict[str, str]:
        """The values that are the same for all devices."""
        known = {"companyId": self._company_id, "siteId": self._site_id}
        return {name: value for name, value in known.items() if value}

    def of(self, profile: Profile, identity: Identity) -> DeviceTopics | None:
        """The topics of a device by a profile; None where they cannot be filled in for it."""
        values = values_of(identity)
        try:
            up, down = (
                fill(template, values, key=key, in_topic=True)
                for key, template in (("up", profile.up), ("down", profile.down))
            )
        except CannotFill:
            return None
        return DeviceTopics(identity.sn, identity.product_id, up, down, profile.qos, profile.max_packet)

    def find(self, topic: str) -> DeviceTopics | None:
        """Whose topic this is; None for nobody's of the directory. Of several profiles the first counts."""
        for profile, topics in self._topics:
            read = topics.read(topic)
            if read is None:
                continue
            identity = self.identity(read.get("sn") or read.get("deviceName") or "")
            found = None if identity is None else self.of(profile, identity)
            # What else stands in the topic has to be the device's own, too.
            if found is not None and found.up == topic:
                return found
        return None
