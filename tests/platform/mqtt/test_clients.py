"""Who may connect to the embedded broker, by each profile; the devices' side is that of `pubsub.login`."""

from __future__ import annotations

from dataclasses import dataclass, replace
from random import Random

import pytest

from simulator.clock import ManualClock
from simulator.mqtt.login import Login
from simulator.mqtt.packets import ConnectReturn
from simulator.platform.mqtt.clients import Clients
from simulator.platform.mqtt.devices import TopicDirectory
from simulator.platform.mqtt.side import served_profiles
from simulator.protocol.credentials import device_key_digest
from simulator.pubsub.login import login_of
from simulator.pubsub.profile import Identity, Password, PasswordKind, Profile
from simulator.pubsub.shipped import shipped
from tests.platform.parts import mqtt_settings

ACCEPTED, REJECTED = ConnectReturn.ACCEPTED, ConnectReturn.IDENTIFIER_REJECTED
BAD, NOT_AUTHORIZED = ConnectReturn.BAD_USER_NAME_OR_PASSWORD, ConnectReturn.NOT_AUTHORIZED
BEST_M, TENCENT, AWS = (shipped(name).profile for name in ("best-m", "tencent", "aws"))


@dataclass(frozen=True)
class Known:
    """A device of the directory."""

    sn: str
    product_id: str = "prod"
    dev_key: str = "cGFzc3dvcmQ="
    secret_key: str = "sk"
    auth_code: str | None = None
    secret: str | None = None
    device_secret: str | None = None


class Desk:
    """Clients of a directory with two devices."""

    def __init__(self, *profiles: Profile, certified: bool = False, company: str | None = None) -> None:
        self.clock = ManualClock()
        devices = {each.sn: each for each in (Known("A1"), Known("A2", device_secret="b3RoZXI="))}
        self.directory = TopicDirectory(profiles, devices.get, company, company)
        self.clients = Clients(
            self.directory,
            lambda identity: device_key_digest(identity.dev_key, identity.product_id),
            self.clock,
            certified=certified,
        )

    def login(self, profile: Profile, sn: str = "A1") -> Login:
        identity = self.directory.identity(sn) or Identity(sn=sn, product_id="prod", dev_key="cGFzc3dvcmQ=")
        return login_of(profile, identity, rng=Random(1), now=self.clock.wall())

    def connect(self, login: Login, peer: str | None = None) -> ConnectReturn:
        password = None if login.password is None else login.password.encode()
        return self.clients.connect(login.client_id, login.username, password, peer)


@pytest.mark.parametrize("profile", [BEST_M, TENCENT, AWS], ids=lambda one: one.name)
@pytest.mark.parametrize("sn", ["A1", "A2"])
def test_a_device_of_each_profile_is_let_in_to_its_topics_alone(profile: Profile, sn: str) -> None:
    desk = Desk(profile)
    login = desk.login(profile, sn)
    assert desk.connect(login) is ACCEPTED
    clients, client_id = desk.clients, login.client_id
    assert clients.may_publish(client_id, login.username, login.up)
    assert clients.may_subscribe(client_id, login.username, login.down)
    for topic in (login.down, login.up.replace(sn, "A3"), "#", "+/+/event"):
        assert not clients.may_publish(client_id, login.username, topic)
    for topic in (login.up, login.down.replace(sn, "A3"), "#", "best/+/+/down"):
        assert not clients.may_subscribe(client_id, login.username, topic)
    device = clients.by_topic(login.up)
    assert device is not None
    assert (device.sn, device.down, device.most_payload) == (sn, login.down, profile.max_packet)
    assert clients.client_id(sn) == client_id


def test_several_profiles_at_a_time() -> None:
    desk = Desk(BEST_M, TENCENT, AWS)
    for profile in (BEST_M, TENCENT, AWS):
        assert desk.connect(desk.login(profile)) is ACCEPTED


@pytest.mark.parametrize("profile", [BEST_M, TENCENT], ids=lambda one: one.name)
def test_what_is_refused(profile: Profile) -> None:
    desk = Desk(profile)
    login = desk.login(profile)
    assert desk.connect(replace(login, password="wrong")) is BAD
    assert desk.connect(replace(login, password=None)) is BAD
    assert desk.connect(replace(login, username=None)) is BAD
    assert desk.connect(replace(login, username="somebody")) is BAD
    assert desk.connect(replace(login, client_id="nobody")) is REJECTED
    assert desk.connect(desk.login(profile, "A9")) is REJECTED
    assert not desk.clients.may_publish(login.client_id, login.username, login.up), "who was never let in"


def test_a_signed_user_name_expires() -> None:
    desk = Desk(TENCENT)
    login = desk.login(TENCENT)
    desk.clock.advance(86_399)
    assert desk.connect(login) is ACCEPTED
    desk.clock.advance(2)
    assert desk.connect(login) is BAD


def test_another_devices_signature() -> None:
    desk = Desk(TENCENT)
    stolen = desk.login(TENCENT, "A2")
    assert desk.connect(replace(desk.login(TENCENT), password=stolen.password)) is BAD


@pytest.mark.parametrize("profile", [BEST_M, TENCENT, AWS], ids=lambda one: one.name)
def test_certificates(profile: Profile) -> None:
    desk = Desk(profile, certified=True)
    login = desk.login(profile)
    assert desk.connect(login, "A1") is ACCEPTED
    assert desk.connect(login, "A2") is NOT_AUTHORIZED
    assert desk.connect(login) is NOT_AUTHORIZED


def test_with_a_certificate_any_password_does_where_it_is_a_signature() -> None:
    desk = Desk(TENCENT, certified=True)
    assert desk.connect(replace(desk.login(TENCENT), password="any"), "A1") is ACCEPTED
    desk = Desk(BEST_M, certified=True)
    assert desk.connect(replace(desk.login(BEST_M), password="any"), "A1") is BAD


def test_a_profile_of_ones_own() -> None:
    profile = replace(
        BEST_M,
        client_id="room-{sn}-{companyId}",
        username="{clientId}",
        password=Password(kind=PasswordKind.TEXT, text="{siteId}:{devKey}"),
        up="{companyId}/{sn}",
        down="{companyId}/{sn}/in",
    )
    desk = Desk(profile, company="c1")
    login = desk.login(profile)
    assert desk.connect(login) is ACCEPTED
    assert desk.clients.may_publish(login.client_id, None, "c1/A1")
    assert desk.connect(replace(login, client_id="room-A1-c2")) is REJECTED


def test_a_client_id_that_names_no_device_is_known_by_the_user_name() -> None:
    profile = replace(BEST_M, client_id="{companyId}", username="{sn}")
    desk = Desk(profile, company="c1")
    assert desk.connect(desk.login(profile)) is ACCEPTED


def test_which_profiles_are_served() -> None:
    settings = mqtt_settings()
    assert [one.name for one in served_profiles(settings, certified=False)] == ["best-m", "tencent"]
    assert [one.name for one in served_profiles(settings, certified=True)] == ["best-m", "tencent", "aws"]
    own = replace(AWS, qos=0)
    assert served_profiles(replace(settings, of_groups=(own,)), certified=False)[0] is own


def test_the_directory_finds_devices_by_topics_of_several_profiles() -> None:
    directory = Desk(BEST_M, TENCENT, company="c").directory
    assert directory.filters == ("best/+/+/up", "+/+/event")
    for topic, down in (("best/prod/A1/up", "best/prod/A1/down"), ("prod/A1/event", "prod/A1/control")):
        found = directory.find(topic)
        assert found is not None
        assert (found.sn, found.product_id, found.down) == ("A1", "prod", down)
    for topic in ("best/other/A1/up", "best/prod/A9/up", "other/A1/event", "best/prod/A1/down", "x", ""):
        assert directory.find(topic) is None
