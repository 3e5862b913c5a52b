"""The profiles that come with the project, and profiles of a scenario that begin from them.

They are data (`data/*.yaml`). One that is broken is an error of the project, and said so.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, Literal

import yaml
from pydantic import Field, ValidationError

from simulator.fields.quantities import Duration, DurationRange, Rate, Size
from simulator.fields.section import Section
from simulator.pubsub.keys import ProfileKeys
from simulator.pubsub.profile import Limits, Profile
from simulator.texts.translation import N_

DATA: Final = Path(__file__).parent / "data"
NAMES: Final = ("best-m", "tencent", "aws")
PROFILE_OF_TYPE: Final[Mapping[str, str]] = MappingProxyType({"best-m": "best-m", "best-t": "tencent", "best-a": "aws"})
"""What a group's profile is by default, by the look-up's `type`."""

ProfileName = Literal["best-m", "tencent", "aws"]

TITLES = (N_("a platform's own MQTT broker"),)
"""Titles of the files that are no names of products, for their translation."""


class BrokenProfile(Exception):  # noqa: N818 - an error of ours, not of the scenario
    """A shipped profile cannot be used: the installation is damaged, or somebody changed it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shipped:
    """A profile that is shipped, and what people are told of it."""

    profile: Profile
    title: str
    notes: tuple[str, ...]
    """What is known of such a broker beside the keys, a sentence each."""


class _LimitsSection(Section):
    """What is known of such a broker."""

    keep_alive: DurationRange | None = None
    max_packet: Size | None = None
    slashes: int | None = Field(default=None, ge=1)
    topics_per_subscribe: int | None = Field(default=None, ge=1)
    publish_rate: Rate | None = None
    deliver_rate: Rate | None = None
    connect_interval: Duration | None = None
    alpn_ports: list[int] | None = None

    def limits(self) -> Limits:
        bounds = self.keep_alive
        return Limits(
            keep_alive=None if bounds is None else (int(bounds.low), int(bounds.high)),
            max_packet=self.max_packet,
            slashes=self.slashes,
            topics_per_subscribe=self.topics_per_subscribe,
            publishes_per_second=self.publish_rate,
            deliveries_per_second=self.deliver_rate,
            connect_interval=self.connect_interval,
            alpn_ports=None if self.alpn_ports is None else frozenset(self.alpn_ports),
        )


class _ShippedFile(Section):
    """One file of `data`."""

    title: str = Field(min_length=1)
    notes: list[str]
    keys: ProfileKeys
    assumed: list[str]
    limits: _LimitsSection


def read_shipped(text: str, name: str) -> Shipped:
    """A shipped profile from its text.

    Raises:
        BrokenProfile: If it is no proper one; says all that is wrong.
    """
    try:
        data: Any = yaml.safe_load(text)
        file = _ShippedFile.model_validate(data)
    except yaml.YAMLError as error:
        raise BrokenProfile(f"the shipped MQTT profile {name} is no YAML: {error}") from error
    except ValidationError as error:
        said = "; ".join(f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors())
        raise BrokenProfile(f"the shipped MQTT profile {name} is broken: {said}") from error
    written = file.keys.written()
    missing = [key for key in ProfileKeys.model_fields if key not in written]
    if missing:
        raise BrokenProfile(f"the shipped MQTT profile {name} lacks {', '.join(missing)}")
    unknown = [key for key in file.assumed if key not in written]
    if unknown:
        raise BrokenProfile(f"the shipped MQTT profile {name} assumes what is no key: {', '.join(unknown)}")
    profile = Profile(name=name, limits=file.limits.limits(), assumed=frozenset(file.assumed), **written)
    return Shipped(profile=profile, title=file.title, notes=tuple(file.notes))


@cache
def shipped(name: str) -> Shipped:
    """The shipped profile of a name.

    Raises:
        BrokenProfile: If it is not there or cannot be used.
    """
    try:
        text = (DATA / f"{name}.yaml").read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BrokenProfile(f"the shipped MQTT profile {name} cannot be read: {error}") from error
    return read_shipped(text, name)


def profile_of(name: str, keys: ProfileKeys | None = None) -> Profile:
    """A shipped profile with the keys laid over it that somebody has written.

    Raises:
        BrokenProfile: As of `shipped`.
    """
    profile = shipped(name).profile
    written = {} if keys is None else keys.written()
    return replace(profile, **written, assumed=frozenset(profile.assumed - written.keys())) if written else profile
