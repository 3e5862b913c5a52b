"""Locust's count of users is their number, where they are all of one class."""

from types import SimpleNamespace
from typing import Any

import pytest
from locust.runners import Runner

from simulator.swarm.locust import user_counts
from simulator.swarm.locust.users import MeetingDevice, UserHandle


class Other(MeetingDevice):
    """A second class of users in somebody's locustfile."""

    abstract = True


def runner(*classes: type[MeetingDevice]) -> Any:
    handles = [UserHandle(classes[number % len(classes)](None)) for number in range(5)]
    return SimpleNamespace(user_classes=list(classes), user_greenlets=handles)


@pytest.mark.parametrize("classes", [(MeetingDevice,), (MeetingDevice, Other)])
def test_the_count_is_locusts_own(classes: tuple[type[MeetingDevice], ...]) -> None:
    theirs = user_counts._LOCUSTS.fget(runner(*classes))
    assert user_counts.user_classes_count(runner(*classes)) == theirs
    assert sum(theirs.values()) == 5


def test_without_users_there_is_a_zero() -> None:
    one = runner(MeetingDevice)
    one.user_greenlets = []
    assert user_counts.user_classes_count(one) == user_counts._LOCUSTS.fget(one) == {"MeetingDevice": 0}


def test_locust_asks_us(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Runner, "user_classes_count", user_counts._LOCUSTS)
    user_counts.install()
    asked: Any = Runner.user_classes_count
    assert asked.fget is user_counts.user_classes_count
