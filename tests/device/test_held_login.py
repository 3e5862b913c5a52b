"""What a device logs in with, over registrations, refusals and lives."""

from dataclasses import replace

from simulator.device.held_login import HeldLogin
from simulator.device.settings import Start
from simulator.device.witness import Witness
from tests.device.harness import World
from tests.device.recording import Nobody


def held(world: World, start: Start = Start.COLD) -> HeldLogin:
    spec = world.make(auth_code="before", secret="of before").spec
    spec = replace(spec, settings=replace(spec.settings, start=start))
    return HeldLogin(world.env, spec, Witness(world.recorder, world.clock, Nobody(), 0))


def test_a_cold_start_knows_no_login_and_hides_what_it_was_given_all_the_same() -> None:
    login = held(World())
    assert not login.warm
    assert {"before", "of before", "key of SN0000", "123456"} <= set(login.secrets())
    assert login.proof["devKey"] in login.secrets()


def test_the_store_hears_of_a_login_once_and_only_when_it_has_worked() -> None:
    world = World()
    login = held(world)
    login.worked()
    login.registered("granted")
    assert not login.warm
    assert "granted" in login.secrets()
    login.accredited("granted", "secret of it")
    assert login.warm
    assert world.logins.calls == []
    login.worked()
    login.worked()
    assert world.logins.calls == [("granted", "SN0000", "granted", "secret of it")]


def test_a_refused_warm_login_is_forgotten_everywhere_but_for_what_is_hidden() -> None:
    world = World()
    login = held(world, Start.WARM)
    assert (login.auth_code, login.secret) == ("before", "of before")
    login.forget("E0010004")
    assert not login.warm
    assert world.logins.calls == [("forgotten", "SN0000")]
    assert world.recorder.observed() == {"login.repeated": 1}
    assert "of before" in login.secrets()


def test_what_was_refused_right_after_it_was_granted_never_reaches_the_store() -> None:
    world = World()
    login = held(world)
    login.registered("granted")
    login.accredited("granted", "secret of it")
    login.drop()
    login.worked()
    assert not login.warm
    assert world.logins.calls == []
