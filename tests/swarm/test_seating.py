"""Users and device indexes: who gets one, who waits, who is turned away."""

from simulator.swarm.seating import SeatBook


class Chair:
    index: int | None = None


def book_of(count: int) -> SeatBook[Chair]:
    book: SeatBook[Chair] = SeatBook()
    book.add(range(count))
    return book


def test_users_get_the_smallest_free_index() -> None:
    book = book_of(3)
    assert [book.take(Chair()) for _ in range(3)] == [0, 1, 2]
    assert book.used() == [0, 1, 2]


def test_a_user_waits_until_an_index_is_free() -> None:
    book, first, second = book_of(1), Chair(), Chair()
    book.take(first)
    assert book.take(second) is None
    assert book.waiting == 1
    assert book.leave(first) == 0
    assert book.stopping == 1
    assert book.finished(0) is None
    assert book.stopping == 0
    assert book.add([0]) == [0]
    assert second.index == 0


def test_a_user_that_waited_in_vain_stops_no_device() -> None:
    book, seated, waiting = book_of(1), Chair(), Chair()
    book.take(seated)
    book.take(waiting)
    assert book.leave(waiting) is None
    assert book.waiting == 0
    assert book.leave(seated) == 0
    assert book.leave(seated) is None


def test_a_device_that_ends_by_itself_ends_its_user() -> None:
    book, chair = book_of(1), Chair()
    book.take(chair)
    assert book.finished(0) is chair
    assert chair.index is None
    assert book.finished(0) is None


def test_the_user_of_a_dropped_device_waits_for_another() -> None:
    book, chair = book_of(1), Chair()
    book.take(chair)
    assert book.finished(0, requeue=True) is chair
    assert book.add([5]) == [5]
    assert chair.index == 5


def test_only_as_many_wait_as_there_are_devices_stopping() -> None:
    book, seated = book_of(1), Chair()
    book.take(seated)
    others = [Chair() for _ in range(3)]
    for chair in others:
        book.take(chair)
    book.leave(seated)
    assert book.drop_waiting(keep=book.stopping) == others[:0:-1]
    assert book.waiting == 1


def test_free_indexes_can_be_withdrawn() -> None:
    book = book_of(4)
    book.take(Chair())
    assert book.withdraw([1, 9]) == {1}
    assert book.withdraw() == {2, 3}
    assert book.take(Chair()) is None
    # An index in use is not free, whoever says so.
    assert book.add([0]) == []
