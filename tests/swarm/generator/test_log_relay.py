"""Log records of the engine's libraries go to the mailbox and to no handler with a lock."""

import logging

import pytest

from simulator.swarm.generator.log_relay import LIBRARIES, LogRelay


@pytest.mark.parametrize("library", LIBRARIES)
def test_a_librarys_warning_goes_to_the_mailbox_alone(library: str, caplog: pytest.LogCaptureFixture) -> None:
    posted: list[object] = []
    relay = LogRelay(posted.append)
    relay.install()
    logging.getLogger(f"{library}.part").warning("slow: %d ms", 250)
    relay.remove()
    assert posted == [("log", (logging.WARNING, f"{library}.part: slow: 250 ms"))]
    assert caplog.records == []


def test_what_is_less_than_a_warning_is_not_posted() -> None:
    posted: list[object] = []
    relay = LogRelay(posted.append)
    relay.install()
    logging.getLogger("asyncio").info("a callback took long")
    relay.remove()
    assert posted == []


def test_the_handler_has_no_lock_that_a_native_thread_could_wait_for() -> None:
    relay = LogRelay(lambda item: None)
    relay.install()
    (handler,) = [handler for handler in logging.getLogger("asyncio").handlers if type(handler).__name__ == "_Relay"]
    assert handler.lock is None
    relay.remove()


def test_afterwards_the_loggers_are_as_before(caplog: pytest.LogCaptureFixture) -> None:
    logger = logging.getLogger("websockets")
    handlers, propagates = list(logger.handlers), logger.propagate
    relay = LogRelay(lambda item: None)
    relay.install()
    relay.remove()
    relay.remove()
    assert (logger.handlers, logger.propagate) == (handlers, propagates)
    logger.warning("heard again")
    assert [record.getMessage() for record in caplog.records] == ["heard again"]
