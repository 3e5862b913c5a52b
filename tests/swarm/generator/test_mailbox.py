"""What a native thread posts arrives in gevent's hub, whole and in order."""

import gevent.monkey

from simulator.swarm.generator.mailbox import Mailbox
from tests.swarm.fake_fleet import until

start_new_thread = gevent.monkey.get_original("_thread", "start_new_thread")


def test_items_of_another_thread_arrive_in_order_and_in_the_hub() -> None:
    received: list[tuple[int, object]] = []
    mailbox = Mailbox(lambda item: received.append((item, gevent.getcurrent())))

    def post() -> None:
        for number in range(1_000):
            mailbox.post(number)

    start_new_thread(post, ())
    until(lambda: len(received) == 1_000)
    assert [item for item, _ in received] == list(range(1_000))
    assert {greenlet for _, greenlet in received} == {gevent.get_hub()}
    mailbox.close()


def test_what_waits_is_delivered_when_it_closes() -> None:
    received: list[int] = []
    mailbox = Mailbox(received.append)
    mailbox.post(1)
    mailbox.post(2)
    mailbox.close()
    assert received == [1, 2]


def test_what_comes_after_the_end_harms_nobody() -> None:
    received: list[int] = []
    mailbox = Mailbox(received.append)
    mailbox.close()
    mailbox.post(3)
    assert received == []
    mailbox.close()
    assert received == [3]
