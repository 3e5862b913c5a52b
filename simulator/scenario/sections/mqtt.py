"""The section `mqtt`: by which profile devices speak to a broker, and where the embedded platform's broker is."""

from collections.abc import Mapping

from pydantic import Field, model_validator

from simulator.fields.broker_url import BrokerUrl
from simulator.fields.section import Section
from simulator.fields.texts import FileName, Line
from simulator.pubsub.keys import ProfileKeys
from simulator.pubsub.profile import Profile
from simulator.pubsub.shipped import PROFILE_OF_TYPE, ProfileName, profile_of
from simulator.scenario.sections.run import TlsSection
from simulator.texts.translation import _, listed


class MqttSection(ProfileKeys):
    """What a broker expects of devices over MQTT: a shipped profile, and what is otherwise.

    The document says nothing of it; docs/mqtt.md has every value of the shipped profiles and which of them are
    assumed. A key that is not written is as in `profile`. Templates may hold `{sn}`, `{productId}`, `{companyId}`,
    `{siteId}` and `{deviceName}` (the serial number); `username` and `password` also `{clientId}`, `{sdkappid}`,
    `{connid}` and `{expiry}`.
    """

    profile: ProfileName | None = Field(
        default=None,
        description="Where the values come from that are not written: by default `best-m` for groups of that "
        "`broker_type`, `tencent` for `best-t`, `aws` for `best-a`.",
    )

    def profile_of(self, broker_type: str) -> Profile:
        """The profile of devices whose look-up asks for this type, which is one over MQTT."""
        return profile_of(self.profile or PROFILE_OF_TYPE[broker_type], self)

    def profiles(self) -> Mapping[str, Profile]:
        """The profile of each type over MQTT."""
        return {broker_type: self.profile_of(broker_type) for broker_type in PROFILE_OF_TYPE}


class PlatformMqttSection(Section):
    """Where the embedded platform serves devices over MQTT: at a broker of its own, or at one that is there already.

    It goes by the `mqtt` of the top level and of the scenario's groups. The password of the platform's own login is the
    environment's `BEST_FLEET_BROKER_PASSWORD`, or stands in a file.
    """

    broker: BrokerUrl | None = Field(
        default=None, description="A broker that runs already, like mosquitto; by default the platform has its own."
    )
    client_id: Line | None = Field(
        default=None, min_length=1, max_length=256, description="Client id of the platform; by default one by chance."
    )
    username: Line | None = Field(default=None, min_length=1, max_length=1024, description="User name of the platform.")
    password_file: FileName | None = Field(
        default=None, description="File whose only line is its password; relative to the scenario file."
    )
    tls: TlsSection = Field(default=TlsSection(), description="Trust for mqtts, and who the platform shows that it is.")
    company_id: Line | None = Field(
        default=None,
        min_length=1,
        max_length=64,
        description="`companyId` in the look-up's answer and in templates; by default there is none, and `1` for "
        "`best-a`, which always has one.",
    )
    site_id: Line | None = Field(default=None, min_length=1, max_length=64, description="`siteId`, likewise.")

    @model_validator(mode="after")
    def _of_a_broker(self) -> "PlatformMqttSection":
        of_broker = self.model_fields_set - {"broker", "company_id", "site_id"}
        if self.broker is None and of_broker:
            others = listed(f"`{name}`" for name in type(self).model_fields if name in of_broker)
            raise ValueError(
                _("{others}: for a `broker` that runs already; the platform's own needs none of it", others=others)
            )
        if self.password_file is not None and self.username is None:
            raise ValueError(_("`password_file` needs a `username`: MQTT 3.1.1 has no password without one"))
        if self.broker is not None and self.broker.startswith("mqtt:") and "tls" in self.model_fields_set:
            raise ValueError(_("`tls` is for mqtts://, and `broker` begins with mqtt://"))
        return self
