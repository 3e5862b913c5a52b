"""Locust's view of a device: a user that costs a few hundred bytes, because it has no greenlet of its own.

Locust counts, stops and waits for users by the greenlets in a runner's group. Nothing runs in gevent for a device: it
lives on the engine's loop. So what stands in the group is a `UserHandle`, an object with as much of a greenlet's
interface as gevent's `Group` and Locust's runners use. A greenlet with its frames would take as much memory as the
device.
"""

from collections.abc import Callable
from typing import Any, ClassVar, Protocol

import gevent
import gevent.event
from locust import User


class DeviceProvider(Protocol):
    """Who gives users their devices: the process' part in the run."""

    def take(self, handle: "UserHandle") -> bool:
        """A user began; False when there is no run or no device for it, and it ends at once."""

    def leave(self, handle: "UserHandle") -> None:
        """A user was stopped; its device is stopped in order and the handle is `release`d."""


class UserHandle:
    """The place of one user in the runner's group; `index` is its device's, None while it waits for one."""

    __slots__ = ("_links", "args", "dead", "index")

    def __init__(self, user: "MeetingDevice") -> None:
        self.args: tuple[Any, ...] = (user,)
        """As a greenlet's: Locust finds the user in `args[0]`."""
        self.index: int | None = None
        self.dead = False
        self._links: list[Callable[[UserHandle], object]] = []

    @property
    def name(self) -> str:
        return "device" if self.index is None else f"device-{self.index}"

    @property
    def exception(self) -> None:
        """A device's failures are samples; its user never ends with an exception."""
        return

    def ready(self) -> bool:
        return self.dead

    def successful(self) -> bool:
        return self.dead

    def rawlink(self, callback: Callable[["UserHandle"], object]) -> None:
        """Call `callback` with this handle when it is released (soon, if it was already)."""
        self._links.append(callback)
        if self.dead:
            self._notify_soon()

    link = rawlink

    def unlink(self, callback: Callable[["UserHandle"], object]) -> None:
        if callback in self._links:
            self._links.remove(callback)

    def kill(self, exception: object = None, block: bool = True, timeout: float | None = None) -> None:
        """Stop the user. Its device takes its time, but the user is gone for Locust."""
        if not self.dead:
            MeetingDevice.provider.leave(self)
            self.release()
        if block:
            self.join(timeout)

    def join(self, timeout: float | None = None) -> None:
        """Wait until the handle has left its group."""
        if self._links:
            left = gevent.event.Event()
            self.rawlink(lambda _: left.set())
            left.wait(timeout=timeout)

    def release(self) -> None:
        """The user has ended: leave the group."""
        if not self.dead:
            self.dead = True
            self._notify_soon()

    def _notify_soon(self) -> None:
        # From the hub, as greenlets do: the group adds the handle to its set only after `kill` returned.
        gevent.get_hub().loop.run_callback(self._notify)

    def _notify(self) -> None:
        links, self._links = self._links, []
        for link in links:
            link(self)


class WaitingUsers:
    """The users that came before the process knew its run: a worker may be told to spawn before it has its order."""

    def __init__(self) -> None:
        self._handles: dict[int, UserHandle] = {}

    @property
    def handles(self) -> list[UserHandle]:
        """Who waits, in the order they came."""
        return list(self._handles.values())

    def take(self, handle: UserHandle) -> bool:
        self._handles[id(handle)] = handle
        return True

    def leave(self, handle: UserHandle) -> None:
        self._handles.pop(id(handle), None)


def _live(user: "MeetingDevice") -> None:
    """Stands for the device's life where Locust shows tasks; it is never run."""


class MeetingDevice(User):
    """One virtual meeting device. All groups of a scenario share this class: which device it is, the fleet decides."""

    abstract = False
    tasks = [_live]  # noqa: RUF012 - Locust's own declaration; it looks for tasks in the class
    provider: ClassVar[DeviceProvider] = WaitingUsers()
    """The process' generator while a run goes on; before that, a list of those who wait for it."""

    # Class attributes instead of the base class' seven instance attributes: a device's user is never in Locust's
    # task loop, and twenty thousand dictionaries are worth saving.
    _state = None
    _taskset_instance = None

    def __init__(self, environment: Any) -> None:
        self.environment = environment
        self._greenlet: Any = None
        self._group: Any = None

    def start(self, group: Any) -> UserHandle:
        """Take a handle in `group`, the runner's users."""
        handle = UserHandle(self)
        self._greenlet = handle
        self._group = group
        if MeetingDevice.provider.take(handle):
            group.add(handle)
        else:
            handle.dead = True
        return handle

    def stop(self, force: bool = False) -> bool:
        """Stop the device; it delivers its records in the background, whatever `force` says."""
        self._greenlet.kill(block=False)
        return True
