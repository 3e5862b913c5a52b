"""A small source of chance: even, its own for each seed, the same everywhere, and small."""

import itertools
import random
import re
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from statistics import fmean

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.small_random import SmallRandom

ROOT = Path(__file__).resolve().parent.parent
DRAWS = 20_000
KNOWN = (0.16612497319461283, 10188240723854520778, 628, "c7268a4b")


def test_a_seed_gives_the_same_numbers_everywhere_and_for_ever() -> None:
    rng = SmallRandom(7)
    assert (rng.random(), rng.getrandbits(64), rng.randrange(1_000), rng.randbytes(4).hex()) == KNOWN


@given(st.integers(), st.integers())
def test_seeds_have_numbers_of_their_own(one: int, other: int) -> None:
    drawn = [SmallRandom(seed).getrandbits(256) for seed in (one, other)]
    assert (drawn[0] == drawn[1]) == (one == other)


def test_neighbours_have_nothing_in_common() -> None:
    firsts = [SmallRandom(seed).random() for seed in range(DRAWS)]
    assert abs(fmean(firsts) - 0.5) < 0.01
    below = sum(a < b for a, b in itertools.pairwise(firsts))
    assert abs(below / DRAWS - 0.5) < 0.02


@given(st.integers(0, 3_000), st.integers())
def test_a_number_has_no_more_bits_than_asked_for(bits: int, seed: int) -> None:
    assert 0 <= SmallRandom(seed).getrandbits(bits) < 1 << bits


@pytest.mark.parametrize("bits", [1, 7, 8, 53, 512, 513, 1_100])
def test_every_bit_is_even(bits: int) -> None:
    rng = SmallRandom(bits)
    drawn = [rng.getrandbits(bits) for _ in range(2_000)]
    for bit in (0, bits // 2, bits - 1):
        assert 850 < sum(number >> bit & 1 for number in drawn) < 1_150


def test_there_is_no_number_of_less_than_no_bits() -> None:
    with pytest.raises(ValueError, match="negative"):
        SmallRandom(1).getrandbits(-1)


WAYS: dict[str, Callable[[random.Random], float]] = {
    "random": lambda rng: rng.random(),
    "uniform": lambda rng: rng.uniform(-3.0, 5.0),
    "expovariate": lambda rng: rng.expovariate(0.5),
    "randrange": lambda rng: rng.randrange(10, 20),
    "randint": lambda rng: rng.randint(1, 6),
    "choice": lambda rng: rng.choice((1, 1, 2, 9)),
    "choices": lambda rng: rng.choices((0, 10), (3, 1))[0],
    "sample": lambda rng: sum(rng.sample(range(10), 3)),
    "shuffle": lambda rng: shuffled(rng)[0],
    "randbytes": lambda rng: fmean(rng.randbytes(5)),
}


def shuffled(rng: random.Random) -> list[int]:
    found = list(range(8))
    rng.shuffle(found)
    return found


@pytest.mark.parametrize("way", WAYS)
def test_it_answers_as_pythons_own_does(way: str) -> None:
    ours, theirs = ([WAYS[way](rng) for _ in range(DRAWS // 4)] for rng in (SmallRandom(3), random.Random(3)))
    spread = max(theirs) - min(theirs)
    assert abs(fmean(ours) - fmean(theirs)) < spread / 20
    if len(set(theirs)) < 30:
        few, many = Counter(ours), Counter(theirs)
        assert few.keys() == many.keys()
        assert all(abs(few[each] - many[each]) < 200 for each in many)


def test_it_has_whatever_is_asked_of_it() -> None:
    asked = re.compile(r"\brng\.([a-z]\w*)\(")
    files = [path for room in ("device", "mqtt", "pubsub") for path in (ROOT / "simulator" / room).rglob("*.py")]
    found = {name for path in files for name in asked.findall(path.read_text(encoding="utf-8"))}
    assert len(found) > 5
    assert all(hasattr(SmallRandom, name) for name in found), found


def test_it_is_small() -> None:
    rng = SmallRandom(5)
    rng.random()
    assert sys.getsizeof(rng) + sys.getsizeof(rng._state) <= 80
    assert not hasattr(rng, "__dict__")
