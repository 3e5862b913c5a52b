"""What devices need before the first of them starts is made once a process, and not more of it than they can use."""

from collections.abc import Sequence
from types import SimpleNamespace

import pytest

from simulator.device import people, photos
from simulator.fleet import stock
from simulator.scenario.scenario import Scenario, parse_scenario


def scenario(channel: str = "", groups: str = "{name: rooms, count: 20}") -> Scenario:
    text = f"name: s\ntarget: http://127.0.0.1:9\ngroups: [{groups}]\nchannel: {{{channel}}}\n"
    return parse_scenario(text, "s.yaml")


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The bits of each key pair that is made; those of other tests are not there."""
    found: list[int] = []

    def generate(bits: int) -> SimpleNamespace:
        found.append(bits)
        return SimpleNamespace(number=len(found))

    monkeypatch.setattr(stock, "_keys", {})
    monkeypatch.setattr(stock, "generate_key", generate)
    return found


def numbers(keys: Sequence[object]) -> list[int]:
    return [vars(key)["number"] for key in keys]


def test_key_pairs_are_made_once(made: list[int]) -> None:
    assert numbers(stock.key_pairs(2048, 2)) == [1, 2]
    assert numbers(stock.key_pairs(2048, 3)) == [1, 2, 3]
    assert numbers(stock.key_pairs(2048, 1)) == [1]
    assert numbers(stock.key_pairs(1024, 1)) == [4]
    assert made == [2048, 2048, 2048, 1024]


@pytest.mark.parametrize(
    ("channel", "devices", "keys"),
    [
        ("suite: rsa-aes", 1_000, 16),
        ("suite: rsa-aes, key_pool: 3", 1_000, 3),
        ("suite: rsa-aes, key_pool: 3", 2, 2),
        ("suite: plain", 1_000, 1),
        ("suite: rsa-aes, device_key_bits: 1024, key_pool: 2", 9, 2),
    ],
)
def test_as_many_as_the_fleet_can_use(made: list[int], channel: str, devices: int, keys: int) -> None:
    asked = scenario(channel)
    stock.lay_in(asked, devices)
    assert made == [asked.document.channel.device_key_bits] * keys
    stock.lay_in(asked, devices)
    assert len(made) == keys


def test_people_and_pictures_are_there_too(made: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    asked = scenario(groups="{name: rooms, count: 2, user_locale: de_DE}")
    stock.lay_in(asked, 2)
    for module, function in ((people, "Faker"), (photos, "_draw")):
        monkeypatch.setattr(module, function, lambda *_: pytest.fail("made again"))
    people.People().pool("de_DE")
    photos.PhotoStudio().jpeg(20_000)
