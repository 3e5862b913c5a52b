"""Settings for tests, the scenario format's defaults with what a test changes; and services without sockets."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any, cast

from simulator.clock import Clock, TimerQueue
from simulator.platform.answers import AnswerPolicy
from simulator.platform.authority import Authority
from simulator.platform.directory import DeviceIdentity
from simulator.platform.ledger.commands import CommandTable
from simulator.platform.ledger.devices import DeviceTable
from simulator.platform.ledger.transactions import Ledger
from simulator.platform.notices import Notices
from simulator.platform.reading import Demands
from simulator.platform.services import Services
from simulator.platform.settings import (
    AnswerRule,
    BrokerTrust,
    MeetingPlan,
    MqttSettings,
    PlatformSettings,
    PlatformTls,
    PushRule,
)
from simulator.platform.tally import Tally
from simulator.protocol.channel.registry import NO_OPTIONS
from simulator.scenario.sections.answers import AnswerSection
from simulator.scenario.sections.mqtt import MqttSection
from simulator.scenario.sections.platform import MeetingsSection, PlatformSection, PushSection
from simulator.scenario.sections.reading import DeviceReportSection, ReadingFields, platform_reading
from simulator.wire.tls import Algorithm


def platform_settings(**changes: Any) -> PlatformSettings:
    """Settings with the plain channel, no users and no meetings, which most tests would only wait for."""
    section = PlatformSection.model_validate({})
    chosen = {"channel": "plain", "tls": None, "users": 0, "meetings": meeting_plan(count=0), **changes}
    reading = platform_reading(ReadingFields(), DeviceReportSection(), frozenset())
    return replace(section.settings(chosen["channel"], chosen["tls"], reading, mqtt_settings()), **chosen)


def mqtt_settings(**changes: Any) -> MqttSettings:
    """The shipped profiles, the plain channel and the platform's own broker."""
    settings = MqttSettings(
        profiles=MqttSection().profiles(),
        of_groups=(),
        company_id=None,
        site_id=None,
        channel="plain",
        channel_options=NO_OPTIONS,
        broker=None,
        client_id=None,
        username=None,
        password_file=None,
        trust=BrokerTrust(ca=None, client_cert=None, client_key=None, verify=True),
    )
    return replace(settings, **changes)


def push_rule(command: str, **changes: Any) -> PushRule:
    return replace(PushSection(command=command).rule(), **changes)


def answer_rule(func_id: str, **changes: Any) -> AnswerRule:
    return replace(AnswerSection(func_id=func_id).rule(), **changes)


def meeting_plan(**changes: Any) -> MeetingPlan:
    return replace(MeetingsSection().plan(members=0), **changes)


def platform_tls(
    certificate: Path | None = None,
    key: Path | None = None,
    client_ca: Path | None = None,
    *,
    device_certificates: bool = False,
    algorithm: Algorithm = "ecdsa",
) -> PlatformTls:
    return PlatformTls(
        certificate=certificate,
        key=key,
        client_ca=client_ca,
        device_certificates=device_certificates,
        algorithm=algorithm,
    )


class ListedDirectory:
    """A directory of identities that are all there."""

    def __init__(self, identities: Iterable[DeviceIdentity]) -> None:
        self._by_sn = {identity.sn: identity for identity in identities}

    def lookup(self, sn: str) -> DeviceIdentity | None:
        return self._by_sn.get(sn)


def services_of(
    settings: PlatformSettings, ledger: Ledger, clock: Clock, identities: tuple[DeviceIdentity, ...] = ()
) -> Services:
    """Services without an event loop, for parts that delay no answers."""
    tally = Tally(ledger)
    devices = DeviceTable(ledger)
    return Services(
        settings=settings,
        seed=1,
        clock=clock,
        timers=TimerQueue(clock),
        loop=cast("asyncio.AbstractEventLoop", None),
        ledger=ledger,
        devices=devices,
        tally=tally,
        authority=Authority(ListedDirectory(identities), devices, clock),
        demands=Demands(settings.reading, CommandTable(ledger).told),
        answers=AnswerPolicy(settings.answers, Random(1)),
        notices=Notices(tally, clock, log=lambda line: None),
        log=lambda line: None,
        verbose=False,
    )
