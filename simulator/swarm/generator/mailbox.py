"""From the engine's native thread to gevent: a queue that wakes a callback in the hub.

gevent has patched locks, queues and events, so the two worlds share none of them. What they may share is a deque (its
append and popleft are atomic) and the hub's own async watcher, whose `send` any thread may call.
"""

from collections import deque
from collections.abc import Callable
from typing import Any

import gevent
import gevent.event


class Mailbox:
    """Hands items from a native thread to `receive`, which runs in gevent's hub and must not block.

    Args:
        receive: called once an item, in order.
    """

    def __init__(self, receive: Callable[[Any], None]) -> None:
        self._items: deque[Any] = deque()
        self._receive = receive
        self._watcher: Any = gevent.get_hub().loop.async_(ref=False)
        self._watcher.start(self._deliver)

    def post(self, item: Any) -> None:
        """Queue `item`; may be called from any thread."""
        self._items.append(item)
        watcher = self._watcher
        if watcher is not None:
            watcher.send()

    def _deliver(self) -> None:
        items = self._items
        while items:
            self._receive(items.popleft())

    def close(self) -> None:
        """Deliver what waits and release the watcher. Call it in the hub's thread, after the native thread ended."""
        self._deliver()
        if self._watcher is not None:
            self._watcher.stop()
            self._watcher.close()
            self._watcher = None
