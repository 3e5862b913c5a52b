"""Users without greenlets are members of Locust's groups as greenlets are."""

import gevent
import pytest
from gevent.pool import Group

from simulator.swarm.locust.users import MeetingDevice, UserHandle, WaitingUsers


class Places:
    """A provider that takes everybody, up to a number."""

    def __init__(self, free: int) -> None:
        self.free = free
        self.left: list[UserHandle] = []

    def take(self, handle: UserHandle) -> bool:
        self.free -= 1
        return self.free >= 0

    def leave(self, handle: UserHandle) -> None:
        self.left.append(handle)


@pytest.fixture
def places(monkeypatch: pytest.MonkeyPatch) -> Places:
    places = Places(2)
    monkeypatch.setattr(MeetingDevice, "provider", places)
    return places


def test_users_are_members_of_the_runners_group_as_greenlets_are(places: Places) -> None:
    group = Group()
    users = [MeetingDevice(None) for _ in range(2)]
    for user in users:
        user.start(group)
    assert len(group) == 2
    assert {greenlet.args[0] for greenlet in group} == set(users)
    users[0].stop(force=True)
    assert group.greenlets
    assert places.left == [users[0].greenlet]
    gevent.sleep(0)
    assert len(group) == 1
    group.kill(block=True, timeout=5)
    assert len(group) == 0
    assert group.join(timeout=5)
    assert len(places.left) == 2
    assert not group.dying


def test_a_user_without_a_device_ends_at_once(places: Places) -> None:
    group = Group()
    for _ in range(3):
        handle = MeetingDevice(None).start(group)
    assert len(group) == 2
    assert handle.dead


def test_before_a_run_users_wait_for_it() -> None:
    waiting, user = WaitingUsers(), MeetingDevice(None)
    handle = UserHandle(user)
    assert waiting.take(handle)
    assert waiting.handles == [handle]
    waiting.leave(handle)
    assert waiting.handles == []


def test_a_handle_is_a_greenlet_as_far_as_locust_looks() -> None:
    handle = UserHandle(MeetingDevice(None))
    assert (handle.name, handle.ready(), handle.successful(), handle.exception) == ("device", False, False, None)
    handle.index = 7
    assert handle.name == "device-7"
    told: list[UserHandle] = []
    handle.link(told.append)
    forgotten: list[UserHandle] = []
    handle.rawlink(forgotten.append)
    handle.unlink(forgotten.append)
    handle.release()
    handle.release()
    assert told == []
    gevent.sleep(0)
    assert told == [handle]
    assert forgotten == []
    handle.rawlink(told.append)
    gevent.sleep(0)
    assert told == [handle, handle]
    assert (handle.ready(), handle.successful()) == (True, True)


def test_who_waits_for_a_user_waits_until_it_has_left_its_group(places: Places) -> None:
    group = Group()
    handle = MeetingDevice(None).start(group)
    handle.kill(block=True, timeout=5)
    assert handle.dead
    assert len(group) == 0
    handle.join(timeout=5)
    handle.kill()
    assert places.left == [handle]


def test_a_user_takes_no_dictionary_of_its_own_for_its_handle() -> None:
    assert not hasattr(UserHandle(MeetingDevice(None)), "__dict__")
