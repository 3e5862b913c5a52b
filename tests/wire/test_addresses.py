"""Addresses of hosts: asked for once, forgotten when they failed."""

import asyncio
import socket

import pytest

from simulator.wire.addresses import AddressBook, resolve


class Resolver:
    """Stands in for the loop's resolver; counts, and waits until it is let go."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.go = asyncio.Event()
        self.fail = False

    async def __call__(
        self,
        host: str,
        port: int,
        *,
        family: int,
        type: int,  # noqa: A002 - the loop's own name
    ) -> list[tuple[int, int, int, str, tuple[str, int]]]:
        self.asked.append(host)
        await self.go.wait()
        if self.fail:
            raise socket.gaierror(socket.EAI_NONAME, "unknown")
        addresses = ["10.0.0.1", "10.0.0.2", "10.0.0.1"]
        return [(socket.AF_INET, socket.SOCK_STREAM, 0, "", (address, port)) for address in addresses]


@pytest.fixture
async def resolver(monkeypatch: pytest.MonkeyPatch) -> Resolver:
    stand_in = Resolver()
    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", stand_in)
    return stand_in


@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
async def test_an_address_is_its_own_answer(resolver: Resolver, address: str) -> None:
    assert await resolve(address, 80) == [address]
    assert resolver.asked == []


async def test_each_address_once_in_the_resolvers_order(resolver: Resolver) -> None:
    resolver.go.set()
    assert await resolve("example.test", 80) == ["10.0.0.1", "10.0.0.2"]


async def test_many_who_ask_at_once_share_one_question(resolver: Resolver) -> None:
    book = AddressBook()
    asking = [asyncio.create_task(book.addresses("example.test", 80)) for _ in range(50)]
    await asyncio.sleep(0)
    resolver.go.set()
    answers = await asyncio.gather(*asking)
    assert answers == [["10.0.0.1", "10.0.0.2"]] * 50
    assert await book.addresses("example.test", 80) == ["10.0.0.1", "10.0.0.2"]
    assert resolver.asked == ["example.test"]


async def test_one_who_gives_up_does_not_take_the_answer_from_the_others(resolver: Resolver) -> None:
    book = AddressBook()
    first = asyncio.create_task(book.addresses("example.test", 80))
    second = asyncio.create_task(book.addresses("example.test", 80))
    await asyncio.sleep(0)
    first.cancel()
    resolver.go.set()
    assert await second == ["10.0.0.1", "10.0.0.2"]


async def test_a_failure_is_not_remembered(resolver: Resolver) -> None:
    book = AddressBook()
    resolver.go.set()
    resolver.fail = True
    with pytest.raises(socket.gaierror):
        await book.addresses("example.test", 80)
    resolver.fail = False
    assert await book.addresses("example.test", 80) == ["10.0.0.1", "10.0.0.2"]
    assert len(resolver.asked) == 2


async def test_what_led_nowhere_is_asked_again(resolver: Resolver) -> None:
    book = AddressBook()
    resolver.go.set()
    await book.addresses("example.test", 80)
    book.forget("example.test")
    book.forget("another.test")
    await book.addresses("example.test", 80)
    assert len(resolver.asked) == 2
