"""The list of behaviours: each is whole, each is made for the groups that use it, and for no other."""

from simulator.clock import ManualClock
from simulator.device.behaviours.registry import BEHAVIOURS, GroupBehaviours, behaviours_of
from simulator.device.memory import Memory
from simulator.measurements.names import FLOWS, INIT, PUBACK, TLS_HANDSHAKE, TLS_RESUMPTION
from tests.device.behaviours.parts import parts
from tests.device.harness import PEOPLE, device_settings

PARTS = parts(Memory(PEOPLE, 1, users=1, locale="en_US", max_users=9, max_bio_photos=9), ManualClock())


def made(**keys: object) -> list[str]:
    return [type(each).__name__ for each in behaviours_of(device_settings(keys=keys), PARTS)]


def test_each_behaviour_has_keys_settings_and_slots() -> None:
    for behaviour in BEHAVIOURS:
        assert issubclass(GroupBehaviours, behaviour.fields)
        assert behaviour.fields.model_fields
        assert "__slots__" in behaviour.__dict__
    assert len({behaviour.settings_type for behaviour in BEHAVIOURS}) == len(BEHAVIOURS)
    assert set(GroupBehaviours.model_fields) == {name for each in BEHAVIOURS for name in each.fields.model_fields}


def test_every_flow_is_a_behaviours_but_the_initial_one_and_the_transports() -> None:
    others = {INIT, PUBACK, TLS_HANDSHAKE, TLS_RESUMPTION}
    assert {flow for behaviour in BEHAVIOURS for flow in behaviour.flows} == set(FLOWS) - others


def test_what_a_group_does_not_use_is_not_made() -> None:
    assert made() == ["Heartbeat", "KeepAlive"]
    assert made(ping="0s") == ["Heartbeat"]
    assert made(verifications=[{"rate": "0/s"}], enrolments=[{"rate": "0/s"}]) == ["Heartbeat", "KeepAlive"]
    assert made(enrolments=[{"rate": "1/h"}], verifications=[{"rate": "1/s"}, {"rate": "2/s"}]) == [
        *("Heartbeat", "KeepAlive", "Verifications", "Verifications", "Enrolments"),
    ]
