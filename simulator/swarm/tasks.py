"""Greenlets and listeners of ours whose exceptions are counted: gevent and Locust would print them and go on.

What Locust swallowed by itself, in its own greenlets and in other people's listeners, is asked for here as well.
"""

import functools
import logging
from collections.abc import Callable
from typing import Any, TypeVar

import gevent
from locust import log as locust_log

from simulator.faults import describe

logger = logging.getLogger("simulator.swarm")
OnError = Callable[[str, str], None]
"""Takes the rule of an internal error (`background.health`) and what happened."""
R = TypeVar("R")

ELSEWHERE = "an exception in a greenlet or a listener of Locust; the log shows it"


def counted(rule: str, function: Callable[..., R], on_error: OnError) -> Callable[..., R | None]:
    """`function`, whose exceptions are logged and told instead of raised."""

    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> R | None:
        try:
            return function(*args, **kwargs)
        except Exception as error:
            logger.exception("internal error in %s", rule)
            on_error(rule, describe(error))
            return None

    return call


def spawn(rule: str, function: Callable[..., object], *args: Any, on_error: OnError) -> gevent.Greenlet:
    """A greenlet that tells when it ends with an exception."""
    return gevent.spawn(counted(rule, function, on_error), *args)


def swallowed_by_locust() -> bool:
    """Whether Locust caught an exception since the last time this was asked; it only logs it."""
    found = bool(locust_log.unhandled_greenlet_exception)
    locust_log.unhandled_greenlet_exception = False
    return found
