"""From a host's name to its addresses: once for all who ask at the same time or later, where an `AddressBook` is used.

A fleet connects thousands of times to one host; asking the resolver each time would measure the resolver.
"""

import asyncio
import socket


async def resolve(host: str, port: int, family: int = socket.AF_UNSPEC) -> list[str]:
    """The IP addresses of `host`, of one address family where given; an address is its own answer.

    Raises:
        OSError: `socket.gaierror` where there is none.
    """
    for kind in (socket.AF_INET, socket.AF_INET6):
        try:
            socket.inet_pton(kind, host)
        except OSError:
            continue
        return [host]
    loop = asyncio.get_running_loop()
    try:
        found = await loop.getaddrinfo(host, port, family=family, type=socket.SOCK_STREAM)
    except UnicodeError as exc:
        raise socket.gaierror(socket.EAI_NONAME, "no valid host name") from exc
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


class AddressBook:
    """Remembers what `resolve` found; belongs to one loop.

    A failed resolution is not remembered, and `forget` is for addresses that turned out to lead nowhere.
    """

    def __init__(self) -> None:
        self._known: dict[tuple[str, int], asyncio.Task[list[str]]] = {}

    async def addresses(self, host: str, port: int, family: int = socket.AF_UNSPEC) -> list[str]:
        """As `resolve`, which is asked at most once at a time for a host.

        Raises:
            OSError: As `resolve`.
        """
        key = (host, family)
        task = self._known.get(key)
        if task is None:
            task = self._known[key] = asyncio.ensure_future(resolve(host, port, family))
            task.add_done_callback(lambda done: self._settle(key, done))
        # Shielded: whoever gives up waiting must not take the answer from the others.
        return await asyncio.shield(task)

    def forget(self, host: str) -> None:
        """Ask again the next time."""
        for key in [key for key in self._known if key[0] == host]:
            del self._known[key]

    def _settle(self, key: tuple[str, int], done: asyncio.Task[list[str]]) -> None:
        if (done.cancelled() or done.exception() is not None) and self._known.get(key) is done:
            del self._known[key]
