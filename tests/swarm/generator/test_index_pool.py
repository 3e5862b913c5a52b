"""Users and device indexes: who gets one, who waits, who is turned away."""

import random

from hypothesis import given
from hypothesis import strategies as st

from simulator.swarm.generator.index_pool import IndexPool


class User:
    index: int | None = None


def pool_of(count: int) -> IndexPool[User]:
    pool: IndexPool[User] = IndexPool()
    pool.add(range(count))
    return pool


def test_users_get_the_smallest_free_index() -> None:
    pool = pool_of(3)
    assert [pool.take(User()) for _ in range(3)] == [0, 1, 2]
    assert pool.used() == [0, 1, 2]


def test_a_user_waits_until_an_index_is_free() -> None:
    pool, first, second = pool_of(1), User(), User()
    pool.take(first)
    assert pool.leave(first) == 0
    assert pool.take(second) is None
    assert (pool.waiting, pool.stopping) == (1, 1)
    assert pool.finished(0) is None
    assert pool.stopping == 0
    assert pool.add([0]) == [0]
    assert second.index == 0


def test_who_leaves_hands_his_device_to_the_one_who_waits_longest() -> None:
    pool, leaver, first, second = pool_of(1), User(), User(), User()
    for user in (leaver, first, second):
        pool.take(user)
    assert pool.leave(leaver) is None
    assert (first.index, pool.waiting, pool.stopping, pool.used()) == (0, 1, 0, [0])
    assert pool.leave(leaver) is None, "he had one once"
    assert pool.leave(first) is None
    assert (second.index, pool.waiting) == (0, 0)
    assert pool.leave(second) == 0


def test_nobody_inherits_a_device_that_ends() -> None:
    pool, leaver, heir = pool_of(1), User(), User()
    pool.take(leaver)
    pool.take(heir)
    assert pool.leave(leaver, inherit=False) == 0
    assert (heir.index, pool.waiting, pool.stopping) == (None, 1, 1)
    assert pool.finished(0) is None
    assert (pool.add([5]), heir.index) == ([5], 5)


@given(st.lists(st.sampled_from(("come", "leave", "down", "free")), max_size=80), st.randoms(use_true_random=False))
def test_no_device_begins_while_users_only_leave(steps: list[str], chance: random.Random) -> None:
    pool: IndexPool[User] = IndexPool()
    users: list[User] = []
    fresh = 0
    down: list[int] = []
    for step in steps:
        if step == "come":
            users.append(User())
            pool.take(users[-1])
        elif step == "free":
            fresh += 1
            pool.add([fresh])
        elif step == "leave" and users:
            index = pool.leave(users.pop(chance.randrange(len(users))))
            if index is not None:
                assert pool.waiting == 0, "a device stops although somebody waits for one"
                down.append(index)
        elif step == "down" and down:
            pool.finished(down.pop())
        held = [user.index for user in users if user.index is not None]
        assert len(held) == len(set(held)) == pool.in_use - pool.stopping
        assert pool.waiting == len(users) - len(held)


def test_a_user_that_waited_in_vain_stops_no_device() -> None:
    pool, assigned, waiting = pool_of(1), User(), User()
    pool.take(assigned)
    pool.take(waiting)
    assert pool.leave(waiting) is None
    assert pool.waiting == 0
    assert pool.leave(assigned) == 0
    assert pool.leave(assigned) is None


def test_a_device_that_ends_by_itself_ends_its_user() -> None:
    pool, user = pool_of(1), User()
    pool.take(user)
    assert pool.finished(0) is user
    assert user.index is None
    assert pool.finished(0) is None


def test_the_user_of_a_dropped_device_waits_for_another() -> None:
    pool, user = pool_of(1), User()
    pool.take(user)
    assert pool.finished(0, requeue=True) is user
    assert pool.add([5]) == [5]
    assert user.index == 5


def test_only_as_many_wait_as_there_are_devices_stopping() -> None:
    pool, assigned = pool_of(1), User()
    pool.take(assigned)
    pool.leave(assigned)
    others = [User() for _ in range(3)]
    for user in others:
        pool.take(user)
    assert pool.drop_waiting(keep=pool.stopping) == others[:0:-1]
    assert pool.waiting == 1


def test_free_indexes_can_be_withdrawn() -> None:
    pool = pool_of(4)
    pool.take(User())
    assert pool.withdraw([1, 9]) == {1}
    assert pool.withdraw() == {2, 3}
    assert pool.take(User()) is None
    # An index in use is not free, whoever says so.
    assert pool.add([0]) == []
