"""Long work of a greenlet, done in a thread of its own, so that others go on: Locust's heartbeats among them."""

from collections.abc import Callable
from typing import TypeVar

import gevent

R = TypeVar("R")


def off_the_hub(function: Callable[[], R]) -> R:
    """What `function` returns or raises; only the calling greenlet waits.

    It runs on a native thread of gevent's pool. So it must not log (a log handler's lock is gevent's), nor touch what
    belongs to a greenlet.
    """

    def guarded() -> R | BaseException:
        try:
            return function()
        except BaseException as error:  # noqa: BLE001 - gevent would print what leaves a thread, and then raise it
            return error

    result: R | BaseException = gevent.get_hub().threadpool.apply(guarded)
    if isinstance(result, BaseException):
        raise result
    return result
