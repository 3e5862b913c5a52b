"""From a host's name to its addresses: shared by all who ask within seconds, where an `AddressBook` is used.

A fleet connects thousands of times to one host; asking the resolver each time would measure the resolver. To keep an
answer for a whole run would never find a platform that has moved.
"""

import asyncio
import socket
import time
from collections.abc import Awaitable, Callable, Sequence
from itertools import chain, zip_longest

LIFE_S = 10.0
"""For how long an answer is used: a name that leads elsewhere is followed within that, also by those who have no
trouble with the old address."""
PAUSE_S = 1.0
"""Between two questions for one name, however many connections fail meanwhile."""
_MOST = 256
"""Names that are remembered; a platform may name a new one in every URL."""


def is_address(host: str) -> bool:
    """Whether `host` is an IP address in the usual notation, so that there is nothing to resolve."""
    for kind in (socket.AF_INET, socket.AF_INET6):
        try:
            socket.inet_pton(kind, host)
        except (OSError, ValueError):
            continue
        return True
    return False


async def resolve(host: str, port: int, family: int = socket.AF_UNSPEC) -> list[str]:
    """The IP addresses of `host`, of one address family where given; an address is its own answer.

    Raises:
        OSError: If there is none (`socket.gaierror`).
    """
    if is_address(host):
        return [host]
    loop = asyncio.get_running_loop()
    try:
        found = await loop.getaddrinfo(host, port, family=family, type=socket.SOCK_STREAM)
    except UnicodeError as exc:
        raise socket.gaierror(socket.EAI_NONAME, "no valid host name") from exc
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def from_place(addresses: Sequence[str], place: int) -> list[str]:
    """The addresses in the order in which somebody tries them whose place in the crowd is `place`.

    The kinds of addresses take turns, the resolver's preferred one first (RFC 8305, section 4); of each kind everybody
    begins with another one, so that a crowd spreads over them.
    """
    if len(addresses) < 2:
        return list(addresses)
    kinds: dict[bool, list[str]] = {}
    for address in addresses:
        kinds.setdefault(":" in address, []).append(address)
    turned = [kind[place % len(kind) :] + kind[: place % len(kind)] for kind in kinds.values()]
    return [address for address in chain.from_iterable(zip_longest(*turned)) if address is not None]


class _Entry:
    """One question and its answer."""

    __slots__ = ("answered", "doubted", "task")

    def __init__(self, task: asyncio.Task[list[str]]) -> None:
        self.task = task
        self.answered = 0.0
        self.doubted = False

    def is_over(self, now: float) -> bool:
        return self.task.done() and now - self.answered >= (PAUSE_S if self.doubted else LIFE_S)


class AddressBook:
    """Remembers what `resolve` found, for seconds; belongs to one loop.

    Args:
        clock: monotonic seconds.
        resolver: asked for what is not known, as `resolve` is.
    """

    def __init__(
        self,
        clock: Callable[[], float] = time.monotonic,
        resolver: Callable[[str, int, int], Awaitable[list[str]]] = resolve,
    ) -> None:
        self._clock = clock
        self._resolve = resolver
        self._known: dict[tuple[str, int], _Entry] = {}

    async def addresses(self, host: str, port: int, family: int = socket.AF_UNSPEC) -> list[str]:
        """As `resolve`, which is asked for a host once at a time, and again when its answer is too old.

        A failure is an answer, too, for `PAUSE_S`.

        Raises:
            OSError: As `resolve`.
        """
        key = (host, family)
        entry = self._known.get(key)
        if entry is None or entry.is_over(self._clock()):
            if is_address(host):
                return [host]
            entry = self._ask(key, port)
        try:
            if entry.task.done():
                return entry.task.result()
            # Shielded: whoever gives up waiting must not take the answer from the others.
            return await asyncio.shield(entry.task)
        except OSError as error:
            # One exception that is raised for thousands would grow with each of them.
            raise type(error)(*error.args) from None

    def forget(self, host: str) -> None:
        """An address of `host` led nowhere: ask again the next time, though not more often than once in `PAUSE_S`."""
        for (name, _), entry in self._known.items():
            if name == host:
                entry.doubted = True

    def _ask(self, key: tuple[str, int], port: int) -> _Entry:
        host, family = key
        self._make_room()
        entry = self._known[key] = _Entry(asyncio.ensure_future(self._resolve(host, port, family)))
        entry.task.add_done_callback(lambda done: self._answered(entry, done))
        return entry

    def _answered(self, entry: _Entry, done: asyncio.Task[list[str]]) -> None:
        entry.answered = self._clock()
        if done.cancelled() or done.exception() is not None:
            entry.doubted = True

    def _make_room(self) -> None:
        if len(self._known) < _MOST:
            return
        now = self._clock()
        self._known = {key: entry for key, entry in self._known.items() if not entry.is_over(now)}
        while len(self._known) >= _MOST:
            del self._known[next(iter(self._known))]
