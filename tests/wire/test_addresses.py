"""Addresses of hosts: asked for once in seconds, anew when they failed, tried from a place of one's own."""

import asyncio
import socket

import pytest

from simulator.wire.addresses import LIFE_S, PAUSE_S, AddressBook, from_place, is_address, resolve


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


class Hand:
    """A clock that is moved by hand."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


async def test_a_failure_is_remembered_for_a_second_only(resolver: Resolver) -> None:
    clock = Hand()
    book = AddressBook(clock)
    resolver.go.set()
    resolver.fail = True
    for _ in range(100):
        with pytest.raises(socket.gaierror):
            await book.addresses("example.test", 80)
    assert len(resolver.asked) == 1
    resolver.fail = False
    clock.now += PAUSE_S
    assert await book.addresses("example.test", 80) == ["10.0.0.1", "10.0.0.2"]
    assert len(resolver.asked) == 2


async def test_what_led_nowhere_is_asked_again_but_not_for_each_of_thousands(resolver: Resolver) -> None:
    clock = Hand()
    book = AddressBook(clock)
    resolver.go.set()
    await book.addresses("example.test", 80)
    for _ in range(20_000):
        book.forget("example.test")
        book.forget("another.test")
        await book.addresses("example.test", 80)
    assert len(resolver.asked) == 1
    clock.now += PAUSE_S
    await book.addresses("example.test", 80)
    assert len(resolver.asked) == 2
    clock.now += PAUSE_S
    await book.addresses("example.test", 80)
    assert len(resolver.asked) == 2  # the new answer is as good as any until it fails, too


async def test_an_answer_has_a_short_life(resolver: Resolver) -> None:
    clock = Hand()
    book = AddressBook(clock)
    resolver.go.set()
    for _ in range(5):
        await book.addresses("example.test", 80)
        clock.now += LIFE_S / 5
    assert len(resolver.asked) == 1
    await book.addresses("example.test", 80)
    assert len(resolver.asked) == 2


async def test_names_are_remembered_in_bounded_number(resolver: Resolver) -> None:
    book = AddressBook()
    resolver.go.set()
    for number in range(2_000):
        await book.addresses(f"{number}.test", 80)
    assert len(book._known) <= 256
    await book.addresses("1999.test", 80)
    assert len(resolver.asked) == 2_000


async def test_thousands_who_hear_of_one_failure_do_not_make_it_grow(resolver: Resolver) -> None:
    book = AddressBook()
    resolver.go.set()
    resolver.fail = True
    depths = []
    for _ in range(50):
        with pytest.raises(socket.gaierror) as caught:
            await book.addresses("example.test", 80)
        depths.append(len(caught.traceback))
    assert depths[-1] <= depths[1]


V4 = ["10.0.0.1", "10.0.0.2", "10.0.0.3"]
V6 = ["fd00::1", "fd00::2"]


@pytest.mark.parametrize(
    ("addresses", "place", "order"),
    [
        ([], 3, []),
        (["10.0.0.1"], 7, ["10.0.0.1"]),
        (V4, 0, V4),
        (V4, 1, ["10.0.0.2", "10.0.0.3", "10.0.0.1"]),
        (V4, 5, ["10.0.0.3", "10.0.0.1", "10.0.0.2"]),
        ([*V6, *V4], 0, ["fd00::1", "10.0.0.1", "fd00::2", "10.0.0.2", "10.0.0.3"]),
        ([*V6, *V4], 1, ["fd00::2", "10.0.0.2", "fd00::1", "10.0.0.3", "10.0.0.1"]),
        ([*V4[:1], *V6], 4, ["10.0.0.1", "fd00::1", "fd00::2"]),
    ],
)
def test_everybody_begins_at_a_place_of_their_own(addresses: list[str], place: int, order: list[str]) -> None:
    before = list(addresses)
    assert from_place(addresses, place) == order
    assert addresses == before


@pytest.mark.parametrize("text", ["", "example.test", "2130706433", "0x7f000001", "127.1", "a\0b", "::1%lo"])
def test_what_is_no_address_in_the_usual_notation_is_a_name(text: str) -> None:
    assert not is_address(text)
